"""Visits: fold and contribution. Pure; `docs/definitions.md`, Website, says what is counted."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from streamgauge.clock import hour_and_day, hours_between, local_day
from streamgauge.contributions import (
    BOUNCES,
    DURATION,
    ENTRIES,
    EVENTS,
    PAGE_TIME,
    PAGEVIEWS,
    TOTAL_CODE,
    VISITS,
    Contributions,
)
from streamgauge.dimensions import Dimension, code_of
from streamgauge.events.facts import CUSTOM, PAGE_VIEW, START, Fact, Values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# Bound once: looking a member up on its enum costs as much as the rest of a line.
_PAGE: Final = Dimension.PAGE
_ENTRY_PAGE: Final = Dimension.ENTRY_PAGE
_EXIT_PAGE: Final = Dimension.EXIT_PAGE
_EVENT: Final = Dimension.EVENT
_HOUR: Final = Dimension.HOUR

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
        if fact.kind == PAGE_VIEW and fact.path is not None:
            self._add_page(code_of(_PAGE, fact.path), fact.time, days_after, zone)
        elif fact.kind == CUSTOM and fact.name is not None:
            name = (days_after, code_of(_EVENT, fact.name))
            self.names[name] = self.names.get(name, 0) + 1
            self.interactive = self.interactive or fact.interactive
        elif fact.kind == START:
            self.video_start = True
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


def contribute(visit: Visit, values: Values, zone: str, into: Contributions, step: int) -> None:
    """Add (`step` 1) or take away (-1) all that a visit puts into the rollups; `values` are those of its first event."""
    first_hour, _ = hour_and_day(visit.start, zone)
    appearances = _appearances(visit, zone, into, step)
    if visit.loose:
        return
    kinds, names, day, bot = into.kinds, into.names, visit.day, visit.bot
    bounce = step if visit.bounced else 0
    # A bounce counts 0, whatever followed that left it a bounce.
    duration = 0 if bounce else step * (visit.last - visit.start)
    hour = into.hours[first_hour, bot]
    hour[VISITS] += step
    hour[BOUNCES] += bounce
    hour[DURATION] += duration
    views = _views_by_day(visit, len(appearances))
    codes: list[tuple[Dimension, int]] = []
    for kind, code, name in values:
        names[code] = name
        codes.append((kind, code))
    if visit.entry_page is not None and visit.exit_page is not None:
        codes += _entry_and_exit(visit.entry_page, visit.exit_page, into)
    rows, first = into.days[day, bot], appearances[0]
    for kind, code in codes:
        kinds[code] = kind
        row = rows[code]
        row[VISITS] += step
        row[ENTRIES] += step
        row[BOUNCES] += bounce
        row[DURATION] += duration
        row[PAGEVIEWS] += step * views[0]
        first[code] = first.get(code, 0) + step
    for days_after, counts in enumerate(appearances[1:], 1):
        later = into.days[day + timedelta(days_after), bot]
        for _, code in codes:
            if views[days_after]:
                later[code][PAGEVIEWS] += step * views[days_after]
            counts[code] = counts.get(code, 0) + step
    total = rows[TOTAL_CODE]
    total[VISITS] += step
    total[ENTRIES] += step
    total[BOUNCES] += bounce
    total[DURATION] += duration
    _contribute_pages(visit, zone, into, step, bounce=bounce, duration=duration)
    for days_after, code in visit.names:
        kinds[code] = _EVENT
        counts = appearances[days_after]
        counts[code] = counts.get(code, 0) + step
    for days_after, code in visit.pages:
        counts = appearances[days_after]
        counts[code] = counts.get(code, 0) + step


def _views_by_day(visit: Visit, days: int) -> list[int]:
    if days == 1:
        return [visit.pageviews]
    views = [0] * days
    for (days_after, _), (count, _) in visit.pages.items():
        views[days_after] += count
    return views


def _appearances(visit: Visit, zone: str, into: Contributions, step: int) -> list[dict[int, int]]:
    """Count the visitor in the day and hours of the visit; return the counts per code of each of its days.

    Its events are less than 30 minutes apart, so it has one in every hour and day between the first and the last.
    """
    appearances: list[dict[int, int]] = []
    for hour, day in hours_between(visit.start, visit.last, zone):
        days_after = 0 if day == visit.day else (day - visit.day).days
        if days_after == len(appearances):
            visitor, lasting = visit.visitor(days_after)
            counts = into.appear(day, bot=visit.bot, visitor=visitor, lasting=lasting)
            counts[TOTAL_CODE] = counts.get(TOTAL_CODE, 0) + step
            appearances.append(counts)
        code = into.code(_HOUR, str(hour))
        appearances[-1][code] = appearances[-1].get(code, 0) + step
    return appearances


def _entry_and_exit(entry: int, leave: int, into: Contributions) -> list[tuple[Dimension, int]]:
    """Return the codes of the entry and exit page, named like their page where its name is at hand."""
    found = []
    for kind, page in ((_ENTRY_PAGE, entry), (_EXIT_PAGE, leave)):
        code = page_role(kind, page)
        name = into.names.get(page)
        if name is not None:
            into.names[code] = name
        found.append((kind, code))
    return found


def page_role(kind: Dimension, page: int) -> int:
    """Return the code of a page as entry or exit page: derived from the page's own, so a state needs no text."""
    return (page + (int(kind) << 56) + (1 << 63)) % (1 << 64) - (1 << 63)


