"""Visits: fold and contribution. Pure; `docs/definitions.md`, Website, says what is counted."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from streamgauge.clock import hours_between, local_day
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
    from datetime import date

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


def contribute(visit: Visit, values: Iterable[Values], zone: str, into: Contributions, step: int) -> None:
    """Add (`step` 1) or take away (-1) all that a visit puts into the rollups; `values` are those of its first event."""
    hours = hours_between(visit.start, visit.last, zone)
    present = _hours_by_day(visit, hours, into)
    if not visit.loose:
        # A bounce counts 0, whatever followed that left it a bounce.
        bounce = step if visit.bounced else 0
        duration = 0 if bounce else step * (visit.last - visit.start)
        hour = into.hours[hours[0][0], visit.bot]
        hour[VISITS] += step
        hour[BOUNCES] += bounce
        hour[DURATION] += duration
        codes = _values(visit, values, into)
        for of_day in present:
            of_day.extend(codes)
        _contribute_values(visit, codes, into, _views_by_day(visit, len(present)), (step, bounce, duration))
        _contribute_pages(visit, zone, into, step, bounce=bounce, duration=duration)
        for days_after, code in visit.names:
            into.kinds[code] = _EVENT
            present[days_after].append(code)
        for days_after, code in visit.pages:
            into.kinds[code] = _PAGE
            present[days_after].append(code)
    for days_after, of_day in enumerate(present):
        visitor, lasting = visit.visitor(days_after)
        day = visit.day + timedelta(days_after) if days_after else visit.day
        into.appear(day, of_day, step, bot=visit.bot, visitor=visitor, lasting=lasting)


def _hours_by_day(visit: Visit, hours: list[tuple[int, date]], into: Contributions) -> list[list[int]]:
    """Return the codes of the hours of each of a visit's days, behind that of all visitors.

    Its events are less than 30 minutes apart, so it has one in every hour and day between the first and the last.
    """
    present: list[list[int]] = []
    for hour, day in hours:
        if (0 if day == visit.day else (day - visit.day).days) == len(present):
            present.append([TOTAL_CODE])
        code, name = _hour_code(hour)
        into.kinds[code], into.names[code] = _HOUR, name
        present[-1].append(code)
    return present


@lru_cache(maxsize=4096)
def _hour_code(hour: int) -> tuple[int, str]:
    return code_of(_HOUR, str(hour)), str(hour)


def _values(visit: Visit, values: Iterable[Values], into: Contributions) -> list[int]:
    """Return the codes of all values that a visit counts under: its origin, its surroundings, its entry and exit page.

    Both pages are named like the page itself where that name is at hand.
    """
    codes: list[int] = []
    for of in values:
        codes += of.codes
        into.kinds.update(of.kinds)
        into.names.update(of.names)
    if visit.entry_page is not None and visit.exit_page is not None:
        for kind, page in ((_ENTRY_PAGE, visit.entry_page), (_EXIT_PAGE, visit.exit_page)):
            code = page_role(kind, page)
            into.kinds[code] = kind
            name = into.names.get(page)
            if name is not None:
                into.names[code] = name
            codes.append(code)
    return codes


def _contribute_values(
    visit: Visit, codes: list[int], into: Contributions, views: list[int], amounts: tuple[int, int, int]
) -> None:
    """Add a visit (`amounts`: itself, its bounce, its duration) to the values it counts under, its `views` to those of their day."""
    step, bounce, duration = amounts
    day, bot = visit.day, visit.bot
    rows, of_day = into.days[day, bot], step * views[0]
    for code in codes:
        row = rows[code]
        row[VISITS] += step
        row[ENTRIES] += step
        row[PAGEVIEWS] += of_day
        if bounce:
            row[BOUNCES] += bounce
        else:
            row[DURATION] += duration
    total = rows[TOTAL_CODE]
    total[VISITS] += step
    total[ENTRIES] += step
    total[BOUNCES] += bounce
    total[DURATION] += duration
    for days_after, later_views in enumerate(views):
        if days_after and later_views:
            later = into.days[day + timedelta(days_after), bot]
            for code in codes:
                later[code][PAGEVIEWS] += step * later_views


def _views_by_day(visit: Visit, days: int) -> list[int]:
    if days == 1:
        return [visit.pageviews]
    views = [0] * days
    for (days_after, _), (count, _) in visit.pages.items():
        views[days_after] += count
    return views


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


def contribute_events(facts: Iterable[Fact], into: Contributions) -> None:
    """Add what events themselves put into their own hours and days, whatever visits they are in."""
    bucket: tuple[int, bool] | None = None
    for fact in facts:
        code = fact.code
        if code is not None:
            # Events come by time, so the next one is nearly always of the same hour.
            if bucket != (fact.hour, fact.bot):
                bucket = (fact.hour, fact.bot)
                hour, rows = into.hours[bucket], into.days[fact.day, fact.bot]
                total = rows[TOTAL_CODE]
            if fact.kind == PAGE_VIEW:
                into.kinds[code], into.names[code], amount = _PAGE, fact.path or "", PAGEVIEWS
            else:
                into.kinds[code], into.names[code], amount = _EVENT, fact.name or "", EVENTS
            hour[amount] += 1
            total[amount] += 1
            rows[code][amount] += 1
        if fact.visit_key is None and fact.visitor is not None:
            _contribute_visitor(fact, fact.visitor, into)


def _contribute_visitor(fact: Fact, visitor: int, into: Contributions) -> None:
    """Count the visitor of an event of a back end: it touches no visit, yet its visitor was there."""
    hour_code = into.code(_HOUR, str(fact.hour))
    codes = [TOTAL_CODE, hour_code] if fact.code is None else [TOTAL_CODE, hour_code, fact.code]
    lasting = fact.user is not None or fact.lasting_key
    into.appear(fact.day, codes, 1, bot=fact.bot, visitor=visitor, lasting=lasting)
