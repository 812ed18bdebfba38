"""Days and hours of a site: pure functions of an instant and an IANA time zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

MICROSECONDS = 1_000_000
EPOCH_ORDINAL = date(1970, 1, 1).toordinal()


@lru_cache(maxsize=512)
def zone(name: str) -> ZoneInfo:
    """Return the time zone of an IANA name. Raises zoneinfo.ZoneInfoNotFoundError for an unknown one."""
    return ZoneInfo(name)


def instant(microseconds: int) -> datetime:
    """Return the aware UTC time of microseconds since the epoch."""
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=microseconds)


def microseconds(moment: datetime) -> int:
    """Return whole microseconds since the epoch of an aware time."""
    return (moment - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1)


def day_start(day: date, zone_name: str) -> int:
    """Return the first second (epoch) of a local day; where midnight does not exist, the first instant after the gap."""
    tz = zone(zone_name)
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=tz).astimezone(UTC)
    low, high = noon - timedelta(hours=16), noon
    # Bisection over whole seconds: local dates never run backwards over a midnight, so the change of date is one instant.
    first, last = int(low.timestamp()), int(high.timestamp())
    while last - first > 1:
        middle = (first + last) // 2
        if datetime.fromtimestamp(middle, tz).date() >= day:
            last = middle
        else:
            first = middle
    return last


@lru_cache(maxsize=65_536)
def _hour_of_half_minute(half_minute: int, zone_name: str) -> tuple[int, date]:
    """Return (start of the local hour, local day) of half a minute: offsets since 1970 change on nothing finer."""
    tz = zone(zone_name)
    second = half_minute * 30
    local = datetime.fromtimestamp(second, tz)
    start = second - local.minute * 60 - local.second
    # An hour also begins at each change of offset: step forward to the change when the offset at the start differs.
    if datetime.fromtimestamp(start, tz).utcoffset() != local.utcoffset():
        low, high = start, second
        while high - low > 1:
            middle = (low + high) // 2
            if datetime.fromtimestamp(middle, tz).utcoffset() == local.utcoffset():
                high = middle
            else:
                low = middle
        start = high
    return start, local.date()


def hour_and_day(microseconds_: int, zone_name: str) -> tuple[int, date]:
    """Return (first second of the local hour, local day) of an instant in microseconds."""
    return _hour_of_half_minute(microseconds_ // (30 * MICROSECONDS), zone_name)


def local_day(microseconds_: int, zone_name: str) -> date:
    """Return the local day of an instant in microseconds."""
    return hour_and_day(microseconds_, zone_name)[1]


def iso(second: int, zone_name: str) -> str:
    """Return an instant (epoch seconds) as ISO 8601 in the zone, with its offset."""
    return datetime.fromtimestamp(second, zone(zone_name)).isoformat()


def hours_between(first: int, last: int, zone_name: str) -> list[tuple[int, date]]:
    """Return (first second, local day) of every local hour from that of `first` to that of `last`, both microseconds."""
    start = hour_and_day(first, zone_name)
    end = hour_and_day(last, zone_name)
    if start == end:
        return [start]
    found = [start]
    # Half hours exist (a change of offset by 30 minutes), quarters of hours begin none but by such a change.
    moment = (start[0] + 900) * MICROSECONDS
    while found[-1] != end:
        hour = hour_and_day(moment, zone_name)
        if hour != found[-1]:
            found.append(hour)
        moment += 900 * MICROSECONDS
    return found


@lru_cache(maxsize=1024)
def hours_of_day(day: date, zone_name: str) -> tuple[tuple[int, str], ...]:
    """Return (first second, ISO 8601) of every hour of a local day; none of a day that its zone left out."""
    first, until = (day_start(one, zone_name) * MICROSECONDS for one in (day, day + timedelta(days=1)))
    if first == until:
        return ()
    return tuple((hour, iso(hour, zone_name)) for hour, _ in hours_between(first, until - 1, zone_name))
