"""Funnels: made, read, changed, removed; their figures and comparisons. Steps are reported to ingest."""

import time
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from streamgauge.clock import local_day
from streamgauge.edge.callers import require
from streamgauge.edge.cursors import next_cursor, skip_of
from streamgauge.edge.http import ADMIN, READ, application, bypasses_cache, cached, caller, site_for, site_named
from streamgauge.edge.parameters import Bots, RangeParameters, ReportParameters, ReportRange, report_range
from streamgauge.errors import OutOfBoundsError
from streamgauge.funnels import definitions, reports
from streamgauge.funnels.definitions import Kept
from streamgauge.funnels.models import (
    Analytics,
    Compared,
    ComparedRange,
    Comparison,
    DetailedAnalytics,
    Funnel,
    FunnelList,
    NewFunnel,
)
from streamgauge.funnels.reports import Breakdown
from streamgauge.store import postgres

app = application()

FUNNELS = "/api/v1/funnels"
OPEN_SECONDS = 2
"""How long a caller may keep figures that include today; those of past days only change by late events."""
PAST_SECONDS = 60

Asked = Annotated[ReportParameters, Query()]
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


def _days(kept: Kept, asked: RangeParameters) -> ReportRange:
    zone = site_named(kept.site_id).timezone
    return report_range(asked, local_day(time.time_ns() // 1000, zone), zone)


def _figures(kept: Kept, days: ReportRange, bots: Bots, by: Breakdown | None = None) -> dict[str, Any]:
    body = reports.analytics(_database(), kept, days, bots, breakdown=by, fresh=bypasses_cache(app))
    return {"range": days.echo(), **body}


def _answer(body: dict[str, Any], days: ReportRange, limit: int) -> Response[Any]:
    if "breakdown" in body:
        body["breakdown"] = body["breakdown"][:limit]
    past = days.end < local_day(time.time_ns() // 1000, days.timezone)
    return cached(body, PAST_SECONDS if past else OPEN_SECONDS)


@app.post(FUNNELS, security=ADMIN, tags=["funnels"], status_code=HTTPStatus.CREATED)
def create_funnel(funnel: NewFunnel) -> Funnel:
    """Make a funnel."""
    site = site_for(app, "admin", funnel.website_id)
    return definitions.create(_database(), site.site_no, funnel.definition()).shown()


@app.get(FUNNELS, security=READ, tags=["funnels"])
def list_funnels(
    website_id: Annotated[str | None, Query(description="For credentials that open several sites.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    cursor: Annotated[str | None, Query(max_length=1000)] = None,
) -> FunnelList:
    """List the funnels of a site, oldest first."""
    site = site_for(app, "read", website_id)
    found = definitions.of_site(_database(), site.site_no, skip_of(cursor), limit + 1)
    more = found[limit - 1].number if len(found) > limit else None
    return FunnelList(results=[kept.shown() for kept in found[:limit]], next_cursor=next_cursor(more))


@app.post(f"{FUNNELS}/compare", security=READ, tags=["funnels"])
def compare_funnels(comparison: Comparison, asked: Annotated[ReportParameters, Query()]) -> Compared:
    """Compare several funnels over one range, or one funnel over several."""
    if comparison.funnel_ids is not None:
        kepts = [_funnel(funnel_id, "read") for funnel_id in comparison.funnel_ids]
        parts = [(kept.funnel_id, kept, _days(kept, asked)) for kept in kepts]
    else:
        kept = _funnel(comparison.funnel_id or "", "read")
        ranges = [_days(kept, _range(one)) for one in comparison.ranges or []]
        parts = [(f"{days.start}/{days.end}", kept, days) for days in ranges]
    found = [(label, reports.plain(_figures(kept, days, asked.bots))) for label, kept, days in parts]
    return Compared.model_validate({"funnels": [body for _, body in found], "tests": reports.compare(found)})


def _range(one: ComparedRange) -> RangeParameters:
    return RangeParameters(start_date=one.start, end_date=one.end, period=one.period)


@app.get(f"{FUNNELS}/<funnel_id>", security=READ, tags=["funnels"])
def read_funnel(funnel_id: str) -> Funnel:
    """Show a funnel."""
    return _funnel(funnel_id, "read").shown()


@app.put(f"{FUNNELS}/<funnel_id>", security=ADMIN, tags=["funnels"])
def change_funnel(funnel_id: str, funnel: NewFunnel) -> Funnel:
    """Put a definition in the place of a funnel's; its figures are computed anew, for the past too."""
    kept = _funnel(funnel_id, "admin")
    if funnel.website_id not in (None, kept.site_id):
        message = "A funnel stays with its site."
        raise OutOfBoundsError(message, [(["body", "website_id"], message)])
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


@app.get(f"{FUNNELS}/<funnel_id>/analytics", security=READ, tags=["funnels"])
def analytics(funnel_id: str, asked: Asked, breakdown: By = None) -> Response[Analytics]:
    """Show how many people got how far."""
    kept = _funnel(funnel_id, "read")
    days = _days(kept, asked)
    return _answer(reports.plain(_figures(kept, days, asked.bots, breakdown)), days, asked.limit)


@app.get(f"{FUNNELS}/<funnel_id>/analytics/detailed", security=READ, tags=["funnels"])
def detailed_analytics(funnel_id: str, asked: Asked, breakdown: By = None) -> Response[DetailedAnalytics]:
    """Show how many people got how far, how long each step took, and the same per day."""
    kept = _funnel(funnel_id, "read")
    days = _days(kept, asked)
    return _answer(_figures(kept, days, asked.bots, breakdown), days, asked.limit)


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer a request."""
    return app.resolve(event, context)
