"""Hours and days in the zones that break simple clocks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from streamgauge.clock import (
    day_start,
    hour_and_day,
    hours_between,
    hours_of_day,
    instant,
    iso,
    local_day,
    microseconds,
    zone,
)

MICROSECOND = 1_000_000


def at(text: str) -> int:
    """Return microseconds of an ISO time with offset."""
    return microseconds(datetime.fromisoformat(text))


def hour(text: str, name: str) -> str:
    """Return the name of the local hour of an instant."""
    return iso(hour_and_day(at(text), name)[0], name)


@pytest.mark.parametrize(
    ("name", "moment", "expected"),
    [
        ("Asia/Kolkata", "2026-11-20T10:59:59+05:30", "2026-11-20T10:00:00+05:30"),
        ("Asia/Kathmandu", "2026-11-20T00:10:00+05:45", "2026-11-20T00:00:00+05:45"),
        ("America/St_Johns", "2026-11-20T23:59:59-03:30", "2026-11-20T23:00:00-03:30"),
        # Lord Howe turns back by half an hour: 01:30 comes twice, and the second one begins an hour of its own.
        ("Australia/Lord_Howe", "2026-04-05T01:59:59+11:00", "2026-04-05T01:00:00+11:00"),
        ("Australia/Lord_Howe", "2026-04-05T01:30:00+10:30", "2026-04-05T01:30:00+10:30"),
        ("Australia/Lord_Howe", "2026-04-05T02:00:00+10:30", "2026-04-05T02:00:00+10:30"),
        # … and forward: 02:00 becomes 02:30.
        ("Australia/Lord_Howe", "2026-10-04T02:45:00+11:00", "2026-10-04T02:30:00+11:00"),
        ("Europe/Berlin", "2026-10-25T02:30:00+02:00", "2026-10-25T02:00:00+02:00"),
        ("Europe/Berlin", "2026-10-25T02:30:00+01:00", "2026-10-25T02:00:00+01:00"),
    ],
)
def test_an_hour_begins_at_each_full_hour_and_at_each_change_of_offset(name: str, moment: str, expected: str) -> None:
    assert hour(moment, name) == expected


@pytest.mark.parametrize(
    ("name", "day", "expected"),
    [
        ("Asia/Kolkata", date(2026, 11, 20), "2026-11-20T00:00:00+05:30"),
        ("Europe/Berlin", date(2026, 10, 25), "2026-10-25T00:00:00+02:00"),
        # Midnight did not exist: the day began an hour later.
        ("America/Sao_Paulo", date(2018, 11, 4), "2018-11-04T01:00:00-02:00"),
        # The last hour of the day before came twice: the day begins after the second.
        ("America/Sao_Paulo", date(2018, 2, 18), "2018-02-18T00:00:00-03:00"),
        # Until 2011 the clocks of St John's changed at one minute past midnight.
        ("America/St_Johns", date(2010, 11, 7), "2010-11-07T00:00:00-02:30"),
    ],
)
def test_a_day_begins_at_its_first_instant(name: str, day: date, expected: str) -> None:
    assert iso(day_start(day, name), name) == expected


@pytest.mark.parametrize(
    ("name", "day", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("Australia/Lord_Howe", date(2026, 4, 5), 25),
        ("Australia/Lord_Howe", date(2026, 10, 4), 24),
        ("Asia/Kolkata", date(2026, 11, 20), 24),
        ("America/Sao_Paulo", date(2018, 11, 4), 23),
    ],
)
def test_the_hours_of_a_day_cover_it_without_a_hole(name: str, day: date, hours: int) -> None:
    begin, end = day_start(day, name) * MICROSECOND, day_start(day + timedelta(1), name) * MICROSECOND
    found = hours_between(begin, end - 1, name)
    assert len(found) == hours
    assert {found_day for _, found_day in found} == {day}
    assert found[0][0] == begin // MICROSECOND
    assert [(hour, iso(hour, name)) for hour, _ in found] == list(hours_of_day(day, name))
    # Minute by minute, every instant is in the last hour that began before it.
    starts = [start for start, _ in found]
    for minute in range(begin // MICROSECOND, end // MICROSECOND, 60):
        assert hour_and_day(minute * MICROSECOND, name)[0] == max(start for start in starts if start <= minute)


def test_a_day_that_its_zone_left_out_has_no_hours() -> None:
    assert hours_of_day(date(2011, 12, 30), "Pacific/Apia") == ()


def test_midnight_may_come_twice_and_its_minute_belongs_to_the_day_it_says() -> None:
    # 00:01 becomes 23:01 of the day before: one minute of Sunday, then an hour of Saturday again.
    assert local_day(at("2010-11-07T00:00:30-02:30"), "America/St_Johns") == date(2010, 11, 7)
    assert local_day(at("2010-11-06T23:30:00-03:30"), "America/St_Johns") == date(2010, 11, 6)


def test_instants_before_the_epoch_and_far_ahead_are_whole() -> None:
    for text in ("1969-12-31T23:59:59.999999+00:00", "1901-02-03T04:05:06+00:00", "2200-01-01T00:00:00+00:00"):
        assert instant(at(text)) == datetime.fromisoformat(text).astimezone(UTC)
    assert local_day(-1, "UTC") == date(1969, 12, 31)


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(KeyError):
        zone("Nowhere/City")
