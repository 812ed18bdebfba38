"""What is computed ahead: the attempts of closed days, and answers for ranges. Both say which changes they have seen.

An answer over a range is no sum of its days, for a person counts once, with the best attempt of all: so the attempts themselves are
kept, a day's in one packed row, and combined person by person. That takes tens of milliseconds for 100 000 people; the answer of a
range is therefore kept as well, and is given as long as nothing of what it hangs on has changed.
"""

from __future__ import annotations

import sys
from array import array
from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import msgspec

from streamgauge.clock import local_day
from streamgauge.funnels import kept_queries as queries
from streamgauge.funnels.attempts import Reader, begin
from streamgauge.funnels.definitions import of_site
from streamgauge.funnels.spans import Attempt, Person, Span, reach_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from streamgauge.funnels.definitions import Kept
    from streamgauge.store.postgres import Connection

MOST_FUNNELS: Final = 1000

_ENCODE: Final = msgspec.json.Encoder().encode


def best(attempts: Iterable[Attempt]) -> dict[Person, tuple[int, ...]]:
    """Return the attempt of each person that came furthest, then the earliest."""
    found: dict[Person, tuple[int, ...]] = {}
    for person, times in attempts:
        before = found.get(person)
        if before is None or (len(times), -times[0]) > (len(before), -before[0]):
            found[person] = times
    return found


def pack(attempts: Iterable[Attempt]) -> dict[str, bytes]:
    """Return attempts as the columns of a row of `funnel_days`."""
    persons, entries, taken, gaps = array("q"), array("q"), array("b"), array("q")
    for person, times in attempts:
        persons.append(person.key)
        entries.append(times[0])
        taken.append(len(times))
        gaps.extend(after - before for before, after in pairwise(times))
    named = {"persons": persons, "entries": entries, "taken": taken, "gaps": gaps}
    return {name: _bytes(values) for name, values in named.items()}


def unpack(bot: bool, persons: bytes, entries: bytes, taken: bytes, gaps: bytes) -> list[Attempt]:
    """Return the attempts of a row of `funnel_days`."""
    between = iter(_numbers(gaps))
    found: list[Attempt] = []
    for key, entry, steps in zip(_numbers(persons), _numbers(entries), taken, strict=True):
        times = [entry]
        for _ in range(steps - 1):
            times.append(times[-1] + next(between))
        found.append(Attempt(Person(bot, key), tuple(times)))
    return found


def _bytes(values: array[int]) -> bytes:
    if sys.byteorder == "big":
        values.byteswap()
    return values.tobytes()


def _numbers(packed: bytes) -> array[int]:
    values = array("q", packed)
    if sys.byteorder == "big":
        values.byteswap()
    return values


def read_days(connection: Connection, span: Span) -> dict[date, list[Attempt]]:
    """Return the attempts of the days that are kept and still true, for all the flags of the span.

    Of a span that is cut, only days none of whose attempts can reach over the cut.
    """
    key = {**_key(span.funnel), "start": span.start, "finish": span.uncut_end, "bots": list(span.bots)}
    held: defaultdict[date, list[list[Attempt]]] = defaultdict(list)
    for day, bot, persons, entries, taken, gaps in connection.execute(queries.SAVED_DAYS, key, binary=True).fetchall():
        held[day].append(unpack(bot, persons, entries, taken, gaps))
    return {day: [one for part in parts for one in part] for day, parts in held.items() if len(parts) == len(span.bots)}


def changes(connection: Connection, span: Span) -> int:
    """Return the mark of the state that an answer over a span hangs on."""
    return int(connection.execute(queries.CHANGES, _hangs_on(span)).fetchall()[0][0])


def read_result(connection: Connection, span: Span, bots: str, breakdown: str) -> dict[str, Any] | None:
    """Return the answer that is kept for a span, when it is still true."""
    row = connection.execute(queries.RESULT, _result_key(span, bots, breakdown)).fetchone()
    return None if row is None else dict(row[0])


def keep_result(
    connection: Connection, span: Span, bots: str, breakdown: str, changes: int, result: dict[str, Any]
) -> None:
    """Keep an answer with the changes that it has seen."""
    key = _result_key(span, bots, breakdown)
    connection.execute(queries.KEEP_RESULT, {**key, "changes": changes, "result": _ENCODE(result).decode()})


def forget_results(connection: Connection) -> None:
    """Forget answers that nobody has had computed for days: most are of ranges that end on a day that is past."""
    connection.execute(queries.FORGET_RESULTS)


def build_days(connection: Connection, site_no: int, zone: str) -> int:
    """Compute the attempts of all closed days that are not kept, or changed since; return how many days that were.

    Each pass is a transaction of its own, of one snapshot, and keeps nobody waiting.
    """
    built = 0
    for funnel in of_site(connection, site_no, 0, MOST_FUNNELS):
        days = [day for (day,) in connection.execute(queries.UNSAVED_DAYS, _key(funnel)).fetchall()]
        for day in days:
            with connection.transaction():
                begin(connection)
                _build(connection, Span(funnel, zone, day, day, (False, True)))
            built += 1
    return built


def _build(connection: Connection, span: Span) -> None:
    """Save the attempts that enter on one day."""
    found = Reader(connection, span).per_person()
    for bot in span.bots:
        packed = pack(one for one in found.attempts if one.person.bot == bot)
        connection.execute(queries.SAVE_DAY, {**_key(span.funnel), "day": span.start, "bot": bot, **packed})


def missing_runs(span: Span, held: Iterable[date]) -> list[Span]:
    """Return the parts of a span that are not among the days held."""
    known = set(held)
    found: list[tuple[date, date]] = []
    for step in range((span.end - span.start).days + 1):
        day = span.start + timedelta(step)
        if day in known:
            continue
        if found and day - found[-1][1] == timedelta(1):
            found[-1] = found[-1][0], day
        else:
            found.append((day, day))
    return [replace(span, start=first, end=last) for first, last in found]


def entry_day(times: tuple[int, ...], zone: str, start: date) -> int:
    """Return the number of the day, within a range from `start`, on which an attempt entered."""
    return (local_day(times[0], zone) - start).days


def _key(funnel: Kept) -> dict[str, Any]:
    reach = reach_of(funnel)
    return {"number": funnel.number, "site_no": funnel.site_no, "version": funnel.version, "reach": reach}


def _hangs_on(span: Span) -> dict[str, Any]:
    return {
        "site_no": span.funnel.site_no,
        "first": span.start - timedelta(1),
        "last": span.end + timedelta(span.reach),
    }


def _result_key(span: Span, bots: str, breakdown: str) -> dict[str, Any]:
    return {
        **_key(span.funnel),
        **_hangs_on(span),
        "start": span.start,
        "finish": span.end,
        "asked_bots": bots,
        "breakdown": breakdown,
    }
