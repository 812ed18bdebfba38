"""Sums of sessions that are kept by local day and month, and made by whoever asks first.

A sum is true as long as nothing has marked its day since (triggers of schema file 0019 do, in the transaction that changes sessions or
the catalogue). Whoever finds a day without a true sum adds its sessions up, and keeps the result with the marks that he saw before he
read; what changed meanwhile stays marked. Today's sums are never kept. Nothing here has to run for reports to be right.
"""

from __future__ import annotations

import time
from collections import defaultdict
from datetime import date, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from psycopg import sql

from streamgauge.clock import MICROSECONDS, day_start
from streamgauge.errors import UnavailableError
from streamgauge.library import queries, sum_queries
from streamgauge.library.figures import EVER, days_of
from streamgauge.library.sums import PARTS, Row, Sums, sums_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from streamgauge.library.figures import Scope
    from streamgauge.library.sums import PartName, Totals
    from streamgauge.store.postgres import Read

PATIENCE_SECONDS: Final = 20.0
"""So long somebody adds up what is missing (a million sessions take some seconds); who asks again goes on where it stopped."""

SITE_GATE: Final = 0x5347
"""That of `warehouse.gate`, which everybody holds who changes sessions."""
_DAY, _MONTH = 0, 1
_TRIES: Final = 10


class State(NamedTuple):
    """Which sums are true, of the days first to last; changes of `watched` days leave marks."""

    first: date
    last: date
    days: frozenset[date]
    months: frozenset[date]
    versions: dict[date, int]
    watched: frozenset[date]


def gather(read: Read, scope: Scope, part: PartName) -> Sums:
    """Return a part of the sums of all sessions of a scope. Raises UnavailableError while too much is to be added up first."""
    bounds = _bounds(read, scope)
    if bounds is None:
        return Sums()
    first, last = bounds
    # Of the day in which a window begins only some sessions count.
    apart = [first] if scope.since != EVER and first == scope.first else []
    state = _made(read, scope, first + timedelta(days=len(apart)), last)
    months, days, left = cover(state)
    found = _added(read, scope, [*apart, *left], scope.since)
    levels = [_MONTH] * len(months) + [_DAY] * len(days)
    key = {"site_no": scope.site_no, "levels": levels, "days": [*months, *days]}
    for (packed,) in read(sql.SQL(sum_queries.PART).format(part=sql.Identifier(part)), key):
        found.take(part, packed)
    return found


def by_day(read: Read, scope: Scope) -> dict[date, tuple[Totals, int]]:
    """Return the totals and the peak of concurrent streams of every day of a scope that has any session or stream."""
    bounds = _bounds(read, scope)
    if bounds is None:
        return {}
    state = _made(read, scope, *bounds)
    left = _with_sessions(read, scope, [day for day in days_of(*bounds) if day not in state.days])
    found: dict[date, tuple[Totals, int]] = {}
    for day, packed, peak in read(sum_queries.OF_DAYS, {"site_no": scope.site_no, "days": sorted(state.days)}):
        sums = Sums()
        sums.take("totals", packed)
        found[day] = sums.totals, peak
    of_left = _sums_of_days(read, scope, left, EVER)
    peaks = peaks_of(read, scope, left)
    return found | {day: (of_left[day].totals, peaks[day]) for day in left}


def cover(state: State) -> tuple[list[date], list[date], list[date]]:
    """Return the months and the days whose sums cover a stretch, and the days that have none."""
    months: list[date] = []
    days: list[date] = []
    left: list[date] = []
    day = state.first
    while day <= state.last:
        if day in state.months and month_end(day) <= state.last:
            months.append(day)
            day = month_end(day) + timedelta(days=1)
            continue
        (days if day in state.days else left).append(day)
        day += timedelta(days=1)
    return months, days, left


def month_end(day: date) -> date:
    """Return the last day of the month of a day."""
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def peaks_of(read: Read, scope: Scope, days: Sequence[date]) -> dict[date, int]:
    """Return the most streams at one moment of each of some days, sorted."""
    found: dict[date, int] = {}
    for _, run in groupby(enumerate(days), lambda one: one[1].toordinal() - one[0]):
        stretch = [day for _, day in run]
        midnights = [day_start(day, scope.zone) * MICROSECONDS for day in stretch]
        end = day_start(stretch[-1] + timedelta(days=1), scope.zone) * MICROSECONDS
        key = {
            "site_no": scope.site_no,
            "first": stretch[0] - timedelta(days=1),
            "last": stretch[-1],
            "begin": midnights[0],
            "end": end,
            "midnights": midnights,
        }
        peaks: dict[int, int] = dict(read(queries.PEAKS, key))
        found |= {day: peaks.get(place, 0) for place, day in enumerate(stretch, 1)}
    return found


def _bounds(read: Read, scope: Scope) -> tuple[date, date] | None:
    for first, last in read(sum_queries.BOUNDS, scope.key):
        if first <= last:
            return first, last
    return None


