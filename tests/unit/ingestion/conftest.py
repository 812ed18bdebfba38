"""What tests of ingest share."""

from __future__ import annotations

import pytest

from tests.support.ingest_door import Door


@pytest.fixture
def door(environment: pytest.MonkeyPatch) -> Door:
    """Return ingest between fakes, without a front door."""
    environment.delenv("ORIGIN_SECRET", raising=False)
    door = Door()
    door.install(environment)
    return door
