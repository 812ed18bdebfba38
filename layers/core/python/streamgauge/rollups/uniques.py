"""Distinct lasting visitors over a range: bitmaps of settled days, the rows of the others. `build` writes the bitmaps."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from streamgauge.rollups import queries
from streamgauge.rollups.blocks import Cover, cover

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamgauge.store.postgres import Read

Present = tuple[int, bool, int]
"""(code, bot, visitor)"""

HowCounted = Literal["distinct", "daily_sum", "mixed"]
"""How visitors of a range were counted: each once, by day (ids end with their day), or some so and some so."""


def how_counted(visitors: int, lasting: int) -> HowCounted:
    """Return how visitors were counted of whom so many, day by day, have an id that lasts."""
    if lasting >= visitors:
        return "distinct"
    return "mixed" if lasting else "daily_sum"


@dataclass(slots=True)
class Uniques:
    """Counts the distinct lasting visitors of values over one range; how the range is covered is read once, when first asked."""

    read: Read
    site_no: int
    start: date
    end: date
    bots: list[bool]
    _cover: tuple[Cover, dict[int, str]] | None = field(default=None, init=False)
    _counted: dict[int, int] = field(default_factory=dict, init=False)

    def count(self, codes: Sequence[int], also: Sequence[Present] = ()) -> dict[int, int]:
        """Return the number of each code that has any. Exact; a late event counts as soon as it is stored.

        `also` count under their code whatever their rows say. What was counted without them is
        not counted again.
        """
        if not also:
            wanted = [code for code in codes if code not in self._counted]
            self._counted.update(dict.fromkeys(wanted, 0) | self._count(wanted, also))
            return {code: self._counted[code] for code in codes if self._counted[code]}
        return self._count(codes, also)

    def _count(self, codes: Sequence[int], also: Sequence[Present]) -> dict[int, int]:
        if not codes:
            return {}
        found, as_of = self._covered()
        parameters: dict[str, Any] = {
            "site_no": self.site_no,
            "bots": self.bots,
            "codes": list(codes),
            "spans": [span for span, _ in found.blocks],
            "days": [date.fromordinal(day) for _, day in found.blocks],
        }
        if not found.open_days and not found.part_days and not also:
            return dict(self.read(queries.DISTINCT_BY_BLOCKS, parameters))
        parameters |= {
            "also_codes": [code for code, _, _ in also],
            "also_bots": [bot for _, bot, _ in also],
            "also": [visitor for _, _, visitor in also],
            "part_days": [date.fromordinal(day) for day in found.part_days],
            "as_of": [as_of[day] for day in found.part_days],
            "open_days": [date.fromordinal(day) for day in found.open_days],
        }
        return dict(self.read(queries.DISTINCT_BY_CODE, parameters))

    def _covered(self) -> tuple[Cover, dict[int, str]]:
        """Return how the range is covered, and as of which transaction the days are that are built in part."""
        if self._cover is None:
            key = {"site_no": self.site_no, "start": self.start, "end": self.end}
            rows = [(span, day.toordinal(), good, at) for span, day, good, at in self.read(queries.STATE_OF_DAYS, key)]
            as_of = {day: at for span, day, _, at in rows if span == 1 and at is not None}
            found = cover(
                self.start.toordinal(),
                self.end.toordinal(),
                seen={day for span, day, _, _ in rows if span == 0},
                unsettled={day for span, day, settled, _ in rows if span == 0 and not settled},
                built={(span, day) for span, day, complete, _ in rows if span > 0 and complete},
                partly=as_of,
            )
            self._cover = found, as_of
        return self._cover
