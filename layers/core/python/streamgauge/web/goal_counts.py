"""Who reached goals: in a range, with filters, before a cut, and per value of a dimension of visits."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from streamgauge.filters.models import Condition, Filters, Name
from streamgauge.rollups.elapsed import Before
from streamgauge.rollups.ranges import Span
from streamgauge.web import cut, goal_rollups, journey_queries
from streamgauge.web.figures import Amounts, counted, total
from streamgauge.web.filtered import counting as filtered
from streamgauge.web.goals import DIMENSIONS
from streamgauge.web.whole_days import lost_day

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from streamgauge.dimensions import Dimension
    from streamgauge.paging import Page
    from streamgauge.web.filtered.counting import Counted
    from streamgauge.web.goals import Goal, Kind
    from streamgauge.web.question import Question

_NAMES: dict[Kind, Name] = {"page": Name.PAGE, "event": Name.EVENT}


class Count(NamedTuple):
    """Visitors who reached a goal (None: they can be told apart no more), and its page views or events."""

    visitors: int | None
    conversions: int


class Counts(NamedTuple):
    """The visitors of a time, how they were counted, and each goal."""

    visitors: int
    counted: str
    goals: list[Count]


def of_range(question: Question, goals: Sequence[Goal]) -> Counts:
    """Count goals in the range; without filters from rollups. Raises OutOfBoundsError as filtered reports do."""
    if question.filters.conditions:
        return _met(question, goals, _whole(question))
    amounts = total(question.by_day().values())
    visitors = question.visitors(amounts, question.uniques())
    found = [Count(*one) for one in goal_rollups.reached(question, goals)]
    return Counts(visitors, counted(amounts, one_day=question.one_day), found)


def before(question: Question, goals: Sequence[Goal], time_before: Before) -> Counts:
    """Count goals in the time before the range.

    A goal of several pages or events whose raw rows are gone has no visitors there, as in a range.
    """
    if question.filters.conditions:
        return _met(question, goals, time_before)
    visitors, _ = cut.before_cut(question, time_before)
    names = _names_of(question, goals, time_before)
    alone: dict[Dimension, dict[str, tuple[int, Amounts]]] = {}
    for kind, dimension in DIMENSIONS.items():
        asked = [only for goal in goals if goal.type == kind and (only := _only(names[goal.goal_id]))]
        alone[dimension] = cut.values_before(question, dimension, asked, time_before) if asked else {}
    return Counts(visitors, "", [_before(question, goal, names[goal.goal_id], alone, time_before) for goal in goals])


def by_value(question: Question, goal: Goal, dimension: Dimension, page: Page) -> list[tuple[str, Count]]:
    """Return the values of visits in which a goal was reached, most visitors first, up to one beyond the page."""
    names = _names_of(question, [goal], _whole(question))[goal.goal_id]
    if not names or _is_another_kind(question.filters, goal):
        return []
    rows = filtered.values(question, _and(question.filters, goal, names), dimension, page).rows
    # A visit of the last day may hold the event after midnight alone: its value is listed last, with nothing.
    return [(name, count) for name, one in rows if (count := _count(goal, one)).conversions]


def by_value_before(
    question: Question, goal: Goal, dimension: Dimension, values: list[str], time_before: Before
) -> dict[str, Count]:
    """Return the same of values in the time before."""
    names = _names_of(question, [goal], time_before)[goal.goal_id]
    if not names or _is_another_kind(question.filters, goal):
        return {}
    filters = _and(question.filters, goal, names)
    found = filtered.values_before(question, filters, dimension, values, time_before)[1]
    return {name: _count(goal, one) for name, one in found.items()}


def visitors_of(question: Question, dimension: Dimension, values: list[str]) -> Mapping[str, int]:
    """Return the visitors of values in the range."""
    if not question.filters.conditions:
        return goal_rollups.visitors_of(question, dimension, values)
    found = filtered.values_before(question, question.filters, dimension, values, _whole(question))[1]
    return {name: one.visitors for name, one in found.items()}


def visitors_before(
    question: Question, dimension: Dimension, values: list[str], time_before: Before
) -> Mapping[str, int]:
    """Return the visitors of values in the time before."""
    if not question.filters.conditions:
        return {name: one for name, (one, _) in cut.values_before(question, dimension, values, time_before).items()}
    found = filtered.values_before(question, question.filters, dimension, values, time_before)[1]
    return {name: one.visitors for name, one in found.items()}


def _whole(question: Question) -> Before:
    """Return the range itself as a time without a cut."""
    return Before(Span(question.days.start, question.days.end))


def _met(question: Question, goals: Sequence[Goal], time: Before) -> Counts:
    """Count goals among what meets the filters: their page views and events meet those of events themselves."""
    names = _names_of(question, goals, time)
    whole = filtered.days_before(question, question.filters, time)[0]
    alone: dict[Dimension, dict[str, tuple[int, Amounts]]] = {}
    for kind, dimension in DIMENSIONS.items():
        asked = [only for goal in goals if goal.type == kind and (only := _only(names[goal.goal_id]))]
        found = filtered.values_before(question, question.filters, dimension, asked, time)[1] if asked else {}
        alone[dimension] = {name: (one.visitors, one.amounts) for name, one in found.items()}
    counts = [_before(question, goal, names[goal.goal_id], alone, time) for goal in goals]
    return Counts(whole.visitors, counted(whole.amounts, one_day=question.one_day), counts)


def _before(
    question: Question,
    goal: Goal,
    names: Sequence[str],
    alone: Mapping[Dimension, Mapping[str, tuple[int, Amounts]]],
    time: Before,
) -> Count:
    """Return the count of a goal: of one name among those found `alone`, of several by a statement of its own."""
    if not names or _is_another_kind(question.filters, goal):
        return Count(0, 0)
    only = _only(names)
    if only is not None:
        visitors, amounts = alone[DIMENSIONS[goal.type]].get(only, (0, Amounts()))
        return Count(visitors, _conversions(goal, amounts))
    first = time.whole.start if time.whole else time.cut_day
    last = time.cut_day or (time.whole.end if time.whole else None)
    if first is None or last is None or lost_day(question, first, last) is not None:
        return Count(None, 0)
    return _count(goal, filtered.days_before(question, _and(question.filters, goal, names), time)[0])


def _names_of(question: Question, goals: Sequence[Goal], time: Before) -> dict[str, list[str]]:
    """Return the pages or events of the time that are each goal."""
    first = time.whole.start if time.whole else time.cut_day
    last = time.cut_day or (time.whole.end if time.whole else None)
    found = {}
    for goal in goals:
        key = {**question.key, "start": first, "end": last, "dimension": int(DIMENSIONS[goal.type])}
        matched = [(goal.value,)]
        if goal.match != "equals":
            matched = question.read(journey_queries.MATCHED_NAMES, key | {"match": goal.match, "value": goal.value})
        found[goal.goal_id] = [name for (name,) in matched]
    return found


def _only(names: Sequence[str]) -> str | None:
    return names[0] if len(names) == 1 else None


def _and(filters: Filters, goal: Goal, names: Sequence[str]) -> Filters:
    return Filters((*filters.conditions, Condition(_NAMES[goal.type], tuple(names))))


def _is_another_kind(filters: Filters, goal: Goal) -> bool:
    """Say whether filters ask for custom events by name, which a page view never is."""
    return goal.type == "page" and any(one.name is Name.EVENT and not one.lets_absent for one in filters.of_events)


def _count(goal: Goal, found: Counted) -> Count:
    return Count(found.visitors, _conversions(goal, found.amounts))


def _conversions(goal: Goal, amounts: Amounts) -> int:
    return amounts.pageviews if goal.type == "page" else amounts.events
