"""Closing hours: totals that differ from their raw events are found, measured and repaired."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from streamgauge.jobs import closing, hours
from streamgauge.jobs.slots import Slot
from streamgauge.rollups import build
from streamgauge.settings import settings
from streamgauge.warehouse import pending

from functions.schedules import hourly_aggregation
from tests.integration.jobs.conftest import SITE, ZONE, at, marks, us
from tests.traffic.made_up import make
from tests.traffic.tables import counted

# Seen from the last hour of the traffic, all its hours are of the last 26.
NOON = Slot(at(2026, 11, 21, 12))
LATE = Slot(at(2026, 11, 23, 0))


@pytest.fixture
def traffic(add_site, store):
    site = add_site()
    store(make(3, 150, days=1), now=us(at(2026, 11, 21)))
    return site


def waiting_hours():
    return [int(item.period) for item in pending.waiting(pending.HOURS)]


def test_an_idle_run_asks_no_postgres(aws, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    assert hours.aggregate_hours(NOON) == {"due": 0}
    assert hourly_aggregation.handler({}, None)["due"] == 0


def test_only_the_slots_of_the_interval_do_something(aws, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    pending.mark(SITE, ZONE, 0.0, hours=[NOON.second - 7200])
    assert hours.aggregate_hours(Slot(NOON.at + timedelta(minutes=15))) == {"due": 0}
    monkeypatch.setenv("ANALYTICS_AGGREGATION_INTERVAL", "6h")
    settings.cache_clear()
    assert hours.aggregate_hours(Slot(NOON.at + timedelta(hours=1))) == {"due": 0}
    assert waiting_hours()


def test_an_hour_ends_where_the_next_begins():
    assert hours.hour_end(1_795_251_600, ZONE) == 1_795_255_200
    # Lord Howe sets its clocks back by half an hour at 15:00 UTC on 4 April 2026: 01:30 comes twice.
    change = int(at(2026, 4, 4, 15).timestamp())
    assert hours.hour_end(change - 3600, "Australia/Lord_Howe") == change
    assert hours.hour_end(change, "Australia/Lord_Howe") == change + 1800


def test_the_running_hour_waits(connection, traffic):
    last = max(waiting_hours())
    result = hours.aggregate_hours(Slot(at(2026, 11, 21, 0), by_hand=True))
    assert result["differences"] == 0
    assert all(hours.hour_end(hour, ZONE) > int(at(2026, 11, 21, 0).timestamp()) for hour in waiting_hours())
    hours.aggregate_hours(LATE)
    assert last not in waiting_hours()
    assert waiting_hours() == []


def test_a_drifted_hour_is_repaired_once(connection, traffic, capsys):
    clean = counted(connection, traffic.site_no)
    connection.execute(
        "UPDATE rollup_hours SET pageviews = pageviews + 1 WHERE hour = (SELECT max(hour) FROM rollup_hours)"
    )
    connection.execute(
        "DELETE FROM rollup_hours WHERE hour = (SELECT min(hour) FROM rollup_hours WHERE hour >= %s)",
        [min(waiting_hours())],
    )
    assert hours.aggregate_hours(LATE)["differences"] >= 2
    assert counted(connection, traffic.site_no) == clean
    assert hours.aggregate_hours(LATE) == {"due": 0}


def test_a_slot_that_is_done_is_not_done_again(connection, traffic):
    assert hours.aggregate_hours(LATE)["hours"] > 0
    pending.mark(SITE, ZONE, 0.0, hours=[NOON.second])
    pending.forget()
    assert hours.aggregate_hours(LATE)["done_before"] == 1
    assert waiting_hours() == [NOON.second]
    assert hours.aggregate_hours(Slot(LATE.at + timedelta(hours=1)))["hours"] == 1


def test_a_closed_day_keeps_its_month_right_when_an_hour_is_repaired(connection, traffic):
    closing.aggregate_days(Slot(at(2026, 11, 22, 12)))
    month = "SELECT pageviews FROM rollup_months WHERE dimension = 0 AND NOT bots"
    before = connection.execute(month).fetchall()
    connection.execute(
        "UPDATE rollup_hours SET pageviews = pageviews + 1 WHERE hour = (SELECT max(hour) FROM rollup_hours WHERE hour < %s)",
        [int(at(2026, 11, 20, 22).timestamp())],
    )
    hours.aggregate_hours(LATE)
    assert connection.execute(month).fetchall() == before
    assert date(2026, 11, 20) in {row[0] for row in connection.execute("SELECT day FROM site_days").fetchall()}
    assert not [mark for mark in marks() if mark.startswith("pending#hours")]


def test_the_uniques_of_the_open_day_are_built(connection, traffic, monkeypatch):
    monkeypatch.setattr(build, "FEW_VISITORS", 0)
    hours.aggregate_hours(NOON)
    blocks = connection.execute(
        "SELECT day, as_of IS NULL FROM unique_blocks WHERE site_no = %s", [traffic.site_no]
    ).fetchall()
    assert blocks
    assert not any(complete for _, complete in blocks)
