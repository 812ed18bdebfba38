"""What storing costs: CPU of the consumer and of Postgres together, and bytes that stay."""

from __future__ import annotations

import gc
import random
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from streamgauge.clock import MICROSECONDS
from streamgauge.events.models import encode
from streamgauge.events.records import StreamRecord
from streamgauge.jobs.closing import close_day
from streamgauge.live import items
from streamgauge.store import postgres
from streamgauge.warehouse.consumer import Consumer
from streamgauge.warehouse.dictionaries import Dictionaries
from streamgauge.warehouse.directory import Directory
from streamgauge.warehouse.partitions import ensure_day
from streamgauge.warehouse.raw_rows import write_events
from streamgauge.warehouse.receipts import Accounting, claim_ids, claim_of

from bench import endpoint
from bench.database import add_site
from bench.figures import Figure, at_least, at_most, median, plain
from bench.processes import own_cpu, server_cpu
from bench.traffic import Site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from streamgauge.events.models import StampedEvent
    from streamgauge.store.postgres import Connection

    from bench.database import Server

BATCH: Final = 2000
WARM: Final = 20_000
MEASURED: Final = 60_000
A_DAY: Final = 100_000
"""Events of the day that is closed and weighed."""
ROUNDS: Final = 5
LATE_SECONDS: Final = 600

_DATABASE: Final = "bench_warehouse"
_COPY_TABLES: Final = "bare_ids, bare_events"
_BARE: Final = """
    CREATE UNLOGGED TABLE ids_rows AS SELECT digest, writer, quarter, n, kept_until, site_no FROM event_ids WITH NO DATA;
    CREATE TABLE bare_events (LIKE events INCLUDING ALL) PARTITION BY RANGE (day);
    CREATE TABLE bare_ids (LIKE event_ids INCLUDING ALL) PARTITION BY HASH (digest);
    DO $$
    BEGIN
        FOR part IN 0..7 LOOP
            EXECUTE format('CREATE TABLE bare_ids_%s PARTITION OF bare_ids FOR VALUES WITH (MODULUS 8, REMAINDER %s)', part, part);
        END LOOP;
    END $$;
"""
_WAL: Final = "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint"
_RELATIONS: Final = """
    SELECT coalesce(sum(pg_relation_size(oid, fork)), 0)::bigint
    FROM pg_class CROSS JOIN unnest(ARRAY['main', 'fsm', 'vm']) AS fork
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'i', 'm')
"""
_DAYS: Final = "SELECT day FROM site_days WHERE site_no = %s ORDER BY day"


class Cost(NamedTuple):
    """Microseconds of CPU per event."""

    client: float
    server: float

    @property
    def both(self) -> float:
        """Client and server together."""
        return self.client + self.server


class Results(NamedTuple):
    """What other figures follow from, beside the rows of the table."""

    figures: list[Figure]
    client_us: float
    server_us: float
    live_us: float
    record_bytes: float
    stored_bytes: float
    wal_bytes: float


def measure(server: Server, say: Callable[[str], None]) -> Results:
    """Measure the consumer, the insert alone, bare COPY, and what a closed day weighs."""
    # As the function does at its start.
    gc.freeze()
    gc.set_threshold(100_000)
    with endpoint.dynamo(DATABASE_URL=server.url(_DATABASE), STREAMGAUGE_STAGE="bench"):
        say("the consumer's whole batch")
        whole, wal = _whole(server)
        say("batches of late events")
        late = _late(server)
        live = _live()
        say("inserts alone, and bare COPY")
        insert, copy = _insert_and_copy(server)
        say("the weight of a closed day")
        weight, record_bytes = _weight(server)
    postgres.discard()
    server.drop(_DATABASE)
    events = 1e6 / whole.both
    return Results(
        [
            at_least("insert_vs_copy", copy.both / insert.both, "ratio", f"bare COPY {1e6 / copy.both:,.0f} rows a CPU-second, insert {1e6 / insert.both:,.0f}", 0.40),
            at_least("warehouse_events_per_cpu_s", events, "events/CPU-s", f"{whole.client:.1f} us in the consumer, {whole.server:.1f} in Postgres", 20_000),
            plain("warehouse_late_events_per_cpu_s", 1e6 / late.both, "events/CPU-s", f"up to ten minutes late, over four lanes; {late.client:.1f} us in the consumer, {late.server:.1f} in Postgres"),
            at_most("warehouse_vs_insert_only", whole.both / insert.both, "ratio", f"insert of ids and events alone: {insert.both:.1f} us", 4),
            at_most("bytes_per_event", weight, "B", f"a closed day of {A_DAY:,} events; Umami 840", 450),
            plain("live_cpu_us_per_event", live, "us", "the consumer of realtime figures"),
            plain("wal_bytes_per_event", wal, "B", "without full-page images, as Aurora"),
        ],
        whole.client, whole.server, live, record_bytes, weight, wal,
    )  # fmt: skip


