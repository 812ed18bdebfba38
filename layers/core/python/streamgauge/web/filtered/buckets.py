"""The days or hours that a filtered report counts in, and the parameters that its statement takes for them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final, LiteralString, NamedTuple

from streamgauge.clock import EPOCH_ORDINAL, MICROSECONDS, day_start, hours_of_day, instant
from streamgauge.rollups.ranges import Span

if TYPE_CHECKING:
    from streamgauge.web.question import Question

_DAY: Final = timedelta(days=1)
_FIRST_DAY: Final[LiteralString] = """
SELECT min(day + 0) FROM visits
WHERE site_no = %(site_no)s AND last - start >= 72000000000 AND last >= %(first)s AND start < %(first)s
"""
"""The first day of the visits that reach over midnights into a range; by a thin index, which `min(day)` would pass by."""


class Buckets(NamedTuple):
    """Buckets in order: the local day that each lies in, its first instant, and where the last one ends, in microseconds."""

    days: list[date]
    firsts: list[int]
    end: int
    cut: bool
    """The last one ends before its day or hour does."""


def day_buckets(timezone: str, days: list[date], until: int | None = None) -> Buckets:
    """Return days; `until` cuts the last."""
    end = _start(timezone, days[-1] + _DAY) if until is None else until
    return Buckets(days, [_start(timezone, day) for day in days], end, until is not None)


def hour_buckets(timezone: str, days: list[date], until: int | None = None) -> Buckets:
    """Return the hours of days, of which `until` may cut the last; none are left of a single day when it is cut at its start."""
    end = _start(timezone, days[-1] + _DAY) if until is None else until
    hours = [(day, hour * MICROSECONDS) for day in days for hour, _ in hours_of_day(day, timezone)]
    begun = [(day, hour) for day, hour in hours if hour < end]
    return Buckets([day for day, _ in begun], [hour for _, hour in begun], end, until is not None)


def parameters(question: Question, buckets: Buckets) -> dict[str, Any]:
    """Return what every statement of `statement` takes."""
    first, end = buckets.firsts[0], buckets.end
    first_day, last_day = buckets.days[0], buckets.days[-1]
    before, after = first_day - _DAY, last_day + _DAY
    # A visit of the last day may hold what it is asked for after midnight.
    reach = end if buckets.cut else end + 86_400 * MICROSECONDS
    utc = Span(instant(first).date() - _DAY, instant(reach).date())
    since = question.read(_FIRST_DAY, {"site_no": question.site_no, "first": first})[0][0]
    return {
        **question.key,
        "low": before,
        "high": after,
        "since": min(since or before, before),
        "first_day": first_day,
        "last_day": last_day,
        "named_days": [*dict.fromkeys(buckets.days), before, after],
        "bucket_days": buckets.days,
        "firsts": [*buckets.firsts, end],
        "buckets": len(buckets.firsts),
        "first": first,
        "until": end,
        "reach": reach,
        "utc_low": utc.start,
        "utc_high": utc.end,
        "utc_days": utc.days,
        "utc_first": utc.start.toordinal() - EPOCH_ORDINAL,
    }


def _start(timezone: str, day: date) -> int:
    return day_start(day, timezone) * MICROSECONDS
