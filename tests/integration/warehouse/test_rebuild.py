"""A rebuild, under traffic or of what was spoilt, leaves the truth."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from streamgauge.clock import MICROSECONDS
from streamgauge.warehouse.rebuild import rebuild_next

from infra.local.event_source import Mapping
from tests.oracle.counting import count
from tests.oracle.stored import differences, stored
from tests.support.seeds import seeded
from tests.support.simulator import Faults, Simulator, stream
from tests.support.warehouse import (
    Traffic,
    assert_counters_equal,
    assert_exact,
    invoke,
    traffic,
)

if TYPE_CHECKING:
    from collections.abc import Callable


VIEW_WINDOW = 86_400 * MICROSECONDS


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
