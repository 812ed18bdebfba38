"""Traffic and all jobs in disorder (late, early, twice, ten at once, killed anywhere) against one clean run of each."""

from __future__ import annotations

import random
import threading
from contextlib import contextmanager, suppress
from datetime import timedelta

import psycopg
import pytest
from streamgauge.jobs import closing, hints, hours, resets, upkeep
from streamgauge.jobs.restore import restore_pending
from streamgauge.jobs.slots import Slot
from streamgauge.rollups import build
from streamgauge.views import reset
from streamgauge.warehouse import partitions, pending

from tests.integration.jobs.conftest import SITE, at, counters, marks, store_events, us
from tests.integration.jobs.test_daily_aggregation import MONTH_IS_THE_SUM_OF_CLOSED_DAYS
from tests.traffic.made_up import make
from tests.traffic.tables import counted

FIRST, LAST = at(2026, 11, 20), at(2026, 12, 1, 6)
JOBS = (closing.aggregate_days, hours.aggregate_hours, resets.reset_days, resets.reset_months, upkeep.make_partitions)
DEADLY = (
    (build, "build_day"),
    (closing, "close_day"),
    (closing, "reconcile_day"),
    (closing, "count_holes"),
    (hints, "note_day"),
    (hours, "hour_end"),
    (partitions, "ensure_day"),
    (pending, "settle"),
    (reset, "close_period"),
    (reset, "reconcile"),
)


class Killed(BaseException):
    """As good as a SIGKILL: no handler of ours sees it."""


@contextmanager
def deadly(chance):
    """Kill whoever makes a random call of a random function, before or after it was made."""
    room, name = chance.choice(DEADLY)
    real, fatal, before = getattr(room, name), chance.randrange(4), chance.random() < 0.5
    calls = []

    def die(*args, **rest):
        calls.append(args)
        if before and len(calls) > fatal:
            raise Killed
        result = real(*args, **rest)
        if len(calls) > fatal:
            raise Killed
        return result

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(room, name, die)
        yield


def ten_at_once(job, slot):
    failures = []

    def run():
        try:
            job(slot)
        except Exception as error:  # noqa: BLE001 - shown by the assertion below
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def outcome(connection, site_no):
    """Return what all that leaves behind; numbers of visitors are given in the order of closing, so they are only counted."""
    found = counted(connection, site_no)
    wanted = {
        "months": "SELECT * FROM rollup_months WHERE (visitors, visits, pageviews, events, page_time) <> (0, 0, 0, 0, 0)",
        "uniques": "SELECT code, day, bots, sum(bit_count(bits)) FROM uniques WHERE span = 1 GROUP BY 1, 2, 3",
        "numbers": "SELECT visitor FROM visitor_numbers",
        "days": "SELECT day, closed, dirty, whole FROM site_days",
        "closed": "SELECT video_id, bucket, n, closed_at IS NOT NULL FROM view_counters WHERE n <> 0",
    }
    for name, query in wanted.items():
        found[name] = sorted(connection.execute(query).fetchall(), key=repr)
    # A view that counted until an earlier one came leaves a zero.
    found["dynamo"] = [(video, bucket, n) for video in ("v1", "v2") for bucket, n in counters(video).items() if n]
    found["marks"] = marks()
    return found


def start_over(connection):
    """Bring a database back to where nothing has been stored yet."""
    connection.execute(
        "TRUNCATE events, views, event_ids, visits, playbacks, visitor_days, accounting, lost_receipts, job_runs"
    )
    connection.execute(
        "TRUNCATE rollup_hours, rollup_days, rollup_months, rollup_videos, rollup_video_curves, rollup_video_values, video_peaks, view_counters, site_days, uniques"
    )
    connection.execute("TRUNCATE visitor_numbers, unique_blocks")
    connection.execute("UPDATE projection_epoch SET epoch = epoch + 1")


def settle_everything(connection):
    for job in JOBS[:-1]:
        job(Slot(LAST + timedelta(hours=1), by_hand=True))
        job(Slot(LAST + timedelta(hours=2), by_hand=True))
    assert connection.execute(MONTH_IS_THE_SUM_OF_CLOSED_DAYS).fetchall() == []


