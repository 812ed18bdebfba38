"""The days of entry that a report or a saved day is about, and who made which attempt in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from streamgauge.clock import MICROSECONDS, day_start
from streamgauge.errors import OutOfBoundsError
from streamgauge.funnels import queries

if TYPE_CHECKING:
    from datetime import date

    from streamgauge.funnels.definitions import Kept
    from streamgauge.store.postgres import Connection

_DAY_SECONDS: Final = 86_400


class Person(NamedTuple):
    """Who made an attempt; people and bots never are the same."""

    bot: bool
    key: int


class Attempt(NamedTuple):
    """Times of the steps taken."""

    person: Person
    times: tuple[int, ...]


class Entered(NamedTuple):
    """An attempt and the event that it entered with: its visit key, and its own value of the dimension asked for."""

    attempt: Attempt
    visit_key: int | None
    own: int | None


@dataclass(slots=True)
class Found:
    """Attempts, one a person. `entries` are people of whom only the first step was asked for, by number of the day."""

    attempts: list[Attempt] = field(default_factory=list)
    entries: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Span:
    """Local days of entry, both included, of a funnel's site; `bots` are the flags that count.

    `cut` is the microsecond from which on nothing counts, neither entries nor later steps; without one, steps may lie after the days.
    """

    funnel: Kept
    zone: str
    start: date
    end: date
    bots: tuple[bool, ...]
    cut: int | None = None

    @property
    def length(self) -> int:
        """How many days of entry."""
        return (self.end - self.start).days + 1

    @property
    def since(self) -> int:
        """The first microsecond."""
        return day_start(self.start, self.zone) * MICROSECONDS

    @property
    def until(self) -> int:
        """The microsecond after the last of entry."""
        after = day_start(self.end + timedelta(1), self.zone) * MICROSECONDS
        return after if self.cut is None else min(self.cut, after)

    @property
    def last(self) -> int:
        """The last microsecond of later steps."""
        reached = self.until - 1 + self.funnel.definition.conversion_window_seconds * MICROSECONDS
        return reached if self.cut is None else min(self.cut - 1, reached)

    @property
    def last_day(self) -> date:
        """The last day of later steps."""
        return self.end + timedelta(self.reach) if self.cut is None else self.end

    @property
    def uncut_end(self) -> date:
        """The last day whose attempts cannot reach over the cut."""
        return self.end if self.cut is None else self.end - timedelta(self.reach + 1)

    @property
    def reach(self) -> int:
        """How many days after a day of entry its attempts may reach."""
        return reach_of(self.funnel)


def reach_of(funnel: Kept) -> int:
    """Return how many local days after its entry an attempt may end (a day may have but 23 hours)."""
    return funnel.definition.conversion_window_seconds // (_DAY_SECONDS - 3600) + 1


def require_raw(connection: Connection, span: Span) -> None:
    """Raise OutOfBoundsError when raw events are gone of a day that the attempts of a span hang on."""
    first = (
        span.start - timedelta(1) if any(step.type == "video" for step in span.funnel.definition.steps) else span.start
    )
    key = {"site_no": span.funnel.site_no, "first": first, "last": span.last_day}
    if connection.execute(queries.DAYS_LOST, key).fetchall()[0][0] is None:
        return
    last_lost = connection.execute(queries.LAST_LOST, key).fetchall()[0][0]
    earliest = last_lost + timedelta(1 + (first != span.start))
    message = (
        f"The events of some of these days are gone: the earliest date that can be asked is {earliest.isoformat()}."
    )
    raise OutOfBoundsError(message, [(["query", "startDate"], message)])
