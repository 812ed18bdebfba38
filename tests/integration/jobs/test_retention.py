"""Retention: raw rows go, rollups stay; history goes by its receipt; whatever interrupts it, the end is the same."""

from __future__ import annotations

import threading
from datetime import date, timedelta

import msgspec
import psycopg
import pytest
from streamgauge.imports import days as imported_days
from streamgauge.imports.models import ImportedRows
from streamgauge.jobs import closing, hints, raw_retention, retention, rollup_retention
from streamgauge.jobs.slots import Slot
from streamgauge.rollups.imported import first_own_day
from streamgauge.settings import settings
from streamgauge.store import dynamo
from streamgauge.warehouse import partitions, pending

from functions.schedules import retention as function
from tests.integration.jobs.conftest import SITE, at, partition_days, us
from tests.integration.jobs.test_daily_aggregation import MONTH_IS_THE_SUM_OF_CLOSED_DAYS, tables
from tests.support.stamped import stamped
from tests.traffic.made_up import make
from tests.traffic.tables import counted

ROLLUPS = (
    "rollup_days",
    "rollup_hours",
    "rollup_videos",
    "view_counters",
    "rollup_months",
    "uniques",
    "unique_blocks",
)
STATE = ("visits", "playbacks", "visitor_days")
CLOSED = Slot(at(2026, 8, 8, 6))
ALL_RAW_DUE = Slot(at(2026, 11, 10, 3, 15))
"""91 days after the last of the traffic, which is of the first days of August."""


@pytest.fixture
def traffic(add_site, store):
    site = add_site()
    store(make(5, 200, start=date(2026, 8, 1)))
    closing.aggregate_days(CLOSED)
    return site


def history(seed, count, *, received, site=SITE, start=date(2026, 8, 1)):
    """Return imported events, received at a moment."""
    events = make(seed, count, start=start, days=1, site=site)
    return [msgspec.structs.replace(event, historical=True, received=us(received)) for event in events]


def size(connection, table):
    return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


def rollups(connection, site_no):
    found = tables(connection, site_no)
    return {name: found[name] for name in ROLLUPS}


def hint():
    return dynamo.get_item("status", {"pk": "hint", "sk": "retention"})["day"]


def set_days(monkeypatch, raw=None, kept=None):
    for name, days in (("ANALYTICS_RETENTION_DAYS", raw), ("ANALYTICS_ROLLUP_RETENTION_DAYS", kept)):
        if days is not None:
            monkeypatch.setenv(name, str(days))
    settings.cache_clear()


def everything(connection, site_no):
    found = tables(connection, site_no)
    found["partitions"] = [partition_days(connection, table) for table in partitions.TABLES]
    found["event_ids"] = size(connection, "event_ids")
    found["history"] = connection.execute("SELECT day, history_received FROM site_days ORDER BY 1").fetchall()
    return found


