"""Funnels: made, read, changed, removed; their figures and comparisons. Steps are reported to ingest."""

import time
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from streamgauge.clock import local_day
from streamgauge.edge.callers import require
from streamgauge.edge.cursors import next_cursor, page_of, skip_of
from streamgauge.edge.filter_parameters import FilteredParameters, asked_filters
from streamgauge.edge.http import ADMIN, READ, application, bypasses_cache, cached, caller, site_for, site_named
from streamgauge.edge.parameters import RangeParameters, ReportRange, Website, report_range
from streamgauge.edge.tables import as_table
from streamgauge.errors import OutOfBoundsError
from streamgauge.filters.models import Filters
from streamgauge.funnels import definitions, reports
from streamgauge.funnels.answers import Analytics, Compared, DetailedAnalytics
from streamgauge.funnels.breakdowns import Breakdown
from streamgauge.funnels.definitions import Kept
from streamgauge.funnels.models import ChangedFunnel, ComparedRange, Comparison, Funnel, FunnelList, NewFunnel
from streamgauge.funnels.reports import Question
from streamgauge.places.attribution import attribution_of
from streamgauge.store import postgres

app = application()

FUNNELS = "/api/v1/funnels"
OPEN_SECONDS = 2
"""How long a caller may keep figures that include today; those of past days only change by late events."""
PAST_SECONDS = 60

Asked = Annotated[FilteredParameters, Query()]
By = Annotated[
    Breakdown | None, Query(description="Per value of the visit that a person entered with (`page`: of the event).")
]


def _database() -> postgres.Connection:
    """Return a connection that answers: one that idled away is replaced before anything is read."""
    postgres.read("SELECT 1", {})
    return postgres.connection()


def _funnel(funnel_id: str, scope: str) -> Kept:
    """Return a funnel that the caller may read or administer."""
    kept = definitions.find(_database(), funnel_id)
    require(caller(app), "admin" if scope == "admin" else "read", kept.site_id)
    return kept


def _days(kept: Kept, asked: RangeParameters, now: int) -> ReportRange:
    zone = site_named(kept.site_id).timezone
    return report_range(asked, local_day(now, zone), zone)


def _figures(question: Question, asked: FilteredParameters, now: int) -> dict[str, Any]:
    fresh = bypasses_cache(app)
    body = reports.analytics(_database(), question, fresh=fresh)
    if asked.compare is not None:
        reports.add_comparison(_database(), question, now, body, fresh=fresh)
    return body


def _answer(funnel_id: str, asked: FilteredParameters, by: Breakdown | None, *, timed: bool) -> Response[Any]:
    """Answer with the figures of a funnel, and the page of the values of a dimension that is asked for."""
    now = time.time_ns() // 1000
    kept = _funnel(funnel_id, "read")
    days = _days(kept, asked, now)
    question = Question(kept, days, asked.bots, by, asked_filters(app, ["breakdown"]))
    body = _figures(question, asked, now)
    if by is not None:
        body["breakdown"], next_skip = page_of(asked.limit, asked.cursor).of_all(body["breakdown"])
        body["next_cursor"] = next_cursor(next_skip)
        body["attribution"] = attribution_of(by)
    past = days.end < local_day(now, days.timezone)
    shown = body if timed else reports.plain(body)
    return cached({"range": days.echo(), **shown}, PAST_SECONDS if past else OPEN_SECONDS)


@app.post(FUNNELS, security=ADMIN, tags=["funnels"], status_code=HTTPStatus.CREATED)
def create_funnel(funnel: NewFunnel) -> Funnel:
    """Make a funnel."""
    site = site_for(app, "admin", funnel.website_id)
    return definitions.create(_database(), site.site_no, funnel.definition()).shown()


@app.get(FUNNELS, security=READ, tags=["funnels"])
def list_funnels(
    website_id: Website = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    cursor: Annotated[str | None, Query(max_length=1000)] = None,
) -> FunnelList:
    """List the funnels of a site, oldest first."""
    site = site_for(app, "read", website_id)
    found = definitions.of_site(_database(), site.site_no, skip_of(cursor), limit + 1)
    more = found[limit - 1].number if len(found) > limit else None
    return FunnelList(results=[kept.shown() for kept in found[:limit]], next_cursor=next_cursor(more))


