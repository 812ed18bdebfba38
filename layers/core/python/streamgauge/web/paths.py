"""Paths: what visits saw before and after a page."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal, LiteralString, NamedTuple

from streamgauge.dimensions import Dimension, code_of
from streamgauge.errors import OutOfBoundsError
from streamgauge.filters.conditions import holding_condition, visit_condition, visit_joins
from streamgauge.web import path_queries
from streamgauge.web.figures import ratio
from streamgauge.web.whole_days import require_whole

if TYPE_CHECKING:
    from streamgauge.paging import Page
    from streamgauge.web.question import Question

Direction = Literal["next", "previous"]

MOST_STEPS: Final = 10
MOST_VISITS: Final = 500_000
"""Visits that one answer walks through: what the database does well within the time of a request."""
FEW_A_DAY: Final = 300
"""So few visits of a day are found by their views of the page; more by looking through the day's visits."""
EDGES: Final[dict[Direction, str]] = {"next": "(exit)", "previous": "(entry)"}
"""What stands where the visit ends or began."""


class Walk(NamedTuple):
    """Where paths begin, which way they go, and over how many pages."""

    page: str
    direction: Direction
    steps: int


class _PageDay(NamedTuple):
    """A day, and kind of visitors, with visits that saw the page; `kept`: its steps are written down."""

    day: date
    bot: bool
    visits: int
    kept: bool


def paths(question: Question, walk: Walk, page: Page) -> dict[str, Any]:
    """Return the most frequent sequences of pages after (or, going back, before) a page, and the pages of each step.

    Filters choose the visits: those of events visits that hold such an event. Raises OutOfBoundsError for a range with days whose
    raw events are gone, or with more than MOST_VISITS visits to walk through.
    """
    require_whole(question)
    rows = _rows(question, walk, page)
    visits = sum(count for kind, _, _, count in rows if kind == "total")
    sequences = [(pages, count) for kind, _, pages, count in rows if kind == "sequence"]
    shown, next_skip = page.of_rest(sequences)
    return {
        **walk._asdict(),
        "visits": visits,
        "results": [{"pages": pages, "visits": count, "share": ratio(count, visits)} for pages, count in shown],
        "by_step": [
            {"step": step, "name": pages[0], "visits": count, "share": ratio(count, visits)}
            for kind, step, pages, count in rows
            if kind == "step"
        ],
        "next_skip": next_skip,
    }


def _rows(question: Question, walk: Walk, page: Page) -> list[tuple[Any, ...]]:
    """Return (kind, step, pages, visits) rows: one step of all visits from what is written down, where it is; else from visits."""
    key = {
        **question.key,
        "start": question.days.start,
        "end": question.days.end,
        "code": code_of(Dimension.PAGE, walk.page),
    }
    days = [_PageDay(*row) for row in question.read(path_queries.PAGE_DAYS, key)]
    by_steps = walk.steps == 1 and not question.filters.conditions
    kept = [one for one in days if by_steps and one.kept]
    walked = [one for one in days if not (by_steps and one.kept)]
    count = sum(one.visits for one in walked)
    if count > MOST_VISITS:
        message = f"More than {MOST_VISITS} visits saw this page: ask for fewer days."
        raise OutOfBoundsError(message, [(["query", "startDate"], message)])
    of_visits, holding = visit_condition(question.filters), holding_condition(question.filters)
    condition: LiteralString = f"{of_visits.sql} AND {holding.sql}"
    walking = (
        path_queries.walk(visit_joins(question.filters), condition, few=count <= FEW_A_DAY * len(walked))
        if walked
        else ""
    )
    if not by_steps and not walked:
        return []
    statement = path_queries.of_steps(walk.direction, walking) if by_steps else path_queries.of_walks(walking)
    first = min((one.day for one in walked), default=question.days.start)
    return question.read(
        statement,
        {
            **key,
            **of_visits.parameters,
            **holding.parameters,
            "kept_days": [one.day for one in kept],
            "kept_bots": [one.bot for one in kept],
            "walked_days": [one.day for one in walked],
            "walked_bots": [one.bot for one in walked],
            "low": first,
            "high": question.days.end,
            "utc_low": first - timedelta(days=1),
            "sign": 1 if walk.direction == "next" else -1,
            "edge": EDGES[walk.direction],
            "steps": walk.steps,
            "limit": page.limit,
            "take": page.limit + 1,
            "skip": page.skip,
            "page": walk.page,
        },
    )


def flat(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the sequences of an answer with a column per step, for a table without lists."""
    return [
        {
            **{f"step_{number + 1}": "".join(row["pages"][number : number + 1]) for number in range(body["steps"])},
            "visits": row["visits"],
            "share": row["share"],
        }
        for row in body["results"]
    ]
