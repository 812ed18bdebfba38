"""Local days of a site as a report asks for them, and how the three layers of the rollups cover them. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final, Literal, Protocol

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


FEW_DAYS: Final = 3
"""So few days are looked through; of more, the values that lead their month are looked up."""


@dataclass(slots=True)
class Parts:
    """How a range is put together from rows of months (the sums of their closed days) and of days.

    `months` are taken whole, and of them the closed days `outside` the range taken away again; `days` are added one by one.
    `leaders` are the months whose leading values bound all others, `looked_through` the days where no month does so well.
    """

    months: list[date] = field(default_factory=list)
    outside: list[date] = field(default_factory=list)
    days: list[date] = field(default_factory=list)
    leaders: list[date] = field(default_factory=list)
    looked_through: list[date] = field(default_factory=list)
    looseness: float = 1.0
    """How many times as long as the range the months are that bound it: so many times more values may have to be listed."""


def parts(start: date, end: date) -> Parts:
    """Return how a range, both days included, is put together with the fewest rows."""
    found = Parts()
    bounded, month = 0, start.replace(day=1)
    while month <= end:
        last = next_month(month) - timedelta(days=1)
        inside = Span(max(start, month), min(end, last)).days
        outside = Span(month, start - timedelta(days=1)).days + Span(end + timedelta(days=1), last).days
        if len(inside) >= len(outside):
            found.months.append(month)
            found.outside += outside
        else:
            found.days += inside
        if len(inside) < len(outside) and len(inside) <= FEW_DAYS:
            found.looked_through += inside
            bounded += len(inside)
        else:
            found.leaders.append(month)
            bounded += len(inside) + len(outside)
        month = last + timedelta(days=1)
    found.looseness = bounded / ((end - start).days + 1)
    return found


def next_month(day: date) -> date:
    """Return the first day of the month after that of `day`."""
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)
