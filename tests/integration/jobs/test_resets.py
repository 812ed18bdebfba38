"""Closing view periods: past ones only, each once, equal to the raw views, and never the running one."""

from __future__ import annotations

import threading
from datetime import timedelta

import psycopg
import pytest
from streamgauge.clock import MICROSECONDS
from streamgauge.events.models import Receipt, StampedEvent, VideoFields
from streamgauge.jobs import resets
from streamgauge.jobs.restore import restore_pending
from streamgauge.jobs.slots import Slot
from streamgauge.views import projection, reset
from streamgauge.warehouse import pending

from functions.schedules import daily_reset, monthly_reset
from tests.integration.jobs.conftest import SITE, ZONE, at, counters, marks, us

MIDNIGHT = Slot(at(2026, 11, 30, 23))
"""The first slot of 1 December in Berlin."""


def views(video, moments, *, site=SITE, zone=ZONE, first=0):
    """Return a counted view of a viewer of its own at each moment."""
    return [
        StampedEvent(
            site=site,
            zone=zone,
            id=f"{site}-{video}-{us(moment)}-{n}",
            kind="view",
            time=us(moment) + n,
            received=us(moment) + n,
            receipt=Receipt(1, us(moment) // MICROSECONDS // 3600 * 3600, first + n),
            session_id=f"{video}-{us(moment)}-{n}",
            hash=n,
            video=VideoFields(video_id=video),
        )
        for n, moment in enumerate(moments)
    ]


@pytest.fixture
def watched(add_site, store):
    """A site with views on 29 and 30 November and on 1 December, in its own zone."""
    site = add_site()
    store(views("a", [at(2026, 11, 29, 12), at(2026, 11, 29, 13), at(2026, 11, 30, 12)]))
    store(views("b", [at(2026, 11, 30, 22, 59)], first=10))
    store(views("b", [at(2026, 11, 30, 23)], first=20))
    return site


def closed(connection):
    return connection.execute(
        "SELECT video_id, bucket, n, version, closed_at FROM view_counters ORDER BY 1, 2"
    ).fetchall()


def closed_buckets(connection):
    return [(video, bucket) for video, bucket, _, _, at_ in closed(connection) if at_ is not None]


def test_an_idle_run_asks_no_postgres(aws, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    assert resets.reset_days(MIDNIGHT) == {"due": 0}
    assert daily_reset.handler({}, None)["due"] == 0
    assert monthly_reset.handler({"time": "2026-12-01T00:00:00Z"}, None)["due"] == 0


def test_a_running_period_asks_no_postgres(aws, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    pending.mark(SITE, ZONE, 0.0, view_days=[at(2026, 11, 30).date()])
    assert resets.reset_days(Slot(at(2026, 11, 30, 22, 45))) == {"due": 0}
    assert resets.reset_months(Slot(at(2026, 11, 30, 22, 45))) == {"due": 0}


def test_a_daily_reset_closes_past_days_and_leaves_today(connection, watched):
    assert resets.reset_days(MIDNIGHT)["videos"] == 2
    assert closed_buckets(connection) == [("a", "day#2026-11-29"), ("a", "day#2026-11-30"), ("b", "day#2026-11-30")]
    assert counters("b") == {
        "day#2026-11-30": 1,
        "day#2026-12-01": 1,
        "month#2026-11": 1,
        "month#2026-12": 1,
        "total": 2,
    }
    assert [mark for mark in marks() if "views" in mark] == [
        "pending#views site day#2026-12-01",
        "pending#views site month#2026-11",
        "pending#views site month#2026-12",
    ]


def test_a_monthly_reset_closes_past_months_and_leaves_this(connection, watched):
    assert resets.reset_months(Slot(at(2026, 11, 30, 22, 45))) == {"due": 0}
    assert resets.reset_months(MIDNIGHT)["videos"] == 2
    assert closed_buckets(connection) == [("a", "month#2026-11"), ("b", "month#2026-11")]


def test_a_reset_by_hand_counts_what_it_closed(connection, watched):
    now = us(MIDNIGHT.at)
    assert reset.close_period(connection, watched, "daily", now) == 2
    assert reset.close_period(connection, watched, "daily", now) == 0
    assert reset.close_period(connection, watched, "monthly", now) == 2
    assert reset.close_period(connection, watched, "monthly", now) == 0
    # The job finds nothing left to close, and takes the marks away.
    assert resets.reset_days(MIDNIGHT)["videos"] == 0
    assert "pending#views site day#2026-11-30" not in marks()


def test_ten_at_once_and_late_close_each_period_once(connection, watched, database_url):
    counts = []
    failures = []
    start = threading.Barrier(10)

    def run():
        try:
            with psycopg.connect(database_url, autocommit=True) as own:
                start.wait()
                counts.append(reset.close_period(own, watched, "daily", us(MIDNIGHT.at)))
        except Exception as error:  # noqa: BLE001 - shown by the assertion below
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    # Whoever locks a row first closes it; each video is counted by those that closed a day of it.
    assert 2 <= sum(counts) <= 3
    ten = closed(connection)
    connection.execute("UPDATE view_counters SET closed_at = NULL")
    restore_pending(connection)
    resets.reset_days(Slot(MIDNIGHT.at))
    assert closed(connection) == ten


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE view_counters SET n = n + 5, version = version + 1 WHERE bucket = 'day#2026-11-30'",
        "DELETE FROM view_counters WHERE bucket = 'day#2026-11-30' AND video_id = 'a'",
    ],
)
def test_what_differs_from_the_raw_views_is_repaired_and_pushed(connection, watched, damage, capsys):
    before = [(video, bucket, n) for video, bucket, n, _, _ in closed(connection)]
    connection.execute(damage)
    projection.push(connection, watched.site_no, SITE)
    daily_reset.handler({"time": "2026-11-30T23:00:00Z"}, None)
    assert [(video, bucket, n) for video, bucket, n, _, _ in closed(connection)] == before
    assert counters("a")["day#2026-11-30"] == 1
    assert counters("b")["day#2026-11-30"] == 1
    assert '"ReconciliationDifferences":[' in capsys.readouterr().out.replace(" ", "")


def test_killed_between_repair_and_push_the_next_run_pushes(connection, watched, monkeypatch):
    connection.execute(
        "UPDATE view_counters SET n = n + 5, version = version + 1 WHERE bucket = 'day#2026-11-30' AND video_id = 'a'"
    )
    projection.push(connection, watched.site_no, SITE)
    assert counters("a")["day#2026-11-30"] == 6

    class Killed(BaseException):
        """As good as a SIGKILL: no handler of ours sees it."""

    def die(*args):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(projection, "push", die)
        with pytest.raises(Killed):
            resets.reset_days(MIDNIGHT)
    assert resets.reset_days(MIDNIGHT)["videos"] == 2
    assert counters("a")["day#2026-11-30"] == 1
    assert not connection.execute("SELECT FROM view_counters WHERE closed_at = '-infinity'").fetchall()


def test_a_view_that_comes_while_a_counter_is_repaired_is_kept(connection, watched, store, monkeypatch):
    connection.execute("UPDATE view_counters SET n = n + 5 WHERE bucket = 'day#2026-11-30' AND video_id = 'a'")
    real = reset.rows_parameter
    came = []

    def come(rows):
        if rows and "version" in rows[0] and not came:
            came.append(True)
            store(views("a", [at(2026, 11, 30, 14)], first=30))
        return real(rows)

    with monkeypatch.context() as patched:
        patched.setattr(reset, "rows_parameter", come)
        resets.reset_days(MIDNIGHT)
    assert came
    assert connection.execute(
        "SELECT n FROM view_counters WHERE bucket = 'day#2026-11-30' AND video_id = 'a'"
    ).fetchone() == (2,)


def test_a_period_that_lost_raw_views_is_closed_as_it_is(connection, watched):
    connection.execute("UPDATE site_days SET whole = false WHERE day = '2026-11-29'")
    connection.execute("DELETE FROM views WHERE day = '2026-11-29'")
    assert resets.reset_days(MIDNIGHT)["videos"] == 2
    assert resets.reset_months(MIDNIGHT)["videos"] == 2
    assert counters("a") == {"day#2026-11-29": 2, "day#2026-11-30": 1, "month#2026-11": 3, "total": 3}
    assert {n for video, bucket, n, _, _ in closed(connection) if (video, bucket) == ("a", "month#2026-11")} == {3}


def test_zones_have_their_own_midnights(connection, add_site, store):
    add_site("tokyo", "Asia/Tokyo")
    add_site("denver", "America/Denver")
    store(views("a", [at(2026, 11, 30, 12)], site="tokyo", zone="Asia/Tokyo"))
    store(views("a", [at(2026, 11, 30, 12)], site="denver", zone="America/Denver"))
    assert resets.reset_days(Slot(at(2026, 11, 30, 15)))["due"] == 1
    assert resets.reset_days(Slot(at(2026, 12, 1, 6, 45))) == {"due": 0}
    assert resets.reset_days(Slot(at(2026, 12, 1, 7)))["due"] == 1
    assert closed_buckets(connection) == [("a", "day#2026-11-30"), ("a", "day#2026-11-30")]


def test_missed_for_48_hours_closes_every_day(connection, watched):
    assert resets.reset_days(Slot(MIDNIGHT.at + timedelta(hours=48)))["videos"] == 2
    assert ("b", "day#2026-12-01") in closed_buckets(connection)
    assert [mark for mark in marks() if "day#" in mark] == []
