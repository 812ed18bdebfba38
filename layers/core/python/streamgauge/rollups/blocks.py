"""Which blocks of days cover a range. Pure: days are ordinals (date.toordinal())."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection

SPANS: Final = (1, 4, 16, 64)
"""Days of a block; each begins at a multiple of its span, so four of one size make one of the next."""

_LARGEST_FIRST: Final = tuple(reversed(SPANS))


@dataclass(slots=True)
class Cover:
    """How a range is counted.

    `blocks` of complete bitmaps, (span, first day); `part_days` by bitmaps as of an instant and the rows that changed since;
    `open_days` by all their rows.
    """

    blocks: list[tuple[int, int]] = field(default_factory=list)
    part_days: list[int] = field(default_factory=list)
    open_days: list[int] = field(default_factory=list)


def cover(
    start: int,
    end: int,
    seen: Collection[int],
    unsettled: Collection[int],
    built: Collection[tuple[int, int]],
    partly: Collection[int] = (),
) -> Cover:
    """Cover the days `start` to `end`, both included, with as few blocks as there are.

    `seen` are the days with events, `unsettled` those of them that are open or changed since they were closed, `built` the
    complete blocks (span, first day), `partly` the days with bitmaps as of an instant. A day that is settled but not built is
    counted like an open one.
    """
    found = Cover()
    unsettled_days = sorted(unsettled)
    day = start
    while day <= end:
        for span in _LARGEST_FIRST:
            fits = day % span == 0 and day + span - 1 <= end and (span, day) in built
            if fits and not any(day <= other < day + span for other in unsettled_days):
                found.blocks.append((span, day))
                day += span
                break
        else:
            if day in partly:
                found.part_days.append(day)
            elif day in seen:
                found.open_days.append(day)
            day += 1
    return found


def containing(day: int, span: int) -> range:
    """Return the days of the block of `span` days that holds `day`."""
    first = day - day % span
    return range(first, first + span)
