"""Closing days: the month is the sum of its closed days, uniques are exact, and however it is run the tables are the same."""

from __future__ import annotations

import threading
from datetime import date, timedelta

import pytest
from streamgauge.clock import local_day
from streamgauge.jobs import closing
from streamgauge.jobs.restore import restore_pending
from streamgauge.jobs.slots import Slot
from streamgauge.rollups import build
from streamgauge.settings import settings
from streamgauge.store import dynamo
from streamgauge.warehouse import pending

from functions.schedules import daily_aggregation
from tests.integration.jobs.conftest import SITE, ZONE, at, marks
from tests.traffic.made_up import make
from tests.traffic.tables import counted

# The traffic is of three days, and of a few hours before and after.
ALL_OVER = Slot(at(2026, 11, 25, 6))
MONTH_IS_THE_SUM_OF_CLOSED_DAYS = """
    WITH sums AS (
        SELECT d.site_no, dimension, date_trunc('month', d.day)::date AS month, bots, code, sum(visitors) AS visitors,
            sum(lasting) AS lasting, sum(visits) AS visits, sum(entries) AS entries, sum(bounces) AS bounces,
            sum(pageviews) AS pageviews, sum(events) AS events, sum(duration) AS duration, sum(page_time) AS page_time
        FROM rollup_days d JOIN site_days s ON s.site_no = d.site_no AND s.day = d.day AND s.closed GROUP BY 1, 2, 3, 4, 5
    )
    SELECT * FROM (TABLE sums) a NATURAL FULL JOIN (
        SELECT site_no, dimension, month, bots, code, visitors, lasting, visits, entries, bounces, pageviews, events, duration,
            page_time FROM rollup_months) b
    EXCEPT SELECT * FROM sums WHERE (visitors, visits, pageviews, events, page_time) = (0, 0, 0, 0, 0)
    EXCEPT SELECT site_no, dimension, month, bots, code, visitors, lasting, visits, entries, bounces, pageviews, events,
        duration, page_time FROM rollup_months NATURAL JOIN sums
"""


def tables(connection, site_no):
    """Return all that counting and closing leave behind."""
    found = counted(connection, site_no)
    for name, columns in {
        "rollup_months": "*",
        "uniques": "code, span, day, bots, chunk, bits::text",
        "unique_blocks": "span, day",
        "site_days": "day, closed, dirty, whole",
        "visitor_numbers": "visitor, number",
    }.items():
        rows = connection.execute(f"SELECT {columns} FROM {name} WHERE site_no = %s", [site_no]).fetchall()
        found[name] = sorted(rows, key=repr)
    found["job_runs"] = connection.execute("SELECT job, slot, started_at FROM job_runs ORDER BY 1, 2").fetchall()
    return found


def days(connection):
    return connection.execute("SELECT day, closed, dirty FROM site_days ORDER BY day").fetchall()


def start_over(connection, site_no):
    """Bring a database back to where nothing has been closed yet."""
    connection.execute("TRUNCATE rollup_months, uniques, unique_blocks, visitor_numbers, job_runs")
    connection.execute("UPDATE site_days SET closed = false, dirty = false")
    for item in pending.waiting(pending.DAYS):
        pending.settle(item)
    restore_pending(connection)


@pytest.fixture
def traffic(add_site, store):
    site = add_site()
    store(make(7, 250))
    return site


