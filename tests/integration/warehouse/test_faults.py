"""Faults of the stores and of the consumer itself: nothing is lost, nothing is counted twice."""

from __future__ import annotations

import os
import random
import shutil
import signal
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import psycopg
import pytest
from streamgauge.clock import MICROSECONDS
from streamgauge.schema.runner import migrate
from streamgauge.settings import settings
from streamgauge.store import dynamo
from streamgauge.views import projection
from streamgauge.warehouse.rebuild import rebuild_next

from infra.local.event_source import Mapping
from infra.local.postgres import Postgres, free_port
from tests.oracle.counting import count
from tests.oracle.stored import differences, stored
from tests.support.postgres_proxy import CutAfterCommit
from tests.support.seeds import seeded
from tests.support.simulator import Faults, Simulator, stream
from tests.support.warehouse import (
    Traffic,
    accounted,
    all_payloads,
    assert_counters_equal,
    assert_exact,
    containers_per_thread,
    invoke,
    traffic,
)
from tests.torture.worker import Container

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.faulty_aws import FaultyAws

VIEW_WINDOW = 86_400 * MICROSECONDS
RECORDS = int(os.environ.get("STREAMGAUGE_TORTURE_RECORDS", "1000000"))
"""Records of the great kill test."""


# The consumer is killed


class Fleet:
    """Containers as processes: an invocation takes a free one, a thread of the test kills one at random."""

    def __init__(
        self,
        environment: dict[str, str],
        size: int,
        chance: random.Random,
        kills: int,
        *,
        pause: tuple[float, float],
        spread: int,
    ) -> None:
        self.containers = [Container(environment) for _ in range(size)]
        self._free = list(self.containers)
        self._lock = threading.Lock()
        self._chance = chance
        self._left = kills
        self._pause = pause
        self._spread = spread
        self._of = kills
        self._begun = time.monotonic()
        self.handed = 0
        self.kills = 0
        self._done = threading.Event()
        self._killer = threading.Thread(target=self._kill, daemon=True)

    def __enter__(self) -> Self:
        self._killer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._killer.join()
        for container in self.containers:
            container.close()

    def invoke(self, event: dict[str, Any]) -> Any:
        with self._lock:
            container = self._free.pop()
            self.handed += len(event["Records"])
        try:
            return container.invoke(event)
        finally:
            with self._lock:
                self._free.append(container)

    def _kill(self) -> None:
        """Kill whenever a pause is over, and records enough have been handed over since the last: `spread` for all kills."""
        while self._left and not self._done.wait(self._chance.uniform(*self._pause)):
            if self.handed < self.kills * self._spread / self._of:
                continue
            with self._lock:
                busy = [container for container in self.containers if container not in self._free]
            if busy and self._chance.choice(busy).kill():
                self.kills += 1
                self._left -= 1
                if self.kills % 10 == 0:
                    seconds = time.monotonic() - self._begun
                    print(f"{self.kills} kills, {self.handed:,} records handed over in {seconds:,.0f} s", flush=True)


