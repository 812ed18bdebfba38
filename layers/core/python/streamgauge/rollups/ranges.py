"""Local days of a site as a report asks for them, and how the three layers of the rollups cover them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal, LiteralString, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Read = Callable[[LiteralString, Mapping[str, Any]], list[tuple[Any, ...]]]
    """Runs one reading statement: `store.postgres.read`, or a test's own connection."""

Bots = Literal["exclude", "include", "only"]

BOT_FLAGS: Final[dict[Bots, list[bool]]] = {"exclude": [False], "include": [False, True], "only": [True]}
"""The rows that a report of these bots adds up."""


class Days(Protocol):
    """Local days, both included, of a zone."""

    @property
    def start(self) -> date:
        """The first day."""

    @property
    def end(self) -> date:
        """The last day."""

    @property
    def timezone(self) -> str:
        """The IANA name of the zone."""


@dataclass(frozen=True, slots=True)
class Span:
    """Days without a zone: what remains of a range inside the queries."""

    start: date
    end: date

    @property
    def days(self) -> list[date]:
        """Every day."""
        return [self.start + timedelta(days=step) for step in range((self.end - self.start).days + 1)]


def full_months(start: date, end: date) -> list[date]:
    """Return the first days of the calendar months that lie in a range as a whole."""
    first = start if start.day == 1 else next_month(start)
    found: list[date] = []
    while next_month(first) - timedelta(days=1) <= end:
        found.append(first)
        first = next_month(first)
    return found


def edge_days(start: date, end: date) -> list[date]:
    """Return the days of a range that are in none of its full months."""
    months = full_months(start, end)
    if not months:
        return Span(start, end).days
    before = Span(start, months[0] - timedelta(days=1)).days
    return before + Span(next_month(months[-1]), end).days


def next_month(day: date) -> date:
    """Return the first day of the month after that of `day`."""
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)
