"""Retention of raw events: they go by their day, history by its receipt, and rollups stay."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from streamgauge.jobs import closing, raw_retention, retention
from streamgauge.jobs.slots import Slot
from streamgauge.store import dynamo
from streamgauge.warehouse import partitions

from functions.schedules import retention as function
from tests.integration.jobs.conftest import at, partition_days, us
from tests.integration.jobs.retention.conftest import ALL_RAW_DUE, STATE, hint, history, rollups, set_days, size
from tests.integration.jobs.test_daily_aggregation import MONTH_IS_THE_SUM_OF_CLOSED_DAYS
from tests.traffic.made_up import make
from tests.traffic.tables import counted


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
