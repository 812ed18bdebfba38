"""How visitors of a website go on: who comes back, from page to page, to its goals."""

import time
from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from streamgauge.clock import local_day
from streamgauge.edge.cursors import next_cursor, page_of
from streamgauge.edge.filter_parameters import CohortParameters, FilteredParameters, PathParameters, asked_filters
from streamgauge.edge.http import READ, application, cached, site_for
from streamgauge.edge.parameters import ListParameters, ReportParameters, ReportRange, report_range
from streamgauge.edge.tables import as_table
from streamgauge.errors import OutOfBoundsError
from streamgauge.ingestion.pages import cut, folded
from streamgauge.places.attribution import attribution_of
from streamgauge.store import postgres
from streamgauge.web import goal_reports, paths
from streamgauge.web import retention as cohorts
from streamgauge.web.goal_reports import By
from streamgauge.web.journey_models import Conversions, Goals, Paths, Retention, Text
from streamgauge.web.paths import MOST_STEPS, Walk
from streamgauge.web.question import Question

app = application()

SECONDS = 5
"""How long a caller may keep an answer."""


def _now() -> int:
    return time.time_ns() // 1000


def _question(
    website_id: str, asked: ListParameters, *own: str, of: type[ListParameters] = ListParameters
) -> tuple[Question, ReportRange]:
    """Return what is asked; `own` are query names of the route beside those of `of` and filters."""
    site = site_for(app, "read", website_id)
    days = report_range(asked, local_day(_now(), site.timezone), site.timezone)
    return Question(postgres.read, site.site_no, days, asked.bots, filters=asked_filters(app, own, of)), days


def _answer(body: dict[str, Any], days: ReportRange) -> Response[Any]:
    return cached({"range": days.echo(), **body}, SECONDS)


@app.get(
    "/api/v1/analytics/retention/<website_id>", security=READ, tags=["website"], middlewares=[as_table(cohorts.flat)]
)
def retention(
    website_id: str,
    asked: Annotated[CohortParameters, Query()],
    by: Annotated[Literal["week", "month"], Query(description="Weeks begin on Monday.")] = "week",
) -> Response[Retention]:
    """Show cohorts: visitors by the week or month of their first appearance, and the share that came back in each one after.

    Weeks and months are whole, those at the edges of the range too; `limit` does not cut the list. Filters choose who is in a cohort.
    """
    question, days = _question(website_id, asked, "by")
    body = cohorts.retention(question, by, local_day(_now(), days.timezone))
    return _answer({**body, "next_cursor": None}, days)


@app.get("/api/v1/analytics/paths/<website_id>", security=READ, tags=["website"], middlewares=[as_table(paths.flat)])
def path_report(
    website_id: str,
    asked: Annotated[PathParameters, Query()],
    page: Annotated[Text, Query(description="The page, as top-pages names it.")],
    direction: Annotated[Literal["next", "previous"], Query(description="After the page, or back from it.")] = "next",
    steps: Annotated[int, Query(ge=1, le=MOST_STEPS, description="How many pages.")] = 1,
) -> Response[Paths]:
    """List the most frequent pages, or sequences of pages, after or before a page within a visit.

    Takes filters on visits, such as `source=Google` or `event=signup` (those with a sign-up); `page` is where paths begin.
    """
    question, days = _question(website_id, asked, "page", "direction", "steps")
    walk = Walk(folded(cut(page).path), direction, steps)
    body = paths.paths(question, walk, page_of(asked.limit, asked.cursor))
    body["next_cursor"] = next_cursor(body.pop("next_skip"))
    return _answer(body, days)


@app.get("/api/v1/analytics/goals/<website_id>", security=READ, tags=["website"])
def goal_report(
    website_id: str,
    asked: Annotated[FilteredParameters, Query()],
    goal_id: Annotated[str | None, Query(description="With `by`: this goal alone.")] = None,
    by: Annotated[By | None, Query(description="With `goal_id`: by a dimension of the visit.")] = None,
) -> Response[Goals | Conversions]:
    """Show every goal with who reached it; or one goal by source, channel or another dimension of the visit."""
    question, days = _question(website_id, asked, "goal_id", "by", of=ReportParameters)
    compare = None if asked.compare is None else _now()
    if (goal_id is None) != (by is None):
        message = "Give `goal_id` and `by` together, or neither."
        raise OutOfBoundsError(message, [(["query", "goal_id" if goal_id is None else "by"], message)])
    if goal_id is None or by is None:
        return _answer({**goal_reports.report(question, compare), "next_cursor": None}, days)
    body = goal_reports.report_by(question, goal_id, by, page_of(asked.limit, asked.cursor), compare)
    shown = attribution_of(by)
    if shown:
        body["attribution"] = shown
    return _answer({**body, "next_cursor": next_cursor(body.pop("next_skip"))}, days)


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer a request."""
    return app.resolve(event, context)