def value_code(dimension: Dimension, name: str) -> int:
    """Return the code under which the rollups hold a value of a dimension."""
    if dimension in {_ENTRY_PAGE, Dimension.EXIT_PAGE}:
        return page_role(dimension, code_of(_PAGE, name))
    return code_of(dimension, name)


def _contribute_pages(visit: Visit, zone: str, into: Contributions, step: int, *, bounce: int, duration: int) -> None:
    bot, rows = visit.bot, into.days[visit.day, visit.bot]
    for page in {code for _, code in visit.pages}:
        into.kinds[page] = _PAGE
        rows[page][VISITS] += step
    for (days_after, page), (_, spent) in visit.pages.items():
        if spent:
            of_day = into.days[visit.day + timedelta(days_after), bot] if days_after else rows
            of_day[page][PAGE_TIME] += step * spent
    if visit.entry_page is None or visit.exit_page is None or visit.exit_at is None:
        return
    entry = rows[visit.entry_page]
    entry[ENTRIES] += step
    entry[BOUNCES] += bounce
    entry[DURATION] += duration
    if visit.last > visit.exit_at:
        leaving_day = local_day(visit.exit_at, zone)
        into.days[leaving_day, bot][visit.exit_page][PAGE_TIME] += step * (visit.last - visit.exit_at)


def contribute_event(fact: Fact, into: Contributions, step: int = 1) -> None:
    """Add what an event itself puts into its own hour and day, whatever visit it is in."""
    hour, day = fact.hour, fact.day
    code: int | None = None
    if fact.kind == PAGE_VIEW and fact.path is not None:
        code, amount = into.code(_PAGE, fact.path), PAGEVIEWS
    elif fact.kind == CUSTOM and fact.name is not None:
        code, amount = into.code(_EVENT, fact.name), EVENTS
    if code is not None:
        into.hours[hour, fact.bot][amount] += step
        rows = into.days[day, fact.bot]
        rows[TOTAL_CODE][amount] += step
        rows[code][amount] += step
    if fact.visit_key is None and fact.visitor is not None:
        # An event of a back end touches no visit, yet its visitor was there.
        lasting = fact.user is not None or fact.lasting_key
        counts = into.appear(day, bot=fact.bot, visitor=fact.visitor, lasting=lasting)
        for present in (TOTAL_CODE, into.code(_HOUR, str(hour)), code):
            if present is not None:
                counts[present] = counts.get(present, 0) + step
