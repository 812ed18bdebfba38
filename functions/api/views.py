"""View counters of videos: read from DynamoDB, and their past periods closed by hand."""

import time
from http import HTTPStatus
from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from streamgauge.access import registry, sites
from streamgauge.access.registry import SiteRecord
from streamgauge.access.scopes import ALL_SITES
from streamgauge.access.site_settings import flag
from streamgauge.edge.http import ADMIN, OPEN, application, bypasses_cache, caller, site_for
from streamgauge.errors import ForbiddenError, UnauthenticatedError
from streamgauge.store import postgres
from streamgauge.views.models import ResetDone, ViewStats
from streamgauge.views.reports import HOLD_SECONDS, HeldStats
from streamgauge.views.reset import close_period

app = application()
held = HeldStats()

Website = Annotated[str | None, Query(description="For credentials that open several sites, or for none.")]

_SITES_A_PAGE = 1000


def _site_to_show(website_id: str | None) -> SiteRecord:
    """Return the site whose counters may be read: with a key, or by its name where they are public."""
    try:
        return site_for(app, "read", website_id)
    except (UnauthenticatedError, ForbiddenError):
        site = registry.find_site(website_id) if website_id else None
        if site is None or not flag(site.settings, "public_view_stats"):
            raise
        return site


@app.get("/api/analytics/stats/<video_id>", security=OPEN, tags=["views"])
def stats(video_id: str, website_id: Website = None) -> Response[ViewStats]:
    """Show the views of a video today, this month and ever.

    Needs `read`, unless the site sets `public_view_stats` and is named by `website_id`. 404 for a video neither viewed nor
    catalogued.
    """
    site = _site_to_show(website_id)
    figures = held.get(site.site_id, site.timezone, video_id, time.time_ns() // 1000, fresh=bypasses_cache(app))
    headers = {"Cache-Control": f"max-age={HOLD_SECONDS}"}
    return Response(HTTPStatus.OK, content_type="application/json", body=ViewStats(**figures), headers=headers)


def _reset(period: Literal["daily", "monthly"], website_id: str | None) -> ResetDone:
    """Close what is past of a period, on one site; on all of them for a key of all sites that names none."""
    postgres.read("SELECT 1", {})
    connection = postgres.connection()
    if website_id is None and caller(app).allows("admin", ALL_SITES):
        rows = sites.list_sites(connection, "", _SITES_A_PAGE)
        found = [row.record for row in rows]
        while len(rows) == _SITES_A_PAGE:
            rows = sites.list_sites(connection, rows[-1].record.site_id, _SITES_A_PAGE)
            found += [row.record for row in rows]
    else:
        found = [site_for(app, "admin", website_id)]
    now = time.time_ns() // 1000
    closed = sum(close_period(connection, site, period, now) for site in found)
    return ResetDone(message=f"Reset {period} views for {closed} videos")


@app.post("/api/analytics/reset/daily", security=ADMIN, tags=["views"])
def reset_daily(website_id: Website = None) -> ResetDone:
    """Close the past days of the view counters; the running day is never zeroed. A second call closes none."""
    return _reset("daily", website_id)


@app.post("/api/analytics/reset/monthly", security=ADMIN, tags=["views"])
def reset_monthly(website_id: Website = None) -> ResetDone:
    """Close the past months of the view counters; the running month is never zeroed. A second call closes none."""
    return _reset("monthly", website_id)


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer a request."""
    return app.resolve(event, context)
