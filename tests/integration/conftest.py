"""An AWS of moto's that all integration tests share, emptied for each who asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.aws import Aws, serving

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def moto() -> Iterator[Aws]:
    """Return the server, with whatever the last test left there."""
    with serving() as server:
        yield server


@pytest.fixture
def empty_aws(moto: Aws, monkeypatch: pytest.MonkeyPatch) -> Aws:
    """Return the server with empty tables, stream and bucket, which the stores find."""
    moto.reset()
    for name, value in moto.environment().items():
        monkeypatch.setenv(name, value)
    return moto