def _made(read: Read, scope: Scope, first: date, last: date) -> State:
    """Return which sums are true when those that were missing have been made."""
    until = time.monotonic() + PATIENCE_SECONDS
    past = min(last, scope.today - timedelta(days=1))
    state = _state(read, scope, first, last)
    missing = _with_sessions(read, scope, [day for day in days_of(first, past) if day not in state.days])
    for _, of_month in groupby(missing, lambda day: (day.year, day.month)):
        _make_days(read, scope, list(of_month), state)
        _check(until)
    if missing:
        state = _state(read, scope, first, last)
    for month in _whole_months(first, past):
        if month not in state.months and any(day in state.days for day in days_of(month, month_end(month))):
            _make_month(read, scope, month, state)
            _check(until)
    return _state(read, scope, first, last)


def _check(until: float) -> None:
    if time.monotonic() > until:
        raise UnavailableError("The sessions of a long time are being added up; ask again.", 1)


def _state(read: Read, scope: Scope, first: date, last: date) -> State:
    rows = read(sum_queries.STATES, {"site_no": scope.site_no, "first": first, "last": last})
    changed = {day for level, day, *_ in rows if level is None}
    versions: dict[date, int] = {}
    of_month: defaultdict[date, list[int]] = defaultdict(list)
    for level, day, version, _, _, play in rows:
        if level == _DAY and version is not None:
            of_month[day.replace(day=1)].append(version)
            if play == scope.play and day not in changed:
                versions[day] = version
    touched = {day.replace(day=1) for day in changed}
    months = {
        day
        for level, day, _, of_version, of_days, play in rows
        if level == _MONTH
        and day not in touched
        and play == scope.play
        and (of_version, of_days) == (max(of_month[day], default=0), len(of_month[day]))
    }
    watched = frozenset(day for level, day, *_ in rows if level == _DAY)
    return State(first, last, frozenset(versions), frozenset(months), versions, watched)


def _whole_months(first: date, last: date) -> list[date]:
    starts = [day for day in days_of(first, last) if day.day == 1] if first <= last else []
    return [day for day in starts if month_end(day) <= last]


def _with_sessions(read: Read, scope: Scope, days: list[date]) -> list[date]:
    if not days:
        return []
    found = read(sum_queries.DAYS_WITH_SESSIONS, {"site_no": scope.site_no, "days": days})
    return sorted(day for (day,) in found)


def _make_days(read: Read, scope: Scope, days: list[date], state: State) -> None:
    key: dict[str, Any] = {"site_no": scope.site_no, "days": days}
    if new := [day for day in days if day not in state.watched]:
        read(sum_queries.CLAIM, {**key, "days": new, "gate": SITE_GATE})
    marks = read(sum_queries.MARKS, key)
    versions = {day: version for day, version, _ in marks}
    sums = _sums_of_days(read, scope, days, EVER)
    peaks = peaks_of(read, scope, days)
    parts = [sums[day].pack() for day in days]
    read(
        sum_queries.KEEP_DAYS,
        {
            **key,
            "play": scope.play,
            "seen": [one for _, _, seen in marks for one in seen],
            "versions": [versions.get(day) for day in days],
            "peaks": [peaks[day] for day in days],
            **{name: [part[name] for part in parts] for name in parts[0]},
        },
    )


def _make_month(read: Read, scope: Scope, month: date, state: State) -> None:
    key: dict[str, Any] = {"site_no": scope.site_no, "month": month}
    sums, versions = Sums(), []
    for version, *parts in read(sum_queries.DAYS_OF_MONTH, key):
        versions.append(version)
        for name, packed in zip(PARTS, parts, strict=True):
            sums.take(name, packed)
    known = [version for day, version in state.versions.items() if day.replace(day=1) == month]
    if sorted(versions) != sorted(known):
        # Somebody has changed a day since, or one of another time for a play is among them.
        return
    read(
        sum_queries.KEEP_MONTH,
        key | {"of_version": max(versions), "of_days": len(versions), "play": scope.play} | dict(sums.pack()),
    )


def _added(read: Read, scope: Scope, days: list[date], since: int) -> Sums:
    """Return the sums of sessions of some days, added up here and now."""
    found = _with_sessions(read, scope, days)
    return sums_of((row for _, row in _rows(read, scope, found, since)), scope.play)


def _sums_of_days(read: Read, scope: Scope, days: list[date], since: int) -> dict[date, Sums]:
    found: defaultdict[date, Sums] = defaultdict(Sums)
    for day, row in _rows(read, scope, days, since):
        found[day].count(row, scope.play)
    return found


def _rows(read: Read, scope: Scope, days: list[date], since: int) -> Iterable[tuple[date, Row]]:
    if not days:
        return
    key: dict[str, Any] = {"site_no": scope.site_no, "days": days, "since": since}
    for _ in range(_TRIES):
        read(sum_queries.NUMBER_USERS, key)
        if not read(sum_queries.UNNUMBERED, key):
            break
    else:
        raise UnavailableError("Too many count sessions at the same moment; ask again.", 1)
    for day, *row in read(sum_queries.ROWS, key):
        yield day, Row(*row)
