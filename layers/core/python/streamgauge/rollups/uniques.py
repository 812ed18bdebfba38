"""Distinct lasting visitors over a range: bitmaps of settled days, the rows of the others. `build` writes the bitmaps."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from streamgauge.rollups import queries
from streamgauge.rollups.blocks import Cover, cover

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamgauge.rollups.ranges import Read


@dataclass(slots=True)
class Uniques:
    """Counts the distinct lasting visitors of values over one range; how the range is covered is read once, when first asked."""

    read: Read
    site_no: int
    start: date
    end: date
    bots: list[bool]
    _cover: Cover | None = field(default=None, init=False)

    def count(self, codes: Sequence[int], also: Sequence[tuple[bool, int]] = ()) -> dict[int, int]:
        """Return the number of each code that has any. Exact; a late event counts as soon as it is stored.

        `also` are (bot, visitor) pairs that count under every code, whatever their rows say.
        """
        if not codes:
            return {}
        found = self._covered()
        parameters: dict[str, Any] = {
            "site_no": self.site_no,
            "bots": self.bots,
            "codes": list(codes),
            "spans": [span for span, _ in found.blocks],
            "days": [date.fromordinal(day) for _, day in found.blocks],
            "also_bots": [bot for bot, _ in also],
            "also": [visitor for _, visitor in also],
            "open_days": [date.fromordinal(day) for day in found.open_days],
        }
        return dict(self.read(queries.DISTINCT_BY_CODE, parameters))

    def _covered(self) -> Cover:
        if self._cover is None:
            key = {"site_no": self.site_no, "start": self.start, "end": self.end}
            rows = [(span, day.toordinal(), settled) for span, day, settled in self.read(queries.STATE_OF_DAYS, key)]
            self._cover = cover(
                self.start.toordinal(),
                self.end.toordinal(),
                seen={day for span, day, _ in rows if span == 0},
                unsettled={day for span, day, settled in rows if span == 0 and not settled},
                built={(span, day) for span, day, _ in rows if span > 0},
            )
        return self._cover