def _events(site: str, count: int, days: int = 1) -> Iterator[StampedEvent]:
    start = datetime.combine(datetime.now(UTC).date() - timedelta(days), datetime.min.time(), UTC)
    return Site(site, visitors=20_000, paths=2000, start=int(start.timestamp()), days=days).events(count)


def _records(site: str, count: int) -> list[StreamRecord]:
    return [
        StreamRecord("shardId-0", str(n), event.received / MICROSECONDS, encode(event))
        for n, event in enumerate(_events(site, count))
    ]


def _spent(head: int, events: int, run: Callable[[], object]) -> Cost:
    gc.collect()
    own, server = own_cpu(), server_cpu(head)
    run()
    return Cost((own_cpu() - own) / events * 1e6, (server_cpu(head) - server) / events * 1e6)


def _whole(server: Server) -> tuple[Cost, float]:
    """Return what a batch costs from its records to the pushes, and the WAL that an event writes."""
    connection = server.make(_DATABASE)
    add_site(connection, "whole")
    postgres.discard()
    records = _records("whole", WARM + MEASURED)
    consumer = Consumer(Directory())

    def consume(first: int, last: int) -> None:
        for start in range(first, last, BATCH):
            consumer.consume(records[start : start + BATCH], time.monotonic() + 60)

    consume(0, WARM)
    before = _number(connection, _WAL)
    piece = MEASURED // ROUNDS
    costs = [
        _spent(server.head, piece, lambda at=WARM + n * piece: consume(at, at + piece))  # type: ignore[misc]
        for n in range(ROUNDS)
    ]
    wal = (_number(connection, _WAL) - before) / MEASURED
    connection.close()
    return _middle(costs), wal


def _middle(costs: list[Cost]) -> Cost:
    """Return the cost whose sum is the median."""
    middle = median([cost.both for cost in costs])
    return min(costs, key=lambda cost: abs(cost.both - middle))


