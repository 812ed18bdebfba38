"""Retention of rollups: a day goes with its attempts, out of its month, and takes no late event."""

from __future__ import annotations

from datetime import date

import pytest
from streamgauge.jobs import closing, retention
from streamgauge.jobs.slots import Slot

from tests.integration.jobs.conftest import at, us
from tests.integration.jobs.retention.conftest import ALL_RAW_DUE, hint, history, rollups, set_days, size
from tests.integration.jobs.test_daily_aggregation import MONTH_IS_THE_SUM_OF_CLOSED_DAYS


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