@pytest.mark.parametrize("seed", range(4))
def test_disorder_ends_where_order_does(connection, add_site, store, database_url, seed):
    chance = random.Random(seed)
    events = make(seed, 160)
    site = add_site()
    store(events)
    settle_everything(connection)
    clean = outcome(connection, site.site_no)

    start_over(connection)
    waiting = events[:]
    chance.shuffle(waiting)
    while waiting:
        size = chance.randrange(1, 60)
        part, waiting = waiting[:size], waiting[size:]
        store(part, now=us(FIRST) if chance.random() < 0.5 else None)
        for job in chance.sample(JOBS, 2):
            slot = Slot(FIRST + timedelta(hours=chance.randrange(24 * 11)), by_hand=chance.random() < 0.5)
            way = chance.random()
            if way < 0.15:
                ten_at_once(job, slot)
            elif way < 0.6:
                with deadly(chance), suppress(Killed):
                    job(slot)
            elif way < 0.7:
                # DynamoDB came back empty: what waits is put back from Postgres.
                for kind in (pending.DAYS, pending.VIEWS):
                    for item in pending.waiting(kind):
                        pending.settle(item)
                restore_pending(connection)
            else:
                job(slot)
        assert connection.execute(MONTH_IS_THE_SUM_OF_CLOSED_DAYS).fetchall() == []
    settle_everything(connection)
    assert outcome(connection, site.site_no) == clean


@pytest.mark.parametrize("seed", range(2))
def test_jobs_amid_traffic_end_where_order_does(connection, add_site, store, database_url, seed):
    events = make(seed + 50, 160)
    site = add_site()
    store(events)
    settle_everything(connection)
    clean = outcome(connection, site.site_no)
    start_over(connection)

    shuffled = random.Random(seed).sample(events, len(events))
    failures = []
    stop = threading.Event()

    def ingest(lane):
        try:
            with psycopg.connect(database_url, autocommit=True) as own:
                mine = shuffled[lane::3]
                for start in range(0, len(mine), 5):
                    store_events(own, mine[start : start + 5])
        except Exception as error:  # noqa: BLE001 - shown by the assertion below
            failures.append(error)

    def work(job, number):
        try:
            run = 0
            while not stop.is_set():
                run += 1
                job(Slot(LAST + timedelta(microseconds=2 * run + number), by_hand=True))
        except Exception as error:  # noqa: BLE001 - shown by the assertion below
            failures.append(error)

    lanes = [threading.Thread(target=ingest, args=[lane]) for lane in range(3)]
    jobs = [threading.Thread(target=work, args=[job, number]) for job in JOBS for number in range(2)]
    for thread in lanes + jobs:
        thread.start()
    for thread in lanes:
        thread.join()
    stop.set()
    for thread in jobs:
        thread.join()
    assert failures == []
    settle_everything(connection)
    assert outcome(connection, site.site_no) == clean


def test_a_connection_that_is_cut_ends_the_run_and_the_next_goes_on(
    connection, add_site, store, database_url, monkeypatch
):
    add_site()
    store(make(1, 120))
    real = build.build_day
    cut = []

    def cut_off(own, site_no, day):
        result = real(own, site_no, day)
        if len(cut) < 2:
            cut.append(day)
            connection.execute("SELECT pg_terminate_backend(%s)", [own.info.backend_pid])
        return result

    slot = Slot(LAST)
    with monkeypatch.context() as patched:
        patched.setattr(build, "build_day", cut_off)
        for _ in range(2):
            with pytest.raises(psycopg.OperationalError):
                closing.aggregate_days(slot)
            assert connection.execute("SELECT bool_or(closed) FROM site_days").fetchone() == (False,)
        assert closing.aggregate_days(slot)["closed"] >= 3
    assert not [mark for mark in marks() if mark.startswith(f"pending {SITE}")]
    assert connection.execute(MONTH_IS_THE_SUM_OF_CLOSED_DAYS).fetchall() == []
    assert connection.execute("SELECT count(*) FROM job_runs WHERE finished_at IS NOT NULL").fetchone() == (1,)
