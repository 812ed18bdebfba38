"""Figures of the website from amounts of the rollups. Pure; `docs/definitions.md`, Website, says what each means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from streamgauge.clock import MICROSECONDS
from streamgauge.rollups.uniques import how_counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from streamgauge.rollups.uniques import HowCounted


class Amounts(NamedTuple):
    """Sums of rollup rows; `visitors` are daily (or hourly) ones added up, `lasting` those whose ids outlast the day.

    `imported` is the number of days among them that another tool has counted.
    """

    visitors: int = 0
    lasting: int = 0
    visits: int = 0
    entries: int = 0
    bounces: int = 0
    pageviews: int = 0
    events: int = 0
    duration: int = 0
    page_time: int = 0
    imported: int = 0

    @property
    def bounce_rate(self) -> float:
        """Bounces per visit that entered."""
        return ratio(self.bounces, self.entries)

    @property
    def visit_duration(self) -> float:
        """Mean seconds of the visits that entered."""
        return ratio(self.duration, self.entries * MICROSECONDS)

    @property
    def time_on_page(self) -> float:
        """Mean seconds on a page per page view."""
        return ratio(self.page_time, self.pageviews * MICROSECONDS)


def ratio(part: float, whole: float) -> float:
    """Return part / whole; 0 over nothing."""
    return part / whole if whole else 0.0


def total(rows: Iterable[Amounts]) -> Amounts:
    """Return the sum of amounts."""
    return Amounts(*map(sum, zip(Amounts(), *rows, strict=True)))


def metrics(amounts: Amounts, visitors: int) -> dict[str, float]:
    """Return the figures of a dashboard, in its order."""
    return {
        "visitors": visitors,
        "visits": amounts.visits,
        "pageviews": amounts.pageviews,
        "events": amounts.events,
        "views_per_visit": ratio(amounts.pageviews, amounts.visits),
        "bounce_rate": amounts.bounce_rate,
        "visit_duration": amounts.visit_duration,
    }


def bucket_figures(amounts: Amounts) -> dict[str, Any]:
    """Return the figures of a row, in its order."""
    return {
        "visitors": amounts.visitors,
        "visits": amounts.visits,
        "pageviews": amounts.pageviews,
        "bounce_rate": amounts.bounce_rate,
        "visit_duration": amounts.visit_duration,
    }


def change(now: float, before: float) -> float | None:
    """Return the change in percent; None from 0."""
    return None if before == 0 else (now - before) / before * 100


def comparison(now: Mapping[str, float], before: Mapping[str, float]) -> dict[str, dict[str, float | None]]:
    """Return, for each figure, its value before and the change since in percent."""
    return {name: {"value": before[name], "change": change(value, before[name])} for name, value in now.items()}


def marks(amounts: Amounts) -> dict[str, Any]:
    """Say whether some days of a range were imported, and how many; nothing when none was."""
    return {"imported": True, "imported_days": amounts.imported} if amounts.imported else {}


def counted(amounts: Amounts, *, one_day: bool) -> HowCounted:
    """Return how visitors of a range were counted; those of one day are exact."""
    return "distinct" if one_day else how_counted(amounts.visitors, amounts.lasting)
