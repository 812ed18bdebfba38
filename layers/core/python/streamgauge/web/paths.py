"""Paths: what visits saw before and after a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from streamgauge.dimensions import Dimension, code_of
from streamgauge.errors import OutOfBoundsError
from streamgauge.filters.conditions import holding_condition, visit_condition, visit_joins
from streamgauge.web import journey_queries
from streamgauge.web.figures import ratio
from streamgauge.web.whole_days import require_whole

if TYPE_CHECKING:
    from streamgauge.web.question import Page, Question

Direction = Literal["next", "previous"]

MOST_STEPS: Final = 10
MOST_VISITS: Final = 500_000
"""Visits that one answer walks through: what the database does well within the time of a request."""
EDGES: Final[dict[Direction, str]] = {"next": "(exit)", "previous": "(entry)"}
"""What stands where the visit ends or began."""


class Walk(NamedTuple):
    """Where paths begin, which way they go, and over how many pages."""

    page: str
    direction: Direction
    steps: int


def paths(question: Question, walk: Walk, page: Page) -> dict[str, Any]:
    """Return the most frequent sequences of pages after (or, going back, before) a page, and the pages of each step.

    Filters choose the visits: those of events visits that hold such an event. Raises OutOfBoundsError for a range with days whose raw events are gone, or with more visits than MOST_VISITS.
    """
    require_whole(question)
    key = {
        **question.key,
        "start": question.days.start,
        "end": question.days.end,
        "code": code_of(Dimension.PAGE, walk.page),
    }
    if question.read(journey_queries.PAGE_VISITS, key)[0][0] > MOST_VISITS:
        message = f"More than {MOST_VISITS} visits saw this page: ask for fewer days."
        raise OutOfBoundsError(message, [(["query", "startDate"], message)])
    of_visits, holding = visit_condition(question.filters), holding_condition(question.filters)
    rows = question.read(
        journey_queries.paths(visit_joins(question.filters), f"{of_visits.sql} AND {holding.sql}"),
        {
            **key,
            **of_visits.parameters,
            **holding.parameters,
            "low": question.days.start,
            "high": question.days.end,
            "page": walk.page,
            "sign": 1 if walk.direction == "next" else -1,
            "edge": EDGES[walk.direction],
            "steps": walk.steps,
            "limit": page.limit,
            "take": page.limit + 1,
            "skip": page.skip,
        },
    )
    visits = sum(count for kind, _, _, count in rows if kind == "total")
    sequences = [(pages, count) for kind, _, pages, count in rows if kind == "sequence"]
    return {
        **walk._asdict(),
        "visits": visits,
        "results": [
            {"pages": pages, "visits": count, "share": ratio(count, visits)}
            for pages, count in sequences[: page.limit]
        ],
        "by_step": [
            {"step": step, "name": pages[0], "visits": count, "share": ratio(count, visits)}
            for kind, step, pages, count in rows
            if kind == "step"
        ],
        "next_skip": page.skip + page.limit if len(sequences) > page.limit else None,
    }


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