def test_an_idle_run_asks_no_postgres(aws, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    dynamo.put_item("status", {"pk": "hint", "sk": "retention", "day": "2026-11-11", "settings": "90/365"})
    assert function.handler({"time": "2026-11-10T03:20:00Z"}, None)["due"] == 0


@pytest.mark.parametrize("reason", ["no hint", "its day has come", "other settings", "by hand"])
def test_looks_when_there_may_be_something(connection, reason):
    known = {
        "its day has come": {"day": "2026-11-10", "settings": "90/365"},
        "other settings": {"day": "9999-12-31", "settings": "30/365"},
        "by hand": {"day": "9999-12-31", "settings": "90/365"},
    }
    if reason in known:
        dynamo.put_item("status", {"pk": "hint", "sk": "retention", **known[reason]})
    assert retention.remove_old(Slot(ALL_RAW_DUE.at, by_hand=reason == "by hand"))["partitions"] == 0
    assert hint() == "9999-12-31"
    assert retention.remove_old(Slot(ALL_RAW_DUE.at + timedelta(days=1))) == {"due": 0}


def test_raw_events_go_and_rollups_stay(connection, traffic):
    before = rollups(connection, traffic.site_no)
    assert size(connection, "events") > 0
    result = retention.remove_old(ALL_RAW_DUE)
    assert result["partitions"] >= 6
    assert partition_days(connection) == partition_days(connection, "views") == []
    assert rollups(connection, traffic.site_no) == before
    assert [size(connection, table) for table in STATE] == [0, 0, 0]
    assert connection.execute("SELECT count(*) FILTER (WHERE whole) FROM site_days").fetchone() == (0,)
    assert connection.execute(MONTH_IS_THE_SUM_OF_CLOSED_DAYS).fetchall() == []


def test_a_day_stays_as_long_as_it_is_kept(connection, traffic):
    # 3 August minus 90 days is 1 November: that day's partition is due on the 2nd.
    retention.remove_old(Slot(at(2026, 11, 1, 3, 15)))
    assert min(partition_days(connection)) == date(2026, 8, 3)
    assert hint() <= "2026-11-02"
    lost = {row[0] for row in connection.execute("SELECT day FROM site_days WHERE NOT whole").fetchall()}
    # The 2nd of Berlin has lost its evening of the 1st (UTC) and the rest of itself; the 3rd only its first two hours.
    assert date(2026, 8, 2) in lost
    assert date(2026, 8, 4) not in lost
    # State stays while its day, or the next, can still change.
    changeable = {
        day
        for whole in connection.execute("SELECT day FROM site_days WHERE whole").fetchall()
        for day in (whole[0], whole[0] - timedelta(days=1))
    }
    left = {row[0] for row in connection.execute("SELECT day FROM visitor_days").fetchall()}
    assert left <= changeable
    assert date(2026, 8, 1) not in left


def test_retention_for_ever_keeps_everything(connection, traffic, monkeypatch):
    set_days(monkeypatch, raw=0, kept=0)
    before = counted(connection, traffic.site_no)
    retention.remove_old(Slot(at(2036, 1, 1)))
    assert counted(connection, traffic.site_no) == before
    assert hint() == "9999-12-31"


def test_a_day_that_nobody_closed_is_closed_before_it_loses_its_events(connection, add_site, store):
    site = add_site()
    store(make(5, 120, start=date(2026, 8, 1)))
    connection.execute("UPDATE rollup_days SET pageviews = pageviews + 1 WHERE dimension = 0 AND day = '2026-08-02'")
    retention.remove_old(ALL_RAW_DUE)
    assert connection.execute("SELECT bool_and(closed), bool_or(dirty) FROM site_days").fetchone() == (True, False)
    assert connection.execute(MONTH_IS_THE_SUM_OF_CLOSED_DAYS).fetchall() == []
    assert size(connection, "uniques") > 0
    after = counted(connection, site.site_no)["rollup_days"]
    connection.execute(
        "TRUNCATE rollup_days, rollup_hours, rollup_videos, rollup_video_curves, rollup_video_values, event_ids, site_days"
    )
    store(make(5, 120, start=date(2026, 8, 1)))
    assert counted(connection, site.site_no)["rollup_days"] == after


def test_history_stays_until_its_receipt_is_old(connection, traffic, store, add_site):
    other = add_site("importer")
    store(history(9, 60, received=at(2026, 10, 1), site="importer"), now=us(at(2026, 10, 1)))
    closing.aggregate_days(Slot(at(2026, 10, 2)))
    kept = size(connection, f"events WHERE site_no = {other.site_no}")
    before = rollups(connection, other.site_no)
    retention.remove_old(ALL_RAW_DUE)
    assert size(connection, f"events WHERE site_no = {traffic.site_no}") == 0
    assert size(connection, f"events WHERE site_no = {other.site_no}") == kept > 0
    whole = (
        "SELECT site_no, bool_and(whole), bool_or(whole), max(history_received) FROM site_days GROUP BY 1 ORDER BY 1"
    )
    assert connection.execute(whole).fetchall() == [(1, False, False, None), (2, True, True, None)]
    assert hint() == "2026-12-31"

    retention.remove_old(Slot(at(2026, 12, 30, 3)))
    assert size(connection, "events") == kept
    retention.remove_old(Slot(at(2026, 12, 31, 3)))
    assert partition_days(connection) == []
    assert connection.execute(whole).fetchall()[1] == (2, False, False, date(2026, 10, 1))
    assert rollups(connection, other.site_no) == before


def test_history_that_comes_while_its_day_leaves_is_kept(connection, traffic, store, add_site, monkeypatch):
    add_site("importer")
    late = history(9, 40, received=at(2026, 11, 9), site="importer")
    real = partitions._alone
    came = []

    def come(own, statement):
        if not came:
            came.append(True)
            store(late, now=us(at(2026, 11, 9)))
        real(own, statement)

    with monkeypatch.context() as patched:
        patched.setattr(partitions, "_alone", come)
        retention.remove_old(ALL_RAW_DUE)
    assert came
    stored = size(connection, "events WHERE site_no = 2") + size(connection, "views WHERE site_no = 2")
    assert stored == len(late)
    assert size(connection, "events WHERE site_no = 1") == 0


def test_rollups_go_after_their_own_time_and_the_month_with_them(connection, traffic):
    retention.remove_old(ALL_RAW_DUE)
    # 2 August and 365 days: on 3 August of the next year the 2nd is due.
    retention.remove_old(Slot(at(2027, 8, 3, 3)))
    days = {row[0] for row in connection.execute("SELECT DISTINCT day FROM rollup_days").fetchall()}
    assert min(days) == date(2026, 8, 3)
    assert min(row[0] for row in connection.execute("SELECT day FROM site_days").fetchall()) == date(2026, 8, 3)
    assert connection.execute(MONTH_IS_THE_SUM_OF_CLOSED_DAYS).fetchall() == []
    buckets = {row[0] for row in connection.execute("SELECT bucket FROM view_counters").fetchall()}
    assert "day#2026-08-02" not in buckets
    assert {"day#2026-08-03", "month#2026-08", "total"} <= buckets
    assert hint() == "2027-08-04"
    retention.remove_old(Slot(at(2028, 1, 1, 3)))
    assert [size(connection, table) for table in ("rollup_days", "rollup_months", "rollup_hours", "rollup_videos")] == [
        0
    ] * 4
    assert [size(connection, table) for table in ("uniques", "unique_blocks", "site_days", "accounting")] == [0] * 4
    assert {row[0] for row in connection.execute("SELECT bucket FROM view_counters").fetchall()} == {"total"}
    assert hint() == "9999-12-31"


def test_attempts_of_funnels_go_with_the_rollups_of_their_day(connection, traffic):
    connection.execute("INSERT INTO funnels (funnel_id, site_no, definition) VALUES ('f', %s, '{}')", [traffic.site_no])
    connection.execute(
        "INSERT INTO funnel_days (funnel_no, day, bots, version, changes, persons, entries, taken, gaps)"
        " SELECT funnel_no, day, false, 1, 0, '', '', '', '' FROM funnels JOIN site_days USING (site_no)"
    )
    retention.remove_old(ALL_RAW_DUE)
    retention.remove_old(Slot(at(2027, 8, 3, 3)))
    assert connection.execute("SELECT min(day) FROM funnel_days").fetchone() == (date(2026, 8, 3),)


def test_rollups_of_history_are_kept_from_its_receipt(connection, add_site, store):
    site = add_site()
    store(history(9, 60, received=at(2026, 11, 1), start=date(2020, 5, 5)), now=us(at(2026, 11, 1)))
    closing.aggregate_days(Slot(at(2026, 11, 1, 6)))
    before = rollups(connection, site.site_no)
    # The raw rows are there and say so; then they have gone, and the day remembers.
    retention.remove_old(Slot(at(2026, 11, 2, 3)))
    assert rollups(connection, site.site_no) == before
    retention.remove_old(Slot(at(2027, 2, 1, 3)))
    assert size(connection, "events") == 0
    retention.remove_old(Slot(at(2027, 11, 1, 3)))
    assert rollups(connection, site.site_no) == before
    retention.remove_old(Slot(at(2027, 11, 2, 3)))
    assert size(connection, "rollup_days") == size(connection, "site_days") == 0


def test_rollups_shorter_than_raw_events_leave_a_day_that_takes_no_late_event(connection, traffic, store, monkeypatch):
    set_days(monkeypatch, raw=0, kept=60)
    retention.remove_old(ALL_RAW_DUE)
    assert size(connection, "events") > 0
    assert size(connection, "rollup_days") == size(connection, "visitor_days") == 0
    assert connection.execute("SELECT bool_or(whole), bool_and(closed) FROM site_days").fetchone() == (False, True)
    with pytest.raises(AssertionError):
        store(history(9, 5, received=at(2026, 11, 1), start=date(2026, 8, 2)), now=us(at(2026, 11, 1)))
    assert size(connection, "rollup_days") == 0
    assert retention.remove_old(Slot(at(2026, 11, 11, 3), by_hand=True))["days"] == 0


def import_days(connection, site, *, imported, first, count):
    piece = ImportedRows(
        source="plausible",
        rows=[{"date": first + timedelta(days=step), "visitors": 1, "visits": 1} for step in range(count)],
    )
    imported_days.put(connection, site, f"{imported:%Y-%m-%d}", "totals", piece)
    connection.execute("UPDATE imports SET updated_at = %s WHERE import_id = %s", [imported, f"{imported:%Y-%m-%d}"])


def imported_left(connection):
    return [row[0] for row in connection.execute("SELECT day FROM imported_days ORDER BY day").fetchall()]


def test_imported_days_are_kept_as_rollups_from_their_import_on(connection, add_site):
    site = add_site()
    import_days(connection, site, imported=at(2026, 3, 1), first=date(2020, 1, 1), count=2)
    import_days(connection, site, imported=at(2026, 6, 1, 12), first=date(2021, 1, 1), count=1)
    hints.set_retention(None)
    hints.note_import(date(2026, 3, 1))
    assert hint() == "2027-03-02"
    retention.remove_old(Slot(at(2027, 3, 1, 6), by_hand=True))
    assert len(imported_left(connection)) == 3
    assert hint() == "2027-03-02"
    retention.remove_old(Slot(at(2027, 3, 2, 6)))
    assert imported_left(connection) == [date(2021, 1, 1)]
    assert size(connection, "imports") == 1
    assert hint() == "2027-06-02"
    retention.remove_old(Slot(at(2027, 6, 2, 6)))
    assert (size(connection, "imported_days"), size(connection, "imports")) == (0, 0)


def test_imported_days_that_were_not_shown_never_come_up(connection, traffic):
    # Own days leave before the imported ones, which were imported later.
    first = first_own_day(lambda *asked: connection.execute(*asked).fetchall(), traffic.site_no)
    before = first - timedelta(days=2)
    import_days(connection, traffic, imported=at(2027, 1, 1), first=before, count=10)
    retention.remove_old(Slot(at(2027, 8, 20, 3, 15)))
    assert size(connection, "rollup_days") == 0
    assert imported_left(connection) == [before, before + timedelta(days=1)]


def test_traits_go_with_the_rollups_of_the_day_on_which_they_were_told(connection, add_site, store):
    add_site()
    at_noon = us(at(2026, 8, 1, 12))
    told = {"name": "identify", "user_id": "u"}
    store([stamped("identify", at_noon, properties={"plan": "pro", "age": 7}, **told)])
    store([stamped("identify", at_noon + 86_400_000_000, properties={"plan": "team"}, **told)])
    retention.remove_old(Slot(at(2027, 8, 1, 3), by_hand=True))
    assert connection.execute("SELECT count(*) FROM user_traits").fetchone() == (2,)
    retention.remove_old(Slot(at(2027, 8, 2, 3), by_hand=True))
    assert connection.execute("SELECT name, value FROM user_traits").fetchall() == [("plan", "team")]
    retention.remove_old(Slot(at(2027, 8, 3, 3), by_hand=True))
    assert connection.execute("SELECT count(*) FROM user_traits").fetchone() == (0,)


def test_ids_receipts_runs_and_anchors_go_when_nothing_needs_them(connection, traffic):
    day = "INSERT INTO event_ids (digest, writer, quarter, n, kept_until, site_no) VALUES (gen_random_uuid(), 0, 0, 0, %s, 1)"
    connection.execute("TRUNCATE event_ids")
    for until in ("2026-11-09", "2026-11-10", "2026-12-24", "infinity"):
        connection.execute(day, [until])
    old, new = (int(day.timestamp()) // 900 for day in (at(2026, 8, 30), at(2026, 9, 2)))
    connection.execute("TRUNCATE lost_receipts")
    connection.execute("INSERT INTO lost_receipts VALUES (1, %s, 1, 1, 1), (1, %s, 1, 1, 1)", [old, new])
    connection.execute("INSERT INTO job_runs VALUES ('x', 'old', '2025-01-01')")
    assert retention.remove_old(ALL_RAW_DUE)["event_ids"] == 1
    assert size(connection, "event_ids") == 3
    assert connection.execute("SELECT quarter FROM lost_receipts").fetchall() == [(new,)]
    assert size(connection, "anchors") == 0
    assert size(connection, "job_runs WHERE slot = 'old'") == 0
    assert size(connection, "accounting") > 0
    retention.remove_old(Slot(at(2026, 11, 20, 3)))
    assert hint() == "2026-12-25"


@pytest.mark.parametrize("chunk", [7])
def test_due_rows_among_kept_ones_are_deleted_in_chunks(connection, traffic, store, monkeypatch, chunk):
    monkeypatch.setattr(raw_retention, "CHUNK_ROWS", chunk)
    # The history is of the same site and the same days, and was received later.
    store(history(9, 60, received=at(2026, 10, 1)), now=us(at(2026, 10, 1)))
    mixed = size(connection, "events") + size(connection, "views")
    retention.remove_old(ALL_RAW_DUE)
    left = size(connection, "events WHERE flags & 2 <> 0") + size(connection, "views WHERE flags & 2 <> 0")
    assert left == size(connection, "events") + size(connection, "views") == 60 < mixed
    assert not connection.execute("SELECT FROM site_days WHERE day = '2026-08-01' AND whole").fetchall()


class Killed(BaseException):
    """As good as a SIGKILL: no handler of ours sees it."""


def once(slot):
    retention.remove_old(slot)


def twice(slot):
    retention.remove_old(slot)
    retention.remove_old(Slot(slot.at, by_hand=True))
    retention.remove_old(Slot(slot.at + timedelta(minutes=1), by_hand=True))


def ten_at_once(slot):
    failures = []

    def run():
        try:
            retention.remove_old(slot)
        except Exception as error:  # noqa: BLE001 - shown by the assertion below
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def killed(room, name, call):
    """Return a way to run: killed at a call of a function, then run again."""

    def run(slot):
        real = getattr(room, name)
        calls = []

        def die(*args, **rest):
            calls.append(args)
            if len(calls) == call:
                raise Killed
            return real(*args, **rest)

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(room, name, die)
            with pytest.raises(Killed):
                retention.remove_old(slot)
        retention.remove_old(slot)

    return run


WAYS = [
    twice,
    ten_at_once,
    killed(raw_retention, "mark_lost", 2),
    killed(partitions, "remove", 1),
    killed(partitions, "_alone", 3),
    killed(rollup_retention, "refuse_due_days", 1),
    killed(rollup_retention, "remove_day", 2),
    killed(retention, "_delete_ids", 1),
    killed(retention, "_next_due", 1),
]


def test_twice_ten_at_once_and_killed_half_way_end_alike(connection, traffic, store, database_url, monkeypatch):
    store(history(9, 60, received=at(2026, 10, 1), start=date(2020, 5, 5)), now=us(at(2026, 10, 1)))
    closing.aggregate_days(Slot(at(2026, 10, 2)))
    connection.close()
    source = psycopg.conninfo.conninfo_to_dict(database_url)["dbname"]
    outcomes = []
    for number, way in enumerate([once, *WAYS]):
        name = f"{source}_{number}"
        with psycopg.connect(psycopg.conninfo.make_conninfo(database_url, dbname="postgres"), autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE {name} TEMPLATE {source}")
        monkeypatch.setenv("DATABASE_URL", psycopg.conninfo.make_conninfo(database_url, dbname=name))
        settings.cache_clear()
        dynamo.delete_item("status", {"pk": "hint", "sk": "retention"})
        # All raw events are due, and the rollups of two days of August.
        way(Slot(at(2027, 8, 3, 3)))
        with psycopg.connect(settings().text("DATABASE_URL"), autocommit=True) as after:
            outcomes.append(everything(after, traffic.site_no))
            del outcomes[-1]["job_runs"]
    for way, outcome in zip(WAYS, outcomes[1:], strict=True):
        assert outcome == outcomes[0], way
    assert outcomes[0]["partitions"] == [[] for _ in partitions.TABLES]
    assert outcomes[0]["rollup_days"]


def test_killed_between_two_days_of_rollups(connection, traffic, monkeypatch):
    retention.remove_old(ALL_RAW_DUE)
    real = rollup_retention.remove_day
    calls = []

    def die(*args):
        calls.append(args)
        if len(calls) == 2:
            raise Killed
        real(*args)

    with monkeypatch.context() as patched:
        patched.setattr(rollup_retention, "remove_day", die)
        with pytest.raises(Killed):
            retention.remove_old(Slot(at(2027, 8, 3, 3)))
    assert connection.execute(MONTH_IS_THE_SUM_OF_CLOSED_DAYS).fetchall() == []
    retention.remove_old(Slot(at(2027, 8, 3, 3)))
    assert min(row[0] for row in connection.execute("SELECT day FROM rollup_days").fetchall()) == date(2026, 8, 3)
    assert connection.execute(MONTH_IS_THE_SUM_OF_CLOSED_DAYS).fetchall() == []
    assert pending.waiting(pending.DAYS) == []
