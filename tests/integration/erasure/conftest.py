"""A real Postgres with the real schema, an AWS of moto's, and a site."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from streamgauge.access import registry
from streamgauge.access.registry import SiteRecord

from tests.support.container import forget
from tests.support.requests import ORIGIN_SECRET
from tests.support.warehouse import add_site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from streamgauge.store import postgres

    from tests.support.aws import Aws


@pytest.fixture
def connection(
    new_database: Callable[[], str], empty_aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> Iterator[postgres.Connection]:
    """Return a connection to an empty database with the schema, which functions find too."""
    url = new_database()
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("ORIGIN_SECRET", ORIGIN_SECRET)
    forget()
    with psycopg.connect(url, autocommit=True) as made:
        yield made
    forget()


@pytest.fixture
def site(connection: postgres.Connection) -> SiteRecord:
    """Return a site that functions find too."""
    made = SiteRecord("site", add_site(connection, "site"), "site", "Europe/Berlin", (), {}, b"secret")
    registry.project_site(made)
    return made
