"""Goals counted from rollups, over whole days without filters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from streamgauge.dimensions import Dimension, code_of
from streamgauge.rollups.presence import crowd
from streamgauge.rollups.ranges import BOT_FLAGS, Span
from streamgauge.web import journey_queries
from streamgauge.web.goals import DIMENSIONS
from streamgauge.web.whole_days import first_whole_day

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamgauge.web.goals import Goal
    from streamgauge.web.question import Question


@dataclass(frozen=True, slots=True)
class Reached:
    """What the rollups say of a value: daily visitors added up, the lasting part of them, page views or events."""

    daily: int = 0
    lasting: int = 0
    conversions: int = 0


def reached(question: Question, goals: Sequence[Goal]) -> list[tuple[int | None, int]]:
    """Return the distinct visitors who reached each goal (None: they can be told apart no more), and its page views or events."""
    matched = [_matched(question, goal) for goal in goals]
    visitors = _distinct(question, matched)
    return [
        (count, sum(one.conversions for one in found.values())) for found, count in zip(matched, visitors, strict=True)
    ]


def visitors_of(question: Question, dimension: Dimension, names: Sequence[str]) -> dict[str, int]:
    """Return the distinct visitors of values of a dimension."""
    codes = {name: code_of(dimension, name) for name in names}
    exact = _exact(question, _values(question, dimension, list(codes.values())))
    return {name: exact.get(code, 0) for name, code in codes.items()}


def _range_key(question: Question) -> dict[str, Any]:
    return {**question.key, "start": question.days.start, "end": question.days.end}


def _matched(question: Question, goal: Goal) -> dict[int, Reached]:
    """Return what each page or event that is the goal came to, by its code."""
    dimension = DIMENSIONS[goal.type]
    if goal.match == "equals":
        return _values(question, dimension, [code_of(dimension, goal.value)])
    key = _range_key(question) | {"dimension": int(dimension), "match": goal.match, "value": goal.value}
    return {row[0]: Reached(*row[1:]) for row in question.read(journey_queries.MATCHED, key)}


def _values(question: Question, dimension: Dimension, codes: Sequence[int]) -> dict[int, Reached]:
    key = _range_key(question) | {"dimension": int(dimension), "codes": list(codes)}
    return {row[0]: Reached(*row[1:]) for row in question.read(journey_queries.VALUES, key)}


def _distinct(question: Question, goals: Sequence[dict[int, Reached]]) -> list[int | None]:
    """Return the visitors that appear under any of the values of each goal; None when that cannot be known any more.

    Of one value the rollups know. Of several, a visitor with a lasting id is told apart by bitmaps, one without by the visitor-days,
    which go with the raw events.
    """
    found: list[int | None] = [
        sum(_exact(question, reached).values()) if len(reached) <= 1 else _lasting(question, reached)
        for reached in goals
    ]
    several = [number for number, reached in enumerate(goals) if len(reached) > 1]
    daily = [number for number in several if any(one.daily > one.lasting for one in goals[number].values())]
    if not daily:
        return found
    if first_whole_day(question) > question.days.start:
        return [None if number in daily else count for number, count in enumerate(found)]
    for number in daily:
        key = _range_key(question) | {"codes": list(goals[number])}
        found[number] = (found[number] or 0) + question.read(journey_queries.DAILY_VISITORS, key)[0][0]
    return found


def _lasting(question: Question, reached: dict[int, Reached]) -> int:
    if not any(one.lasting for one in reached.values()):
        return 0
    flags = BOT_FLAGS[question.bots]
    there = crowd(question.read, question.site_no, [Span(question.days.start, question.days.end)], flags, list(reached))
    return sum(there.sets(bot, 1)[0].bit_count() for bot in flags)


def _exact(question: Question, reached: dict[int, Reached]) -> dict[int, int]:
    """Return the distinct visitors of each value."""
    if question.one_day:
        return {code: one.daily for code, one in reached.items()}
    lasting = question.uniques().count([code for code, one in reached.items() if one.lasting])
    return {code: one.daily - one.lasting + lasting.get(code, 0) for code, one in reached.items()}