def test_an_idle_run_asks_no_postgres(aws, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    assert closing.aggregate_days(ALL_OVER) == {"due": 0}
    assert daily_aggregation.handler({}, None)["due"] == 0


def test_a_day_that_is_not_over_waits_without_postgres(aws, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    pending.mark(SITE, ZONE, 0.0, open_days=[date(2026, 11, 21)])
    assert closing.aggregate_days(Slot(at(2026, 11, 21, 22, 45))) == {"due": 0}
    assert marks() == ["pending site 2026-11-21"]


def test_closes_the_days_that_are_over_and_no_other(connection, traffic):
    result = closing.aggregate_days(Slot(at(2026, 11, 21, 23)))
    assert result["closed"] == len([row for row in days(connection) if row[1]]) >= 2
    assert result["differences"] == 0
    assert (date(2026, 11, 21), True, False) in days(connection)
    assert (date(2026, 11, 22), False, False) in days(connection)
    assert "pending site 2026-11-21" not in marks()
    assert "pending site 2026-11-22" in marks()
    assert connection.execute(MONTH_IS_THE_SUM_OF_CLOSED_DAYS).fetchall() == []
    assert connection.execute("SELECT count(*) > 0 FROM uniques").fetchone() == (True,)


def test_the_aggregation_time_of_a_site_puts_the_closing_off(connection, add_site, store):
    add_site(aggregation_time="03:30")
    store(make(7, 100, days=1))
    # 03:30 in Berlin is 02:30 UTC.
    closing.aggregate_days(Slot(at(2026, 11, 21, 2, 15)))
    assert (date(2026, 11, 20), False, False) in days(connection)
    closing.aggregate_days(Slot(at(2026, 11, 21, 2, 30)))
    assert (date(2026, 11, 20), True, False) in days(connection)


def test_twice_late_and_ten_at_once_give_the_tables_of_one_clean_run(connection, traffic):
    closing.aggregate_days(ALL_OVER)
    clean = tables(connection, traffic.site_no)
    assert not any(mark.startswith("pending site") for mark in marks())

    closing.aggregate_days(ALL_OVER)
    restore_pending(connection)
    assert tables(connection, traffic.site_no) == clean

    start_over(connection, traffic.site_no)
    assert closing.aggregate_days(ALL_OVER)["closed"] >= 3
    assert tables(connection, traffic.site_no) == clean

    start_over(connection, traffic.site_no)
    failures = []

    def run():
        try:
            closing.aggregate_days(ALL_OVER)
        except Exception as error:  # noqa: BLE001 - shown by the assertion below
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert tables(connection, traffic.site_no) == clean
    assert not any(mark.startswith("pending site") for mark in marks())


def test_missed_for_48_hours_gives_the_days_of_runs_in_time(connection, traffic):
    for day in range(20, 25):
        # In Berlin a day is over at 23:00 UTC.
        closing.aggregate_days(Slot(at(2026, 11, day, 23)))
    in_time = tables(connection, traffic.site_no)
    start_over(connection, traffic.site_no)
    closing.aggregate_days(ALL_OVER)
    late = tables(connection, traffic.site_no)
    for kept in (in_time, late):
        del kept["job_runs"]
    assert late == in_time


@pytest.mark.parametrize("where", ["build_day", "settle", "note_day", "second day"])
def test_killed_half_way_and_run_again(connection, traffic, monkeypatch, where):
    closing.aggregate_days(ALL_OVER)
    clean = tables(connection, traffic.site_no)
    start_over(connection, traffic.site_no)

    class Killed(BaseException):
        """As good as a SIGKILL: no handler of ours sees it."""

    calls = []

    def die(*args, **rest):
        calls.append(args)
        if where != "second day" or len(calls) == 2:
            raise Killed
        return real(*args, **rest)

    room, name = {
        "build_day": (build, "build_day"),
        "settle": (pending, "settle"),
        "note_day": (closing.hints, "note_day"),
    }.get(where, (build, "build_day"))
    real = getattr(room, name)
    with monkeypatch.context() as patched:
        patched.setattr(room, name, die)
        with pytest.raises(Killed):
            closing.aggregate_days(ALL_OVER)
    closing.aggregate_days(ALL_OVER)
    assert tables(connection, traffic.site_no) == clean
    assert not any(mark.startswith("pending site") for mark in marks())


def test_one_site_that_fails_does_not_keep_the_others_open(connection, add_site, store, monkeypatch):
    add_site("broken")
    add_site("fine")
    store(make(1, 60, site="broken", days=1) + make(2, 60, site="fine", days=1))
    real = build.build_day

    def fail(connection, site_no, day):
        if site_no == 1:
            raise RuntimeError("one site is broken")
        return real(connection, site_no, day)

    with monkeypatch.context() as patched:
        patched.setattr(build, "build_day", fail)
        with pytest.raises(ExceptionGroup):
            closing.aggregate_days(ALL_OVER)
    closed = "SELECT site_no, bool_and(closed) FROM site_days GROUP BY 1 ORDER BY 1"
    assert connection.execute(closed).fetchall() == [(1, False), (2, True)]
    assert connection.execute("SELECT finished_at FROM job_runs").fetchall() == [(None,)]
    closing.aggregate_days(ALL_OVER)
    assert connection.execute(closed).fetchall() == [(1, True), (2, True)]


def test_late_events_stay_in_the_month_and_get_their_uniques(connection, traffic, store):
    events = make(11, 250)
    closing.aggregate_days(Slot(at(2026, 11, 25, 6)))
    store(events)
    assert any(row[2] for row in days(connection))
    assert any(mark.startswith("pending site") for mark in marks())
    assert connection.execute(MONTH_IS_THE_SUM_OF_CLOSED_DAYS).fetchall() == []
    result = closing.aggregate_days(Slot(at(2026, 11, 25, 6, 15)))
    assert result["rebuilt"] >= 3
    assert result["closed"] == 0
    assert not any(row[2] for row in days(connection))
    assert not any(mark.startswith("pending site") for mark in marks())
    assert connection.execute(MONTH_IS_THE_SUM_OF_CLOSED_DAYS).fetchall() == []


def test_a_late_event_between_closing_and_settling_is_not_forgotten(connection, traffic, store, monkeypatch):
    closed_just_now = date(2026, 11, 21)
    late = [
        event for event in make(11, 250) if event.kind == "page_view" and local_day(event.time, ZONE) == closed_just_now
    ]
    real = closing.hints.note_day

    def come_late(day):
        if day == closed_just_now:
            store(late)
        real(day)

    with monkeypatch.context() as patched:
        patched.setattr(closing.hints, "note_day", come_late)
        closing.aggregate_days(ALL_OVER)
    dirty = {row[0] for row in days(connection) if row[2]}
    assert dirty
    waiting = {item.day for item in pending.waiting(pending.DAYS)}
    assert dirty <= waiting
    closing.aggregate_days(Slot(ALL_OVER.at + timedelta(minutes=15)))
    assert not any(row[2] for row in days(connection))


def test_a_drifted_rollup_is_found_measured_and_repaired(connection, traffic, capsys):
    closing.aggregate_days(ALL_OVER)
    clean = tables(connection, traffic.site_no)
    start_over(connection, traffic.site_no)
    connection.execute("UPDATE rollup_days SET pageviews = pageviews + 3 WHERE dimension = 0 AND day = '2026-11-21'")
    connection.execute("DELETE FROM rollup_hours WHERE hour = (SELECT min(hour) FROM rollup_hours)")
    capsys.readouterr()
    event = {"time": "2026-11-25T06:00:00Z"}
    assert daily_aggregation.handler(event, None)["differences"] >= 2
    assert '"ReconciliationDifferences":[' in capsys.readouterr().out.replace(" ", "")
    assert tables(connection, traffic.site_no) == clean
    assert connection.execute(MONTH_IS_THE_SUM_OF_CLOSED_DAYS).fetchall() == []


def test_a_day_that_lost_raw_events_is_closed_as_it_is(connection, traffic):
    connection.execute("UPDATE site_days SET whole = false")
    connection.execute("DELETE FROM events")
    before = counted(connection, traffic.site_no)["rollup_days"]
    assert closing.aggregate_days(ALL_OVER)["differences"] == 0
    assert counted(connection, traffic.site_no)["rollup_days"] == before


def test_receipts_of_which_nothing_was_heard_are_holes(connection, traffic):
    quarter = int(at(2026, 11, 22, 12).timestamp()) // 900
    connection.execute("INSERT INTO accounting VALUES (%s, %s, 9, 9, 5, 2, 0, 1)", [traffic.site_no, quarter])
    connection.execute(
        "INSERT INTO accounting VALUES (%s, %s, 9, 9)", [traffic.site_no, int(at(2026, 11, 25, 5).timestamp()) // 900]
    )
    connection.execute(
        "INSERT INTO accounting VALUES (%s, %s, 9, 9)", [traffic.site_no, int(at(2026, 11, 1).timestamp()) // 900]
    )
    assert closing.aggregate_days(ALL_OVER)["holes"] == 2


def test_a_lost_mark_is_found_when_there_is_other_work(connection, traffic):
    for item in pending.waiting(pending.DAYS)[1:]:
        pending.settle(item)
    closing.aggregate_days(ALL_OVER)
    assert all(row[1] for row in days(connection))


def test_the_hints_of_the_daily_jobs_move(connection, traffic):
    dynamo.put_item("status", {"pk": "hint", "sk": "retention", "day": "9999-12-31", "settings": "90/365"})
    settings.cache_clear()
    closing.aggregate_days(ALL_OVER)
    assert dynamo.get_item("status", {"pk": "hint", "sk": "retention"})["day"] == "2027-01-29"
    assert dynamo.get_item("status", {"pk": "hint", "sk": "traffic"})["day"] >= "2026-11-22"
