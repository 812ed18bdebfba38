"""What visits and their events add to the rollups. Pure; `docs/definitions.md`, Website, says what is counted."""

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
from streamgauge.events.facts import PAGE_VIEW, Fact, Values
from streamgauge.web.codes import page_role

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from streamgauge.web.visits import Visit

# Bound once: looking a member up on its enum costs as much as the rest of a line.
_PAGE: Final = Dimension.PAGE
_ENTRY_PAGE: Final = Dimension.ENTRY_PAGE
_EXIT_PAGE: Final = Dimension.EXIT_PAGE
_EVENT: Final = Dimension.EVENT
_HOUR: Final = Dimension.HOUR


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
