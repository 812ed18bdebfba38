"""Goals: pages and custom events that a site wants to happen, and who reached them."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

from streamgauge.clock import MICROSECONDS, day_start
from streamgauge.dimensions import Dimension, code_of
from streamgauge.errors import ConflictError, NotFoundError, OutOfBoundsError
from streamgauge.events.facts import CUSTOM, PAGE_VIEW
from streamgauge.rollups.presence import crowd
from streamgauge.rollups.ranges import BOT_FLAGS, Span
from streamgauge.web import journey_queries
from streamgauge.web.figures import counted, ratio, total
from streamgauge.web.whole_days import first_whole_day, require_whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamgauge.store.postgres import Connection
    from streamgauge.web.question import Page, Question

Kind = Literal["page", "event"]
Match = Literal["equals", "prefix", "contains"]
By = Literal[
    "source", "channel", "referrer", "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content",
    "country", "region", "city", "browser", "os", "device", "screen", "language",
]  # fmt: skip

MOST_GOALS: Final = 100
"""Goals of a site."""

_DIMENSIONS: Final[dict[Kind, Dimension]] = {"page": Dimension.PAGE, "event": Dimension.EVENT}
_KINDS: Final[dict[Kind, int]] = {"page": PAGE_VIEW, "event": CUSTOM}


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal of a site; `value` is a folded path or the name of a custom event, or a part of it."""

    goal_id: str
    name: str
    type: Kind
    match: Match
    value: str


@dataclass(frozen=True, slots=True)
class Reached:
    """What the rollups say of a value: daily visitors added up, the lasting part of them, page views or events."""

    daily: int = 0
    lasting: int = 0
    conversions: int = 0


def make_goal(connection: Connection, site_no: int, name: str, kind: Kind, match: Match, value: str) -> Goal:
    """Add a goal. Raises ConflictError for a name that is taken, OutOfBoundsError when the site has as many as it can have."""
    goal = Goal(f"goal_{secrets.token_hex(8)}", name, kind, match, value)
    key = {"site_no": site_no, "kind": kind, **asdict(goal)}
    with connection.transaction():
        connection.execute(journey_queries.LOCK_SITE, key)
        every, same = connection.execute(journey_queries.COUNT_GOALS, key).fetchall()[0]
        if same:
            raise ConflictError("The site has a goal of this name.")
        if every >= MOST_GOALS:
            raise OutOfBoundsError(f"A site has at most {MOST_GOALS} goals.")
        connection.execute(journey_queries.ADD_GOAL, key)
    return goal


def delete_goal(connection: Connection, site_no: int, goal_id: str) -> None:
    """Delete a goal; doing it again changes nothing."""
    connection.execute(journey_queries.DELETE_GOAL, {"site_no": site_no, "goal_id": goal_id})


def report(question: Question) -> dict[str, Any]:
    """Return every goal of the site with who reached it in the range; the past counts as well as the time since it was made."""
    goals = [Goal(*row) for row in question.read(journey_queries.LIST_GOALS, {"site_no": question.site_no})]
    amounts = total(question.by_day().values())
    everybody = question.visitors(amounts, question.uniques())
    matched = [_matched(question, goal) for goal in goals]
    rows = [
        {
            **asdict(goal),
            "visitors": visitors,
            "conversions": sum(one.conversions for one in reached.values()),
            "conversion_rate": None if visitors is None else ratio(visitors, everybody),
        }
        for goal, reached, visitors in zip(goals, matched, _distinct(question, matched), strict=True)
    ]
    return {
        "visitors": everybody,
        "visitors_counted": counted(amounts, one_day=question.one_day),
        "results": rows,
    }


def report_by(question: Question, goal_id: str, by: By, page: Page) -> dict[str, Any]:
    """Return the values of a dimension of visits with who reached a goal in such a visit, most visitors first.

    Raises NotFoundError for an unknown goal, OutOfBoundsError for a range with days whose raw events are gone.
    """
    goal = goal_named(question, goal_id)
    require_whole(question)
    reached = _matched(question, goal)
    timezone, length = question.days.timezone, (question.days.end - question.days.start).days + 1
    starts = [day_start(question.days.start + timedelta(days=step), timezone) for step in range(length + 1)]
    rows = question.read(
        journey_queries.CONVERSIONS_BY_VALUE,
        {
            **_range_key(question),
            "kind": _KINDS[goal.type],
            "match": goal.match,
            "value": goal.value,
            "codes": list(reached),
            "since": starts[0] * MICROSECONDS,
            "until": starts[-1] * MICROSECONDS,
            "day_starts": [start * MICROSECONDS for start in starts[:-1]],
            "column": by,
            "take": page.limit + 1,
            "skip": page.skip,
        },
    )
    everybody = _visitors_of(question, Dimension[by.upper()], [name for name, _, _ in rows])
    return {
        "goal_id": goal_id,
        "by": by,
        "results": [
            {
                "name": name,
                "visitors": visitors,
                "conversions": conversions,
                "conversion_rate": ratio(visitors, everybody[name]),
            }
            for name, visitors, conversions in rows[: page.limit]
        ],
        "next_skip": page.skip + page.limit if len(rows) > page.limit else None,
    }


def goal_named(question: Question, goal_id: str) -> Goal:
    """Return a goal of the site. Raises NotFoundError."""
    rows = question.read(journey_queries.READ_GOAL, {"site_no": question.site_no, "goal_id": goal_id})
    if not rows:
        raise NotFoundError("There is no such goal.")
    return Goal(*rows[0])


def _range_key(question: Question) -> dict[str, Any]:
    return {**question.key, "start": question.days.start, "end": question.days.end}


def _matched(question: Question, goal: Goal) -> dict[int, Reached]:
    """Return what each page or event that is the goal came to, by its code."""
    dimension = _DIMENSIONS[goal.type]
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
    there = crowd(
        question.read, question.site_no, [Span(question.days.start, question.days.end)], flags, list(reached)
    )
    return sum(there.sets(bot, 1)[0].bit_count() for bot in flags)


def _exact(question: Question, reached: dict[int, Reached]) -> dict[int, int]:
    """Return the distinct visitors of each value."""
    if question.one_day:
        return {code: one.daily for code, one in reached.items()}
    lasting = question.uniques().count([code for code, one in reached.items() if one.lasting])
    return {code: one.daily - one.lasting + lasting.get(code, 0) for code, one in reached.items()}


def _visitors_of(question: Question, dimension: Dimension, names: Sequence[str]) -> dict[str, int]:
    codes = {name: code_of(dimension, name) for name in names}
    exact = _exact(question, _values(question, dimension, list(codes.values())))
    return {name: exact.get(code, 0) for name, code in codes.items()}
