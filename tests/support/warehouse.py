"""The warehouse consumer under test: its containers, its stream, and what must be true when a run is over."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import msgspec
from streamgauge import telemetry
from streamgauge.events.models import Receipt, StampedEvent, encode
from streamgauge.store import dynamo, postgres
from streamgauge.warehouse.batch import Lane, Outcome, store_batch
from streamgauge.warehouse.consumer import Consumer
from streamgauge.warehouse.directory import Directory

from functions.consumers import warehouse
from tests.oracle.counting import Counted, count
from tests.oracle.stored import differences, stored
from tests.support.seeds import seeded
from tests.traffic.made_up import make

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Sequence

    import psycopg
    import pytest

START = date(2024, 11, 20)
"""The first day of the traffic: past on every machine, so its events are sent as history, which has no age."""

Payload = tuple[str, bytes]
"""(partition key, record)"""


class Context:
    """What Lambda tells a function of its invocation."""

    def get_remaining_time_in_millis(self) -> int:
        return 300_000


class _HeldPerThread:
    """`postgres._held` of as many containers as there are threads."""

    def __init__(self) -> None:
        self._local = threading.local()
        self.all: list[psycopg.Connection[Any]] = []

    @property
    def _items(self) -> list[psycopg.Connection[Any]]:
        if not hasattr(self._local, "items"):
            self._local.items = []
        return self._local.items

    def __bool__(self) -> bool:
        return bool(self._items)

    def __getitem__(self, index: int) -> psycopg.Connection[Any]:
        return self._items[index]

    def append(self, connection: psycopg.Connection[Any]) -> None:
        self._items.append(connection)
        self.all.append(connection)

    def pop(self) -> psycopg.Connection[Any]:
        return self._items.pop()


def containers_per_thread(monkeypatch: pytest.MonkeyPatch) -> _HeldPerThread:
    """Make each thread a container of its own: a connection, a directory, a consumer."""
    held = _HeldPerThread()
    monkeypatch.setattr(postgres, "_held", held)
    local = threading.local()

    def consumer() -> Consumer:
        if not hasattr(local, "consumer"):
            local.consumer = Consumer(Directory())
        return local.consumer

    monkeypatch.setattr(warehouse, "_consumer", consumer)
    # The metrics of a container are those of its process: threads would write into each other's.
    monkeypatch.setattr(telemetry, "measure", lambda *_: None)
    return held


def invoke(event: dict[str, Any]) -> dict[str, int]:
    """Call the function as Lambda does."""
    return warehouse.handler(event, Context())


@dataclass
class Traffic:
    """A site's unique events, and the records that carry them (client retries included)."""

    site: str
    site_no: int
    events: list[StampedEvent]
    payloads: list[Payload]
    receipts: Counter[tuple[int, int]]

    settled: tuple[Counted, int] | None = None

    @property
    def wanted(self) -> Counted:
        """What the oracle says."""
        return self.settled[0] if self.settled else count(self.events)

    @property
    def unique(self) -> int:
        """How many events there are."""
        return self.settled[1] if self.settled else len(self.events)

    @property
    def repeats(self) -> int:
        return len(self.payloads) - self.unique

    def settle(self) -> None:
        """Ask the oracle now, and let go of the events: a million take much room."""
        self.settled = self.wanted, self.unique
        self.events = []


def add_site(connection: psycopg.Connection[Any], site: str, zone: str = "Europe/Berlin") -> int:
    """Add a site and return its number."""
    query = "INSERT INTO sites (site_id, name, timezone, secret) VALUES (%s, %s, %s, 'secret') RETURNING site_no"
    return connection.execute(query, [site, site, zone]).fetchall()[0][0]