def _late(server: Server) -> Cost:
    """Return what a batch costs when events come up to ten minutes late, dealt out to four lanes: most meet later ones stored."""
    connection = server.make(_DATABASE)
    add_site(connection, "late")
    postgres.discard()
    chance = random.Random(1)
    events = list(_events("late", WARM + MEASURED // 2))
    events.sort(key=lambda event: event.time + chance.uniform(0, LATE_SECONDS * MICROSECONDS))
    records = [
        StreamRecord("shardId-0", str(n), event.received / MICROSECONDS, encode(event))
        for n, event in enumerate(events)
    ]
    consumer = Consumer(Directory())

    def consume(first: int, last: int) -> None:
        for start in range(first, last, 4 * BATCH):
            for lane in range(4):
                consumer.consume(records[start + lane : min(start + 4 * BATCH, last) : 4], time.monotonic() + 60)

    consume(0, WARM)
    cost = _spent(server.head, MEASURED // 2, lambda: consume(WARM, len(records)))
    connection.close()
    return cost


def _live() -> float:
    records = _records("live", MEASURED // 2)
    start = own_cpu()
    for first in range(0, len(records), 1000):
        batch, now = records[first : first + 1000], time.time()
        items.store(batch, items.recent_events(batch, now), now)
    return (own_cpu() - start) / len(records) * 1e6


def _insert_and_copy(server: Server) -> tuple[Cost, Cost]:
    """Return what the consumer's own statements cost for ids and events alone, and COPY of the same rows."""
    connection = server.make(_DATABASE)
    site_no = add_site(connection, "insert")
    connection.execute(_BARE)
    claims = [claim_of(site_no, "UTC", event) for event in _events("insert", WARM + MEASURED) if event.kind != "view"]
    day = claims[0].day
    ensure_day(connection, day)
    connection.execute(
        f"CREATE TABLE bare_events_1 PARTITION OF bare_events FOR VALUES FROM ('{day}') TO ('{day + timedelta(1)}')"  # type: ignore[arg-type]
    )
    Dictionaries().store(connection, claims)

    def insert(first: int, last: int) -> None:
        for start in range(first, last, BATCH):
            with connection.transaction():
                new = claim_ids(connection, claims[start : start + BATCH], Accounting())
                write_events(connection, site_no, new)

    def copy(pieces: list[tuple[bytes, bytes]]) -> None:
        for ids, events in pieces:
            with connection.transaction():
                for table, rows in (
                    ("bare_ids (digest, writer, quarter, n, kept_until, site_no)", ids),
                    ("bare_events", events),
                ):
                    with connection.cursor().copy(f"COPY {table} FROM STDIN") as into:  # type: ignore[arg-type]
                        into.write(rows)

    insert(0, WARM)
    inserts: list[Cost] = []
    copies: list[Cost] = []
    count = (len(claims) - WARM) // ROUNDS // BATCH * BATCH
    for n in range(ROUNDS):
        first = WARM + n * count
        inserts.append(_spent(server.head, count, lambda first=first: insert(first, first + count)))  # type: ignore[misc]
        # The same rows as text, taken out of the tables in which they just arrived.
        pieces = [
            (
                _out(connection, "SELECT digest, writer, quarter, n, kept_until, site_no FROM event_ids WHERE n BETWEEN {} AND {}", claims[at : at + BATCH]),
                _out(connection, f"SELECT * FROM events WHERE time BETWEEN {claims[at].event.time} AND {claims[at + BATCH - 1].event.time}", []),
            )
            for at in range(first, first + count, BATCH)
        ]  # fmt: skip
        copies.append(_spent(server.head, count, lambda pieces=pieces: copy(pieces)))  # type: ignore[misc]
    connection.close()
    return _middle(inserts), _middle(copies)


def _out(connection: Connection, query: str, claims: list[Any]) -> bytes:
    if claims:
        query = query.format(claims[0].event.receipt.n, claims[-1].event.receipt.n)
    with connection.cursor().copy(f"COPY ({query}) TO STDOUT") as rows:  # type: ignore[arg-type]
        return b"".join(rows)


def _weight(server: Server) -> tuple[float, float]:
    """Return what an event of a closed day takes in Postgres, and as a record of the stream."""
    connection = server.make(_DATABASE)
    site_no = add_site(connection, "weight")
    postgres.discard()
    connection.execute("VACUUM")
    empty = _number(connection, _RELATIONS)
    records = _records("weight", A_DAY)
    consumer = Consumer(Directory())
    for start in range(0, A_DAY, BATCH):
        consumer.consume(records[start : start + BATCH], time.monotonic() + 60)
        if start % (10 * BATCH) == 0:
            # What autovacuum does meanwhile; it sleeps for a minute between its looks, and the day is over in a minute here.
            connection.execute("VACUUM ANALYZE")
    for (day,) in connection.execute(_DAYS, [site_no]).fetchall():
        close_day(connection, site_no, day)
    # The daily retention job's share: locks need not outlast the day.
    connection.execute("TRUNCATE anchors")
    connection.execute("VACUUM ANALYZE")
    held = _number(connection, _RELATIONS) - empty
    connection.close()
    return held / A_DAY, sum(len(record.data) for record in records) / A_DAY


def _number(connection: Connection, query: Any) -> int:  # noqa: ANN401 - constants of this file
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0
