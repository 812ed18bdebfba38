"""Visits: their state and the fold. Pure; `docs/definitions.md`, Website, says what a visit is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from streamgauge.clock import local_day
from streamgauge.events.facts import CUSTOM, PAGE_VIEW, START, Fact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

GAP: Final = 30 * 60 * 1_000_000
"""A visit ends where events of its visitor are this far apart, in microseconds."""


class Visit:
    """State of a visit, or (`loose`) of a run of video events outside any visit.

    `pages` maps (days after `day`, page code) to [views, microseconds until the next page view]; `names` maps (days after
    `day`, event code) to how often; `later_keys` the own daily hash of each later day. Times are microseconds.
    """

    __slots__ = (
        "acquisition",
        "bot",
        "day",
        "entry_page",
        "exit_at",
        "exit_page",
        "interactive",
        "key",
        "last",
        "lasting",
        "later_keys",
        "loose",
        "names",
        "pages",
        "pageviews",
        "start",
        "stored",
        "surroundings",
        "tie",
        "user",
        "video_start",
    )

    def __init__(self, fact: Fact, *, loose: bool, tie: int) -> None:
        if fact.visit_key is None:
            raise ValueError("an event without a visit key opens no visit")
        self.key = fact.visit_key
        self.start = fact.time
        self.tie = tie
        self.last = fact.time
        self.day = fact.day
        self.later_keys: list[int] = []
        self.user: int | None = None
        self.loose = loose
        self.bot = fact.bot
        self.lasting = fact.lasting_key
        self.interactive = False
        self.video_start = False
        self.acquisition = fact.acquisition
        self.surroundings = fact.surroundings
        self.pageviews = 0
        self.entry_page: int | None = None
        self.exit_page: int | None = None
        self.exit_at: int | None = None
        self.pages: dict[tuple[int, int], list[int]] = {}
        self.names: dict[tuple[int, int], int] = {}
        self.stored = False

    @property
    def bounced(self) -> bool:
        """At most one page view, no interactive custom event and no start of a video."""
        return self.pageviews <= 1 and not self.interactive and not self.video_start

    @property
    def tail_key(self) -> int | None:
        """The own key of the last day, where it is another than the first day's."""
        return self.later_keys[-1] if self.later_keys and self.later_keys[-1] != self.key else None

    def all_keys(self) -> set[int]:
        """Return every key under which an event of this visit came."""
        return {self.key, *self.later_keys}

    def visitor(self, days_after: int) -> tuple[int, bool]:
        """Return (who it counts for on that day of the visit, whether that id outlasts the day)."""
        if self.user is not None:
            return self.user, True
        if days_after and self.later_keys:
            return self.later_keys[min(days_after, len(self.later_keys)) - 1], False
        return self.key, self.lasting

    def add(self, fact: Fact, zone: str) -> None:
        """Fold the next event in; it is never older than the last."""
        days_after = 0 if fact.day == self.day else (fact.day - self.day).days
        if days_after and not self.lasting and fact.visit_key is not None:
            while len(self.later_keys) < days_after:
                self.later_keys.append(fact.visit_key)
        if fact.user is not None:
            self.user = fact.user
        if fact.code is None:
            self.video_start = self.video_start or fact.kind == START
        elif fact.kind == PAGE_VIEW:
            self._add_page(fact.code, fact.time, days_after, zone)
        else:
            name = (days_after, fact.code)
            self.names[name] = self.names.get(name, 0) + 1
            self.interactive = self.interactive or fact.interactive
        self.last = fact.time

    def _add_page(self, page: int, time: int, days_after: int, zone: str) -> None:
        if self.exit_at is not None and self.exit_page is not None:
            before = 0 if not days_after else (local_day(self.exit_at, zone) - self.day).days
            self.pages[before, self.exit_page][1] += time - self.exit_at
        if self.entry_page is None:
            self.entry_page = page
        self.exit_page, self.exit_at = page, time
        self.pageviews += 1
        self.pages.setdefault((days_after, page), [0, 0])[0] += 1


def fold(latest: dict[int, Visit], facts: Iterable[Fact], zone: str, touch: Callable[[Visit], None]) -> list[Visit]:
    """Fold events of one person, sorted by (time, id), onto the latest visit of each of its keys.

    `latest` (key -> visit) is changed in place; `touch` is called before a visit that was there changes. Returns the visits
    that changed or are new, in order.
    """
    changed: dict[int, Visit] = {}
    for fact in facts:
        key = fact.visit_key
        if key is None:
            continue
        visit = latest.get(key)
        if visit is not None and fact.time - visit.last >= GAP:
            visit = None
        if visit is None and fact.prev_key is not None:
            visit = latest.get(fact.prev_key)
            if visit is not None and fact.time - visit.last >= GAP:
                visit = None
        from_video = fact.kind > CUSTOM
        if visit is None or not _joins(visit, fact, from_video=from_video):
            before = latest.get(key)
            tie = before.tie + 1 if before is not None and before.key == key and before.start == fact.time else 0
            visit = Visit(fact, loose=from_video, tie=tie)
        elif id(visit) not in changed:
            touch(visit)
        visit.add(fact, zone)
        latest[key] = visit
        changed[id(visit)] = visit
    return list(changed.values())


def _joins(visit: Visit, fact: Fact, *, from_video: bool) -> bool:
    """Return whether an event within the gap goes on with this visit or run."""
    if visit.loose:
        # A run has one identity; a page view or custom event after it opens a visit.
        return from_video and fact.user == visit.user
    return fact.user is None or visit.user is None or fact.user == visit.user