def traffic(
    connection: psycopg.Connection[Any],
    site: str,
    seed: int,
    count: int,
    *,
    people: int = 6,
    days: int = 3,
    retries: float = 0.05,
    zone: str = "Europe/Berlin",
    jitter_seconds: float | None = None,
) -> Traffic:
    """Make up a site and its traffic; partition keys are random, so that every visitor is spread over all lanes.

    Records come in any order at all, or (`jitter_seconds`) late by up to so much, as streams do.
    """
    chance = seeded(seed)
    made = make(seed, count, site=site, zone=zone, people=people, start=START, days=days)
    received = max(event.time for event in made) + 1
    events = [msgspec.structs.replace(event, historical=True, received=received) for event in made]
    copies = events + [event for event in events if chance.random() < retries]
    chance.shuffle(copies)
    if jitter_seconds is not None:
        copies.sort(key=lambda event: event.time + chance.uniform(0, jitter_seconds * 1e6))
    receipts: Counter[tuple[int, int]] = Counter()
    payloads = []
    for event in copies:
        writer, hour = chance.randrange(1, 4), event.receipt.hour
        receipt = Receipt(writer, hour, receipts[writer, hour])
        receipts[writer, hour] += 1
        payloads.append((f"{chance.random()}", encode(msgspec.structs.replace(event, receipt=receipt))))
    return Traffic(site, add_site(connection, site, zone), events, payloads, receipts)


def assert_exact(connection: psycopg.Connection[Any], made: Traffic, what: str) -> None:
    """Hold rollups, raw rows and the accounting of a site to the oracle; nothing is in flight any more."""
    found = differences(made.wanted, stored(connection, made.site_no))
    assert not found, f"{what}\n" + "\n".join(found)
    rows = {
        table: connection.execute(f"SELECT count(*) FROM {table} WHERE site_no = %s", [made.site_no]).fetchall()[0][0]
        for table in ("event_ids", "events", "views")
    }
    assert rows["event_ids"] == made.unique, what
    assert rows["events"] + rows["views"] == made.unique, what
    assert accounted(connection, made.site_no) == {
        "received": len(made.payloads),
        "stored": made.unique,
        "duplicates": made.repeats,
        "dead_lettered": 0,
    }, what


def accounted(connection: psycopg.Connection[Any], site_no: int) -> dict[str, int]:
    """Return what became of the receipts of a site; `received` is what the numbers of its writers say."""
    query = """SELECT coalesce(sum(max_n + 1), 0), coalesce(sum(stored), 0), coalesce(sum(duplicates), 0),
        coalesce(sum(dead_lettered), 0) FROM accounting WHERE site_no = %s"""
    row = connection.execute(query, [site_no]).fetchall()[0]
    return dict(zip(("received", "stored", "duplicates", "dead_lettered"), map(int, row), strict=True))


def assert_counters_equal(connection: psycopg.Connection[Any], sites: Iterable[Traffic], what: str) -> None:
    """Hold every counter in DynamoDB to Postgres."""
    for made in sites:
        query = "SELECT video_id, bucket, n FROM view_counters WHERE site_no = %s"
        for video, bucket, n in connection.execute(query, [made.site_no]).fetchall():
            item = dynamo.get_item("counters", {"pk": f"{made.site}#view#{video}", "sk": bucket})
            assert item is not None, f"{what}: {made.site} {video} {bucket} is missing"
            assert item["n"] == n, f"{what}: {made.site} {video} {bucket}"


def all_payloads(sites: Sequence[Traffic], chance: random.Random, *, in_order: bool = False) -> list[Payload]:
    """Return the records of all sites mixed, those of each site in their order if asked."""
    mixed = [payload for made in sites for payload in made.payloads]
    if in_order:
        places = [n / len(made.payloads) for made in sites for n in range(len(made.payloads))]
        return [mixed[n] for n in sorted(range(len(mixed)), key=places.__getitem__)]
    chance.shuffle(mixed)
    return mixed


def store_stamped(
    connection: psycopg.Connection[Any],
    events: list[StampedEvent],
    *,
    directory: Directory | None = None,
    now: int | None = None,
) -> Outcome:
    """Store a batch, `now` (in microseconds) or, unless told, when its latest event was received."""
    moment = max(event.received for event in events) if now is None else now
    return store_batch(connection, directory or Directory(), events, Lane("lane", 0.0, 0.0, time.monotonic()), moment)
