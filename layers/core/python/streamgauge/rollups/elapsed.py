"""The time just before a range, cut at the part of it that has passed. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from streamgauge.clock import MICROSECONDS, day_start, instant, microseconds, zone
from streamgauge.rollups.ranges import Span

if TYPE_CHECKING:
    from datetime import date

    from streamgauge.rollups.ranges import Days


@dataclass(frozen=True, slots=True)
class Before:
    """What a range is compared with: whole days (None: not one), then a day up to an instant in microseconds (None: no cut)."""

    whole: Span | None
    cut_day: date | None = None
    until: int = 0


def before(days: Days, now: int) -> Before:
    """Return the same number of days just before, cut at the same elapsed part when `now` (microseconds) is in the range.

    The cut is at the same local time of the day that stands where today stands: clocks that changed between shift nothing.
    """
    length = (days.end - days.start).days + 1
    first, last = days.start - timedelta(days=length), days.start - timedelta(days=1)
    local = instant(now).astimezone(zone(days.timezone))
    if not days.start <= local.date() <= days.end:
        return Before(Span(first, last))
    cut_day = local.date() - timedelta(days=length)
    wall = datetime.combine(cut_day, local.time(), tzinfo=zone(days.timezone)).replace(fold=local.fold)
    start = day_start(cut_day, days.timezone) * MICROSECONDS
    end = day_start(cut_day + timedelta(days=1), days.timezone) * MICROSECONDS
    whole = Span(first, cut_day - timedelta(days=1)) if cut_day > first else None
    return Before(whole, cut_day, min(max(microseconds(wall), start), end))
