"""What every website report is about."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from streamgauge.clock import day_start
from streamgauge.contributions import TOTAL_CODE
from streamgauge.filters.models import Filters
from streamgauge.rollups.imported import NEVER
from streamgauge.rollups.ranges import BOT_FLAGS
from streamgauge.rollups.uniques import Uniques
from streamgauge.web import queries
from streamgauge.web.figures import Amounts

if TYPE_CHECKING:
    from streamgauge.rollups.ranges import Bots, Days
    from streamgauge.store.postgres import Read


@dataclass(frozen=True, slots=True)
class Question:
    """What every report is about: a site, its days, which bots, and how to read."""

    read: Read
    site_no: int
    days: Days
    bots: Bots
    imported_before: date = NEVER
    """Imported days before this one are added (`rollups.imported`)."""
    filters: Filters = field(default_factory=Filters)
    """What visits and events have to meet; without any, rollups alone are read."""

    @property
    def key(self) -> dict[str, Any]:
        """The parameters that every statement takes."""
        return {"site_no": self.site_no, "bots": BOT_FLAGS[self.bots], "imported_before": self.imported_before}

    @property
    def length(self) -> int:
        """How many days are asked for."""
        return (self.days.end - self.days.start).days + 1

    @property
    def one_day(self) -> bool:
        """Visitors of one day are exact in its rollup."""
        return self.days.start == self.days.end

    def uniques(self) -> Uniques:
        """Return the counter of distinct visitors over the days."""
        return Uniques(self.read, self.site_no, self.days.start, self.days.end, BOT_FLAGS[self.bots])

    def by_day(self) -> dict[date, Amounts]:
        """Return the amounts of the days that have any."""
        rows = self.read(queries.DAYS, {**self.key, "start": self.days.start, "end": self.days.end})
        return {row[0]: Amounts(*row[1:]) for row in rows}

    def by_hour(self) -> dict[int, Amounts]:
        """Return the amounts of the hours that have any, by their first second."""
        first = day_start(self.days.start, self.days.timezone)
        until = day_start(self.days.end + timedelta(days=1), self.days.timezone)
        found = self.read(queries.HOURS, {**self.key, "first": first, "until": until})
        return {row[0]: Amounts(*row[1:]) for row in found}

    def visitors(self, amounts: Amounts, uniques: Uniques) -> int:
        """Return the visitors of the whole range."""
        if self.one_day or not amounts.lasting:
            return amounts.visitors
        return amounts.visitors - amounts.lasting + uniques.count([TOTAL_CODE]).get(TOTAL_CODE, 0)