@app.post(f"{FUNNELS}/compare", security=READ, tags=["funnels"], middlewares=[as_table(reports.flat_comparison)])
def compare_funnels(comparison: Comparison, asked: Asked) -> Compared:
    """Compare several funnels over one range, or one funnel over several. As CSV: a line per funnel or range and step."""
    now = time.time_ns() // 1000
    filters = asked_filters(app)
    if comparison.funnel_ids is not None:
        kepts = [_funnel(funnel_id, "read") for funnel_id in comparison.funnel_ids]
        parts = [(kept.funnel_id, kept, _days(kept, asked, now)) for kept in kepts]
    else:
        kept = _funnel(comparison.funnel_id or "", "read")
        ranges = [_days(kept, _range(one), now) for one in comparison.ranges or []]
        parts = [(f"{days.start}/{days.end}", kept, days) for days in ranges]
    found = [(label, _compared(kept, days, filters, asked, now)) for label, kept, days in parts]
    return Compared.model_validate({"funnels": [body for _, body in found], "tests": reports.compare(found)})


def _compared(kept: Kept, days: ReportRange, filters: Filters, asked: FilteredParameters, now: int) -> dict[str, Any]:
    question = Question(kept, days, asked.bots, filters=filters)
    return {"range": days.echo(), **reports.plain(_figures(question, asked, now))}


def _range(one: ComparedRange) -> RangeParameters:
    return RangeParameters(start_date=one.start, end_date=one.end, period=one.period)


@app.get(f"{FUNNELS}/<funnel_id>", security=READ, tags=["funnels"])
def read_funnel(funnel_id: str) -> Funnel:
    """Show a funnel."""
    return _funnel(funnel_id, "read").shown()


@app.put(f"{FUNNELS}/<funnel_id>", security=ADMIN, tags=["funnels"])
def change_funnel(funnel_id: str, funnel: ChangedFunnel) -> Funnel:
    """Put a definition in the place of a funnel's; its figures are computed anew, for the past too."""
    kept = _funnel(funnel_id, "admin")
    if funnel.website_id not in (None, kept.site_id):
        message = "A funnel stays with its site."
        raise OutOfBoundsError(message, [(["body", "website_id"], message)])
    if funnel.funnel_id not in (None, kept.funnel_id):
        message = "A funnel keeps its id."
        raise OutOfBoundsError(message, [(["body", "funnel_id"], message)])
    return definitions.change(_database(), kept, funnel.definition()).shown()


@app.delete(
    f"{FUNNELS}/<funnel_id>",
    security=ADMIN,
    tags=["funnels"],
    responses={204: {"description": "The funnel is gone; reported steps stay as events."}},
)
def remove_funnel(funnel_id: str) -> Response[None]:
    """Remove a funnel."""
    definitions.remove(_database(), _funnel(funnel_id, "admin"))
    return Response(HTTPStatus.NO_CONTENT)


@app.get(f"{FUNNELS}/<funnel_id>/analytics", security=READ, tags=["funnels"], middlewares=[as_table(reports.flat)])
def analytics(funnel_id: str, asked: Asked, breakdown: By = None) -> Response[Analytics]:
    """Show how many people got how far. As CSV: a line per step, or per value and step.

    Filters choose the visits in which the funnel may be entered.
    """
    return _answer(funnel_id, asked, breakdown, timed=False)


@app.get(
    f"{FUNNELS}/<funnel_id>/analytics/detailed", security=READ, tags=["funnels"], middlewares=[as_table(reports.flat)]
)
def detailed_analytics(funnel_id: str, asked: Asked, breakdown: By = None) -> Response[DetailedAnalytics]:
    """Show how many people got how far, how long each step took, and the same per day. As CSV: as the shorter call."""
    return _answer(funnel_id, asked, breakdown, timed=True)


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer a request."""
    return app.resolve(event, context)
