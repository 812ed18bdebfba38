"""Months and edges divide a range; the time before is cut where today is."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from streamgauge.clock import microseconds
from streamgauge.edge.parameters import ReportRange
from streamgauge.rollups.elapsed import before
from streamgauge.rollups.ranges import Span, edge_days, full_months, next_month

dates = st.dates(date(2023, 1, 1), date(2027, 1, 1))


@given(dates, st.integers(0, 800))
def test_months_and_edges_are_the_range(start, length):
    end = start + timedelta(days=length)
    months = full_months(start, end)
    inside = [day for month in months for day in Span(month, next_month(month) - timedelta(days=1)).days]
    assert sorted(inside + edge_days(start, end)) == Span(start, end).days


def test_a_month_is_full_only_as_a_whole():
    assert full_months(date(2026, 2, 1), date(2026, 2, 28)) == [date(2026, 2, 1)]
    assert full_months(date(2026, 2, 2), date(2026, 3, 30)) == []
    assert full_months(date(2026, 11, 15), date(2027, 1, 31)) == [date(2026, 12, 1), date(2027, 1, 1)]


def _at(text: str) -> int:
    return microseconds(datetime.fromisoformat(text))


def test_past_days_are_compared_whole():
    found = before(ReportRange(date(2026, 3, 8), date(2026, 3, 14), "Europe/Berlin"), _at("2026-05-01T12:00:00+00:00"))
    assert found.whole == Span(date(2026, 3, 1), date(2026, 3, 7))
    assert found.cut_day is None


def test_the_time_before_is_cut_at_the_same_time_of_day():
    # The clocks went forward on 29 March 2026: noon stays noon.
    found = before(ReportRange(date(2026, 3, 25), date(2026, 3, 31), "Europe/Berlin"), _at("2026-03-31T12:30:00+02:00"))
    assert found.whole == Span(date(2026, 3, 18), date(2026, 3, 23))
    assert found.cut_day == date(2026, 3, 24)
    assert found.until == _at("2026-03-24T12:30:00+01:00")


def test_today_is_compared_with_the_same_part_of_yesterday():
    found = before(ReportRange(date(2026, 3, 31), date(2026, 3, 31), "UTC"), _at("2026-03-31T00:00:00.000001+00:00"))
    assert found.whole is None
    assert found.cut_day == date(2026, 3, 30)
    assert found.until == _at("2026-03-30T00:00:00.000001+00:00")


def test_a_range_that_goes_on_after_today_is_cut_where_today_is():
    found = before(ReportRange(date(2026, 3, 1), date(2026, 3, 10), "UTC"), _at("2026-03-04T06:00:00+00:00"))
    assert found.whole == Span(date(2026, 2, 19), date(2026, 2, 21))
    assert found.cut_day == date(2026, 2, 22)
    assert found.until == _at("2026-02-22T06:00:00+00:00")


@given(st.datetimes(datetime(2025, 1, 1), datetime(2026, 12, 1)), st.integers(1, 40))  # noqa: DTZ001
def test_the_cut_lies_in_its_day(moment, days):
    now = microseconds(moment.replace(tzinfo=UTC))
    today = moment.date()
    found = before(ReportRange(today - timedelta(days=days - 1), today, "UTC"), now)
    assert found.cut_day == today - timedelta(days=days)
    assert found.until == microseconds(moment.replace(tzinfo=UTC) - timedelta(days=days))
