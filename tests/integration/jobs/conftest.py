"""A real Postgres with the real schema, DynamoDB by moto, and a site with traffic, for the scheduled jobs."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import psycopg
import pytest
from streamgauge.access import registry
from streamgauge.access.registry import SiteRecord
from streamgauge.clock import MICROSECONDS, microseconds
from streamgauge.store import dynamo, postgres
from streamgauge.views import projection
from streamgauge.warehouse import pending
from streamgauge.warehouse.directory import Directory
from streamgauge.warehouse.site_batch import buckets

from tests.support.container import forget
from tests.support.warehouse import store_stamped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from streamgauge.events.models import StampedEvent
    from streamgauge.warehouse.batch import Outcome

    from tests.support.aws import Aws

SITE = "site"
ZONE = "Europe/Berlin"


@pytest.fixture
def database_url(new_database: Callable[[], str]) -> str:
    """Return the DSN of a database that the test has for itself."""
    return new_database()


@pytest.fixture
def aws(empty_aws: Aws) -> Iterator[None]:
    """Begin with an empty AWS, and with nothing remembered of the last one."""
    forget()
    yield
    forget()


@pytest.fixture
def connection(database_url: str, aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[postgres.Connection]:
    """Return a connection to an empty database with the schema, which jobs find too."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    forget()
    with psycopg.connect(database_url, autocommit=True) as made:
        yield made


@pytest.fixture
def add_site(connection: postgres.Connection) -> Callable[..., SiteRecord]:
    """Return a maker of sites, in Postgres and in the registry."""

    def add(site_id: str = SITE, zone: str = ZONE, **site_settings: str) -> SiteRecord:
        row = connection.execute(
            "INSERT INTO sites (site_id, name, timezone, secret) VALUES (%s, %s, %s, %s) RETURNING site_no",
            [site_id, site_id, zone, b"secret"],
        ).fetchone()
        assert row
        site = SiteRecord(site_id, row[0], site_id, zone, (), site_settings, b"secret")
        registry.project_site(site)
        return site

    return add


@pytest.fixture
def store(connection: postgres.Connection) -> Callable[..., None]:
    """Return the warehouse on the test's connection."""

    def store_all(events: list[StampedEvent], now: int | None = None) -> None:
        store_events(connection, events, now)

    return store_all


def store_events(connection: postgres.Connection, events: list[StampedEvent], now: int | None = None) -> None:
    """Store events, push the counters and mark what waits, as the consumer does."""
    directory = Directory()
    moment = now if now is not None else max(event.received for event in events)
    for start in range(0, len(events), 100):
        outcome = _store_batch(connection, directory, events[start : start + 100], moment)
        assert not outcome.refused
        for site_id, touched in outcome.touched.items():
            periods = {bucket for day in touched.view_days for bucket in buckets(day)}
            projection.push(connection, touched.site_no, site_id, touched.videos, periods)
            # A container of its own each time: what one has marked before is another test's matter.
            pending.forget()
            pending.mark(
                site_id,
                touched.zone,
                moment / MICROSECONDS,
                hours=touched.hours,
                open_days=touched.open_days,
                closed_days=touched.closed_days,
                view_days=touched.view_days,
            )


def _store_batch(
    connection: postgres.Connection, directory: Directory, events: list[StampedEvent], moment: int
) -> Outcome:
    """Store a batch, again when the database gave it up to another or a partition has gone."""
    while True:
        try:
            return store_stamped(connection, events, directory=directory, now=moment)
        except (psycopg.OperationalError, psycopg.errors.CheckViolation):
            assert not connection.broken
            directory.forget()


def at(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    """Return a moment in UTC."""
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def us(moment: datetime) -> int:
    """Return microseconds of a moment."""
    return microseconds(moment)


def marks() -> list[str]:
    """Return what waits, of every kind."""
    return [
        f"{item.kind} {item.site_id} {item.period}"
        for kind in (pending.DAYS, pending.HOURS, pending.VIEWS)
        for item in pending.waiting(kind)
    ]


def counters(video_id: str, site_id: str = SITE) -> dict[str, int]:
    """Return what DynamoDB says of a video."""
    items = dynamo.query_all("counters", "pk = :pk", values={":pk": f"{site_id}#view#{video_id}"})
    return {item["sk"]: item["n"] for item in items}


def partition_days(connection: postgres.Connection, table: str = "events") -> list[date]:
    """Return the days that have a partition."""
    from streamgauge.warehouse.partitions import State, existing

    return [one.day for one in existing(connection, table) if one.state is State.ATTACHED]
