"""Months and edges divide a range; the time before is cut where today is."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from streamgauge.clock import microseconds
from streamgauge.edge.parameters import ReportRange
from streamgauge.rollups.elapsed import before
from streamgauge.rollups.ranges import Span, next_month, parts

dates = st.dates(date(2023, 1, 1), date(2027, 1, 1))


@given(dates, st.integers(0, 800))
def test_months_less_what_lies_outside_and_days_are_the_range(start, length):
    end = start + timedelta(days=length)
    found = parts(start, end)
    of_months = [day for month in found.months for day in Span(month, next_month(month) - timedelta(days=1)).days]
    assert set(found.outside) < {*of_months, None}
    assert sorted({*of_months} - {*found.outside} | {*found.days}) == Span(start, end).days
    assert {*of_months}.isdisjoint(found.days)
    # No month costs more rows than half its days.
    assert len(found.outside) + len(found.days) <= 2 * 15 + 1


@given(dates, st.integers(0, 800))
def test_every_day_is_bounded(start, length):
    end = start + timedelta(days=length)
    found = parts(start, end)
    assert all(day.replace(day=1) in found.leaders or day in found.looked_through for day in Span(start, end).days)
    assert found.looseness >= 1


def test_a_month_is_taken_where_less_of_it_lies_outside():
    found = parts(date(2026, 2, 3), date(2026, 3, 10))
    assert found.months == [date(2026, 2, 1)]
    assert found.outside == [date(2026, 2, 1), date(2026, 2, 2)]
    assert found.days == Span(date(2026, 3, 1), date(2026, 3, 10)).days
    assert found.leaders == [date(2026, 2, 1), date(2026, 3, 1)]
    assert found.looked_through == []


def test_a_few_days_are_looked_through():
    found = parts(date(2026, 2, 10), date(2026, 2, 12))
    assert found.looked_through == found.days == Span(date(2026, 2, 10), date(2026, 2, 12)).days
    assert (found.months, found.leaders, found.looseness) == ([], [], 1)


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
