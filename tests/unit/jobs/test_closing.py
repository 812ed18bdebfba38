"""When a local day may be closed."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from streamgauge.jobs.closing import due_second
from streamgauge.settings import settings


def utc(*parts):
    return int(datetime(*parts, tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("day", "zone", "at", "due"),
    [
        (date(2026, 11, 20), "UTC", None, utc(2026, 11, 21)),
        (date(2026, 11, 20), "Asia/Kathmandu", None, utc(2026, 11, 20, 18, 15)),
        (date(2026, 11, 20), "Europe/Berlin", "03:30", utc(2026, 11, 21, 2, 30)),
        (date(2026, 11, 20), "Europe/Berlin", "00:00", utc(2026, 11, 20, 23)),
        # 02:30 does not exist on 29 March 2026 in Berlin: taken with the offset before the change.
        (date(2026, 3, 28), "Europe/Berlin", "02:30", utc(2026, 3, 29, 1, 30)),
        # Midnight does not exist on 6 September 2026 in Santiago: the day begins at 01:00.
        (date(2026, 9, 5), "America/Santiago", None, utc(2026, 9, 6, 4)),
        (date(2026, 9, 5), "America/Santiago", "00:30", utc(2026, 9, 6, 4, 30)),
    ],
)
def test_a_day_is_due_at_the_aggregation_time_of_the_next(day, zone, at, due):
    assert due_second(day, zone, {} if at is None else {"aggregation_time": at}) == due


@pytest.mark.parametrize("name", ["ANALYTICS_AGGREGATION_TIME", "AGGREGATION_TIME"])
def test_the_stage_sets_the_time_of_sites_that_do_not(monkeypatch, name):
    monkeypatch.setenv(name, "05:00")
    settings.cache_clear()
    assert due_second(date(2026, 11, 20), "UTC", {}) == utc(2026, 11, 21, 5)
    assert due_second(date(2026, 11, 20), "UTC", {"aggregation_time": "06:15"}) == utc(2026, 11, 21, 6, 15)
    settings.cache_clear()
