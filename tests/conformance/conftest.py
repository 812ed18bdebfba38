"""One service for all cases of a module: each case is a site of its own in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.container import forget
from tests.support.service import Service

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def service(database_url: str) -> Iterator[Service]:
    """Return a service with an empty database."""
    made = Service()
    with pytest.MonkeyPatch.context() as patch:
        made.install(patch, database_url)
        yield made
        forget()
