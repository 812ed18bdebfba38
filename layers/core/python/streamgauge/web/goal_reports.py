"""The report of goals: who reached each, or one by a dimension of visits, and how it was before."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Literal

from streamgauge.dimensions import Dimension
from streamgauge.rollups.elapsed import before
from streamgauge.web import goal_counts
from streamgauge.web.figures import comparison, ratio
from streamgauge.web.goal_counts import Count
from streamgauge.web.goals import goal_named, goals_of

if TYPE_CHECKING:
    from streamgauge.paging import Page
    from streamgauge.web.question import Question

By = Literal[
    "source", "channel", "referrer", "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content",
    "country", "region", "city", "browser", "os", "device", "screen", "language",
]  # fmt: skip

Row = dict[str, Any]


def report(question: Question, compare: int | None = None) -> Row:
    """Return every goal of the site with who reached it in the range; the past counts as well as the time since it was made.

    `compare` is the time, in microseconds, up to which the time before is compared; None: not at all.
    """
    goals = goals_of(question)
    counts = goal_counts.of_range(question, goals)
    rows = [
        {**asdict(goal), **_figures(count, counts.visitors)} for goal, count in zip(goals, counts.goals, strict=True)
    ]
    if compare is not None:
        past = goal_counts.before(question, goals, before(question.days, compare))
        for row, count in zip(rows, past.goals, strict=True):
            _add(row, _figures(count, past.visitors))
    return {"visitors": counts.visitors, "visitors_counted": counts.counted, "results": rows}


def report_by(question: Question, goal_id: str, by: By, page: Page, compare: int | None = None) -> Row:
    """Return the values of a dimension of visits with who reached a goal in such a visit, most visitors first.

    Raises NotFoundError for an unknown goal, OutOfBoundsError for a range with days whose raw events are gone.
    """
    goal, dimension = goal_named(question, goal_id), Dimension[by.upper()]
    found = goal_counts.by_value(question, goal, dimension, page)
    shown, next_skip = page.of_all(found)
    names = [name for name, _ in shown]
    everybody = goal_counts.visitors_of(question, dimension, names) if names else {}
    rows = [{"name": name, **_figures(count, everybody.get(name, 0))} for name, count in shown]
    if compare is not None and rows:
        time_before = before(question.days, compare)
        past = goal_counts.by_value_before(question, goal, dimension, names, time_before)
        everybody = goal_counts.visitors_before(question, dimension, names, time_before)
        for row in rows:
            _add(row, _figures(past.get(row["name"], Count(0, 0)), everybody.get(row["name"], 0)))
    return {"goal_id": goal_id, "by": by, "results": rows, "next_skip": next_skip}


def _figures(count: Count, everybody: int) -> Row:
    return {
        "visitors": count.visitors,
        "conversions": count.conversions,
        "conversion_rate": None if count.visitors is None else ratio(count.visitors, everybody),
    }


def _add(row: Row, was: Row) -> None:
    """Add how a row was, unless its visitors can be told apart no more, now or then."""
    if row["visitors"] is not None and was["visitors"] is not None:
        row["comparison"] = comparison({name: row[name] for name in was}, was)