def killed(
    connection: psycopg.Connection[Any],
    url: str,
    aws: FaultyAws,
    *,
    seed: int,
    sites: int,
    size: int,
    kills: int,
    batch: int,
    lanes: int = 2,
    pause: tuple[float, float] = (0.05, 0.6),
    spread: int = 0,
    jitter_seconds: float | None = None,
    people: int = 12,
) -> None:
    chance = seeded(seed)
    made = []
    for n in range(sites):
        one = traffic(connection, f"killed {seed} {n}", seed + n, size, people=people, jitter_seconds=jitter_seconds)
        one.settle()
        made.append(one)
    shards = stream(all_payloads(made, chance, in_order=jitter_seconds is not None), 2, chance)
    mapping = Mapping(batch_size=batch, parallelization=max(2, lanes // 2), bisect=True)
    faults = Faults(lost_acknowledgement=0.05, restart=0.05)
    environment = dict(os.environ) | aws.environment() | {"DATABASE_URL": url}
    with Fleet(environment, lanes, chance, kills, pause=pause, spread=spread) as fleet:
        Simulator(shards, mapping, fleet.invoke, chance, faults, workers=lanes).run()
        while fleet.kills < kills:  # what is left of the kills meets the whole stream again
            Simulator(shards, mapping, fleet.invoke, chance, faults, workers=lanes).run()
        errors = {error for container in fleet.containers for error in container.errors}
        # A busy machine may be slower than the stores' timeouts: that batch came again. Nothing else may be raised.
        assert not {error for error in errors if not error.startswith("StoreAwayError")}, f"seed {seed}: {errors}"
    for one in made:
        assert_exact(connection, one, f"seed {seed}")
    assert_counters_equal(connection, made, f"seed {seed}")


@pytest.mark.usefixtures("lanes")
def test_the_consumer_may_be_killed_anywhere(
    connection: psycopg.Connection[Any], database_url: str, aws: FaultyAws
) -> None:
    killed(connection, database_url, aws, seed=11, sites=1, size=600, kills=10, batch=50)


@pytest.mark.torture
@pytest.mark.timeout(7200)
@pytest.mark.usefixtures("lanes")
def test_two_hundred_kills_while_a_million_records_flow(
    connection: psycopg.Connection[Any], database_url: str, aws: FaultyAws, capfd: pytest.CaptureFixture[str]
) -> None:
    # A million of the most hostile order would be a test of patience: they come late by up to ten minutes.
    with capfd.disabled():
        killed(
            connection, database_url, aws, seed=12, sites=4, size=RECORDS // 4, kills=200, batch=2000, lanes=4, pause=(0.0, 1.0),
            spread=RECORDS, jitter_seconds=600.0, people=25_000,
        )  # fmt: skip


# Postgres fails


@pytest.fixture
def own_server(aws: FaultyAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Postgres]:
    """A server to be ended at will; what it has committed is in the kernel's hands, so only the machine may not fail."""
    folder = Path(tempfile.mkdtemp(prefix="streamgauge-restarted-"))
    server = Postgres(folder, free_port(), folder / "log", careless=True)
    server.start()
    try:
        assert server.query("SHOW data_directory", "postgres").strip() == str(server.data.resolve())
        server.create_database("streamgauge")
        server.query("ALTER DATABASE streamgauge SET synchronous_commit = on", "postgres")
        with psycopg.connect(server.url(), autocommit=True) as connection:
            migrate(connection)
        for name, value in (aws.environment() | {"DATABASE_URL": server.url()}).items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()
        held = containers_per_thread(monkeypatch)
        yield server
        for made in held.all:
            made.close()
        settings.cache_clear()
    finally:
        server.stop()
        shutil.rmtree(folder)


def restarted(server: Postgres, *, seed: int, size: int, restarts: int) -> None:
    chance = seeded(seed)
    with psycopg.connect(server.url(), autocommit=True) as connection:
        made = traffic(connection, f"restarted {seed}", seed, size)
    shards = stream(made.payloads, 2, chance)
    done = threading.Event()
    count_of_restarts = 0

    def load() -> None:
        while not done.is_set():  # the stream again and again, until every restart has met load
            mapping = Mapping(batch_size=40, parallelization=2, bisect=True)
            Simulator(shards, mapping, invoke, random.Random(seed), Faults(restart=0.05), workers=2).run()

    loader = threading.Thread(target=load)
    loader.start()
    try:
        for _ in range(restarts):
            time.sleep(chance.uniform(0.1, 0.8))
            head = server.head()
            assert head is not None
            os.kill(head, signal.SIGQUIT)
            while (server.data / "postmaster.pid").exists() and server.head() is not None:
                time.sleep(0.01)
                with_reaped(head)
            server.start()
            count_of_restarts += 1
    finally:
        done.set()
        loader.join()
    assert count_of_restarts == restarts
    with psycopg.connect(server.url(), autocommit=True) as connection:
        assert_exact(connection, made, f"seed {seed}")
        assert_counters_equal(connection, [made], f"seed {seed}")


def with_reaped(process_id: int) -> None:
    """Take the exit of an ended child, so that its number does not count as running."""
    try:
        os.waitpid(process_id, os.WNOHANG)
    except ChildProcessError:
        return


def test_postgres_may_restart_at_once_under_load(own_server: Postgres) -> None:
    restarted(own_server, seed=21, size=600, restarts=3)


@pytest.mark.torture
@pytest.mark.timeout(1800)
def test_postgres_may_restart_at_once_twenty_times_under_load(own_server: Postgres) -> None:
    restarted(own_server, seed=22, size=5000, restarts=20)


def cut(
    connection: psycopg.Connection[Any], url: str, monkeypatch: pytest.MonkeyPatch, *, seed: int, size: int, cuts: int
) -> None:
    chance = seeded(seed)
    made = traffic(connection, f"cut {seed}", seed, size)
    proxy = CutAfterCommit(url, seed, share=0.3)
    monkeypatch.setenv("DATABASE_URL", proxy.url)
    settings.cache_clear()
    try:
        shards = stream(made.payloads, 2, chance)
        while proxy.cuts < cuts:
            Simulator(
                shards, Mapping(batch_size=30, parallelization=2), invoke, chance, Faults(restart=0.1), workers=2
            ).run()
        proxy.share = 0.0
    finally:
        proxy.close()
    assert_exact(connection, made, f"seed {seed}")
    assert_counters_equal(connection, [made], f"seed {seed}")


def test_the_connection_may_be_cut_after_commit_was_sent(
    connection: psycopg.Connection[Any], database_url: str, lanes: pytest.MonkeyPatch
) -> None:
    cut(connection, database_url, lanes, seed=31, size=300, cuts=8)


@pytest.mark.torture
@pytest.mark.timeout(1800)
def test_the_connection_may_be_cut_two_hundred_times_after_commit_was_sent(
    connection: psycopg.Connection[Any], database_url: str, lanes: pytest.MonkeyPatch
) -> None:
    cut(connection, database_url, lanes, seed=32, size=3000, cuts=200)


# DynamoDB fails


@pytest.mark.usefixtures("lanes")
def test_dynamodb_may_throttle_half_and_then_be_away(connection: psycopg.Connection[Any], aws: FaultyAws) -> None:
    seed = 41
    chance = seeded(seed)
    made = traffic(connection, "throttled", seed, 240)
    half = len(made.payloads) // 2
    mapping = Mapping(batch_size=30, parallelization=2)
    aws.throttled = 0.5
    report = Simulator(stream(made.payloads[:half], 2, chance), mapping, invoke, chance, workers=2).run()
    assert aws.refused > 0
    assert not report.given_up
    aws.heal()
    # Away for some invocations, which fail after their commit, and then back while the same records come again.
    aws.away = {"dynamodb"}
    failures = 0

    def invoke_until_back(event: dict[str, Any]) -> Any:
        nonlocal failures
        try:
            return invoke(event)
        except Exception:
            failures += 1
            if failures == 6:
                aws.heal()
            raise

    Simulator(stream(made.payloads[half:], 2, chance), mapping, invoke_until_back, chance, workers=2).run()
    assert failures >= 6
    assert_exact(connection, made, f"seed {seed}")
    assert_counters_equal(connection, [made], f"seed {seed}")


# Rebuild and restore under traffic


def rebuild(connection: psycopg.Connection[Any], made: Traffic) -> int:
    """Rebuild a site day by day, as the API does; return how many rows were wrong."""
    after, repaired = None, 0
    while True:
        step = rebuild_next(connection, made.site_no, after, VIEW_WINDOW)
        repaired += step.repaired
        after = step.next_cursor
        if after is None:
            return repaired


def under_traffic(made: Traffic, seed: int, job: Callable[[], None], *, workers: int = 2) -> None:
    """Run a job while a site's records arrive."""
    chance = seeded(seed)
    simulator = Simulator(
        stream(made.payloads, 2, chance),
        Mapping(batch_size=25, parallelization=2),
        invoke,
        chance,
        Faults(lost_acknowledgement=0.1),
        workers=workers,
    )
    loader = threading.Thread(target=simulator.run)
    loader.start()
    try:
        job()
    finally:
        loader.join()


@pytest.mark.usefixtures("lanes")
@pytest.mark.parametrize("empty_first", [False, True])
def test_a_rebuild_under_traffic_finds_and_leaves_the_truth(
    connection: psycopg.Connection[Any], database_url: str, empty_first: bool
) -> None:
    seed = 51
    made = traffic(connection, f"rebuilt {empty_first}", seed, 300)

    def job() -> None:
        with psycopg.connect(database_url, autocommit=True) as own:
            for _ in range(2):
                if empty_first:
                    # Truncate and refill: rollups that say nothing, which the rebuild fills from raw events.
                    with own.transaction():
                        own.execute("SELECT pg_advisory_xact_lock(%s, %s)", [0x5347, made.site_no])
                        for table in ("rollup_hours", "rollup_days", "rollup_videos"):
                            own.execute(f"UPDATE {table} SET {ZEROES[table]} WHERE site_no = %s", [made.site_no])
                rebuild(own, made)

    under_traffic(made, seed, job)
    assert_counters_equal(connection, [made], f"seed {seed}")
    if empty_first:
        # What was emptied while its day was still to come in is found by the next rebuild.
        rebuild(connection, made)
    assert rebuild(connection, made) == 0
    assert_exact(connection, made, f"seed {seed}")
    assert_counters_equal(connection, [made], f"seed {seed}")


ZEROES = {
    "rollup_hours": "visitors = 0, lasting = 0, visits = 0, bounces = 0, pageviews = 0, events = 0, duration = 0",
    "rollup_days": "visitors = 0, lasting = 0, visits = 0, entries = 0, bounces = 0, pageviews = 0, events = 0, duration = 0,"
    " page_time = 0",
    "rollup_videos": "views = 0, qualified = 0, measured = 0, completions = 0, failures = 0, exits = 0, watched = 0, covered = 0,"
    " buffered = 0, kilobits = 0, timed = 0",
}


@pytest.mark.usefixtures("lanes")
def test_a_rebuild_repairs_what_was_spoilt(connection: psycopg.Connection[Any]) -> None:
    seed = 52
    chance = seeded(seed)
    made = traffic(connection, "spoilt", seed, 200)
    Simulator(stream(made.payloads, 1, chance), Mapping(batch_size=100), invoke, chance).run()
    for table in (
        "rollup_hours",
        "rollup_days",
        "rollup_videos",
        "rollup_video_curves",
        "rollup_video_values",
        "view_counters",
        "visits",
        "playbacks",
        "visitor_days",
    ):
        connection.execute(f"DELETE FROM {table} WHERE site_no = %s", [made.site_no])
    connection.execute("UPDATE views SET counted = NOT counted WHERE site_no = %s", [made.site_no])
    assert rebuild(connection, made) > 0
    assert not differences(count(made.events), stored(connection, made.site_no))
    # The state is whole as well: what is built on it stays exact.
    Simulator(stream(made.payloads, 1, chance), Mapping(batch_size=100), invoke, chance).run()
    assert_exact(connection, made, f"seed {seed}")
    assert_counters_equal(connection, [made], f"seed {seed}")


def items(made: Traffic, connection: psycopg.Connection[Any]) -> list[dict[str, Any]]:
    query = "SELECT DISTINCT video_id FROM view_counters WHERE site_no = %s"
    keys = [f"{made.site}#view#{video}" for (video,) in connection.execute(query, [made.site_no]).fetchall()]
    return [item for key in keys for item in dynamo.query_all("counters", "pk = :pk", values={":pk": key})]


@pytest.mark.usefixtures("lanes")
def test_counters_after_dynamodb_was_restored_to_an_earlier_point(connection: psycopg.Connection[Any]) -> None:
    seed = 61
    chance = seeded(seed)
    made = traffic(connection, "restored dynamo", seed, 240)
    half = len(made.payloads) // 2
    Simulator(stream(made.payloads[:half], 1, chance), Mapping(batch_size=50), invoke, chance).run()
    earlier = items(made, connection)
    Simulator(stream(made.payloads[half:], 1, chance), Mapping(batch_size=50), invoke, chance).run()
    for item in items(made, connection):
        dynamo.delete_item("counters", {"pk": item["pk"], "sk": item["sk"]})
    for item in earlier:
        dynamo.put_item("counters", item)
    assert projection.push(connection, made.site_no, made.site) > 0
    assert_counters_equal(connection, [made], f"seed {seed}")


@pytest.mark.usefixtures("lanes")
def test_counters_after_postgres_was_restored_to_an_earlier_point(
    connection: psycopg.Connection[Any], new_database: Callable[[], str], lanes: pytest.MonkeyPatch
) -> None:
    """DynamoDB is ahead of a restored Postgres, which knows nothing of the latest epochs: yet no push of it is ignored."""
    seed = 62
    chance = seeded(seed)
    made = traffic(connection, "restored postgres", seed, 240)
    half = len(made.payloads) // 2
    for _ in range(3):
        projection.raise_epoch(connection)
    Simulator(stream(made.payloads, 1, chance), Mapping(batch_size=50), invoke, chance).run()
    url = new_database()  # the earlier point: half of the records
    lanes.setenv("DATABASE_URL", url)
    settings.cache_clear()
    held = containers_per_thread(lanes)
    with psycopg.connect(url, autocommit=True) as restored:
        again = traffic(restored, "restored postgres", seed, 240)
        store_without_projection(made.payloads[:half], restored)
        ahead = {(item["pk"], item["sk"]): item["n"] for item in items(made, connection)}
        without_epoch = projection.push(restored, again.site_no, made.site)
        assert without_epoch < len(ahead)
        projection.raise_epoch(restored)
        projection.push(restored, again.site_no, made.site)
        assert_counters_equal(restored, [again], f"seed {seed}")
        Simulator(stream(made.payloads, 1, chance), Mapping(batch_size=50), invoke, chance).run()
        assert_exact(restored, again, f"seed {seed}")
        assert_counters_equal(restored, [again], f"seed {seed}")
    for one in held.all:
        one.close()


def store_without_projection(payloads: list[tuple[str, bytes]], connection: psycopg.Connection[Any]) -> None:
    """Store records as a Postgres alone would hold them."""
    from streamgauge.events.models import decode
    from streamgauge.warehouse.batch import Lane, store_batch
    from streamgauge.warehouse.directory import Directory

    events = [decode(data) for _, data in payloads]
    for start in range(0, len(events), 100):
        part = events[start : start + 100]
        store_batch(connection, Directory(), part, Lane("s", 0.0, 0.0, time.monotonic()), max(e.received for e in part))


def test_the_accounting_holds_in_the_middle_of_a_run(
    connection: psycopg.Connection[Any], lanes: pytest.MonkeyPatch
) -> None:
    """received = stored + duplicates + dead-lettered + in flight, whichever part has come in."""
    seed = 71
    chance = seeded(seed)
    made = traffic(connection, "accounted", seed, 200, retries=0.3)
    shards = stream(made.payloads, 1, chance)
    arrived: set[bytes] = set()
    for start in range(0, len(made.payloads), 60):
        part = {name: records[start : start + 60] for name, records in shards.items()}
        Simulator(part, Mapping(batch_size=20), invoke, chance, Faults(lost_acknowledgement=0.3)).run()
        arrived |= {record.data for records in part.values() for record in records}
        found = accounted(connection, made.site_no)
        in_flight = len(made.payloads) - len(arrived)
        assert found["stored"] + found["duplicates"] + found["dead_lettered"] + in_flight == len(made.payloads)
        assert found["received"] <= len(made.payloads)
    assert_exact(connection, made, f"seed {seed}")
