"""A real Postgres with the real schema, rows put in by hand or through the warehouse, and requests to the reports."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from streamgauge.access import registry
from streamgauge.access.registry import SiteRecord
from streamgauge.contributions import AMOUNTS
from streamgauge.dimensions import Dimension
from streamgauge.warehouse.directory import Directory
from streamgauge.web.codes import value_code

from tests.support.container import forget
from tests.support.requests import ORIGIN_SECRET, key, request
from tests.support.warehouse import store_stamped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import date

    from streamgauge.events.models import StampedEvent
    from streamgauge.store import postgres

ZONE = "Europe/Berlin"


@pytest.fixture
def database_url(new_database: Callable[[], str]) -> str:
    """Return the DSN of a database that the test has for itself."""
    return new_database()


@pytest.fixture
def connection(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[postgres.Connection]:
    """Return a connection to an empty database with the schema, which functions find too."""
    for name, value in {
        "DATABASE_URL": database_url,
        "ORIGIN_SECRET": ORIGIN_SECRET,
        "REGISTRY_TABLE": "registry",
        "COUNTERS_TABLE": "counters",
    }.items():
        monkeypatch.setenv(name, value)
    forget()
    with psycopg.connect(database_url, autocommit=True) as made:
        yield made
    forget()


@pytest.fixture
def site(connection: postgres.Connection, monkeypatch: pytest.MonkeyPatch) -> SiteRecord:
    """Return a site, which functions find too."""
    query = "INSERT INTO sites (site_id, name, timezone, secret) VALUES ('blog', 'Blog', %s, 'x') RETURNING site_no"
    row = connection.execute(query, [ZONE]).fetchone()
    assert row
    made = SiteRecord("blog", row[0], "Blog", ZONE, (), {}, b"x")
    monkeypatch.setattr(registry, "find_site", {"blog": made}.get)
    return made


@pytest.fixture
def read(connection: postgres.Connection) -> Callable[..., list[tuple[Any, ...]]]:
    """Return what runs one reading statement."""
    return lambda query, parameters: connection.execute(query, parameters).fetchall()


class Rollups:
    """Puts rows into the rollups of a site as the warehouse would."""

    def __init__(self, connection: postgres.Connection, site_no: int) -> None:
        self.connection = connection
        self.site_no = site_no

    def day(self, day: date, *, closed: bool = False, dirty: bool = False) -> None:
        """Add a local day of the site."""
        self.connection.execute(
            "INSERT INTO site_days (site_no, day, closed, dirty) VALUES (%s, %s, %s, %s)",
            [self.site_no, day, closed, dirty],
        )

    def row(self, day: date, dimension: Dimension, name: str, *, bots: bool = False, **amounts: int) -> None:
        """Add a row of a day; `lasting` is all visitors unless told."""
        amounts.setdefault("lasting", amounts.get("visitors", 0))
        columns = [amounts.get(column, 0) for column in AMOUNTS]
        code = value_code(dimension, name)
        self.connection.execute(
            f"INSERT INTO rollup_days VALUES ({', '.join(['%s'] * (6 + len(columns)))})",
            [self.site_no, int(dimension), day, bots, code, name, *columns],
        )

    def people(
        self, day: date, people: Mapping[int, set[tuple[Dimension, str]]], *, lasting: bool = True, bots: bool = False
    ) -> None:
        """Add visitor-days (visitor -> values) and the visitors of their rollups."""
        counts: defaultdict[tuple[Dimension, str], int] = defaultdict(int)
        for visitor, values in people.items():
            codes = [value_code(*value) for value in values]
            self.connection.execute(
                "INSERT INTO visitor_days VALUES (%s, %s, %s, %s, %s, %s, %s)",
                [self.site_no, day, bots, visitor, lasting, codes, [1] * len(codes)],
            )
            for value in values:
                counts[value] += 1
        for (dimension, name), count in counts.items():
            if dimension != Dimension.HOUR:
                seen = {"visitors": count, "lasting": count if lasting else 0, "visits": count, "entries": count}
                self.row(day, dimension, name, bots=bots, **seen)


@pytest.fixture
def rollups(connection: postgres.Connection, site: SiteRecord) -> Rollups:
    """Return the site's rollups."""
    return Rollups(connection, site.site_no)


def get(
    function: Any, path: str, query: str = "", *, site: str = "blog", **headers: str
) -> tuple[int, Any, dict[str, str]]:
    """Ask a function; return status, body (JSON read) and headers."""
    event = request("GET", path, caller=key(site, "read"), query=query, headers=headers)
    answer = function.handler(event, None)
    body = answer["body"]
    told = answer["headers"]
    return answer["statusCode"], json.loads(body) if "json" in told["Content-Type"] else body, told


def store(connection: postgres.Connection, events: list[StampedEvent]) -> None:
    """Store events as the consumer does."""
    directory = Directory()
    for event in events:
        assert not store_stamped(connection, [event], directory=directory).refused
