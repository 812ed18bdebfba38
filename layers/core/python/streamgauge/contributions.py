"""What states and events add to the rollups: one accumulator, filled with +1 (after) and -1 (before)."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Final

from streamgauge.dimensions import Dimension, code_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

VISITORS: Final = 0
LASTING: Final = 1
VISITS: Final = 2
ENTRIES: Final = 3
BOUNCES: Final = 4
PAGEVIEWS: Final = 5
EVENTS: Final = 6
DURATION: Final = 7
PAGE_TIME: Final = 8
AMOUNTS: Final = ("visitors", "lasting", "visits", "entries", "bounces", "pageviews", "events", "duration", "page_time")
"""Columns of `rollup_days` and `rollup_months`, in the order of a list of amounts."""

VIDEO_AMOUNTS: Final = (
    "views",
    "qualified",
    "measured",
    "completions",
    "failures",
    "exits",
    "watched",
    "covered",
    "buffered",
    "kilobits",
    "timed",
)
"""Columns of `rollup_videos`, in the order of a list of amounts."""

POINTS: Final = 100
"""Instants of a retention curve: hundredths of the duration."""

STARTUP: Final = 1
RENDITION: Final = 2
"""Kinds of `rollup_video_values`."""

TOTAL_CODE: Final = code_of(Dimension.TOTAL, "")

_HOUR: Final = Dimension.HOUR


def _amounts() -> list[int]:
    return [0] * len(AMOUNTS)


def _rows() -> defaultdict[int, list[int]]:
    return defaultdict(_amounts)


def _video_amounts() -> list[int]:
    return [0] * len(VIDEO_AMOUNTS)


class Curve:
    """Two retention curves as steps: element p says by how much the count at point p differs from that at p - 1."""

    __slots__ = ("audience", "watches")

    def __init__(self) -> None:
        self.audience = [0] * (POINTS + 1)
        self.watches = [0] * (POINTS + 1)

    def __bool__(self) -> bool:
        # The last step only ends what is held at the last point.
        return any(self.audience) or any(self.watches)


class Contributions:
    """Amounts per rollup row of one site, and counts per value of each visitor-day.

    `days` holds the amounts per code of each (local day, bots), `kinds` the dimension of every code. `names` holds the text of
    every code that came by name: a code that is only taken away stands in its row already. `curves` and `video_values` (by kind
    and value) belong to the rows of `videos`.
    """

    def __init__(self) -> None:
        self.days: defaultdict[tuple[date, bool], defaultdict[int, list[int]]] = defaultdict(_rows)
        self.hours: defaultdict[tuple[int, bool], list[int]] = defaultdict(_amounts)
        self.videos: defaultdict[tuple[str, date, bool], list[int]] = defaultdict(_video_amounts)
        self.curves: defaultdict[tuple[str, date, bool], Curve] = defaultdict(Curve)
        self.video_values: defaultdict[tuple[str, date, bool, int, str], int] = defaultdict(int)
        self.presence: dict[tuple[date, bool, int], dict[int, int]] = {}
        self.lasting: dict[int, bool] = {}
        self.kinds: dict[int, int] = {TOTAL_CODE: Dimension.TOTAL}
        self.names: dict[int, str] = {TOTAL_CODE: ""}

    def code(self, dimension: Dimension, name: str) -> int:
        """Return the code of a value, and remember its text."""
        code = code_of(dimension, name)
        self.kinds[code] = dimension
        self.names[code] = name
        return code

    def appear(self, day: date, codes: Iterable[int], step: int, *, bot: bool, visitor: int, lasting: bool) -> None:
        """Count (`step`) a visitor's day under different codes."""
        key = (day, bot, visitor)
        counts = self.presence.get(key)
        if counts is None:
            self.presence[key] = dict.fromkeys(codes, step)
            self.lasting[visitor] = lasting
            return
        for code in codes:
            counts[code] = counts.get(code, 0) + step

    def settle_visitors(self, appearances: Iterable[tuple[tuple[date, bool, int], Iterable[int]]], step: int) -> None:
        """Count visitor-days (day, bot, visitor) in (`step` 1) or out (-1) of values where they newly or no longer appear."""
        counted: defaultdict[tuple[date, bool, bool], Counter[int]] = defaultdict(Counter)
        for (day, bot, visitor), codes in appearances:
            counted[day, bot, self.lasting[visitor]].update(iter(codes))
        for (day, bot, lasting), counts in counted.items():
            rows = self.days[day, bot]
            for code, count in counts.items():
                row = rows[code] if self.kinds[code] != _HOUR else self.hours[int(self.names[code]), bot]
                row[VISITORS] += step * count
                if lasting:
                    row[LASTING] += step * count
