"""Reports of a website."""

import time
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from streamgauge.clock import local_day
from streamgauge.dimensions import Dimension
from streamgauge.edge.cursors import next_cursor, page_of
from streamgauge.edge.filter_parameters import WebsiteParameters, asked_filters
from streamgauge.edge.http import READ, application, cached, site_for
from streamgauge.edge.parameters import report_range
from streamgauge.edge.tables import as_table
from streamgauge.paging import Page
from streamgauge.places.attribution import attribution
from streamgauge.rollups.imported import imported_before
from streamgauge.store import postgres
from streamgauge.web import lists, properties, reports
from streamgauge.web.models import (
    CustomEvents,
    DailyStats,
    Dashboard,
    HourlyStats,
    Properties,
    TopPages,
    TopPlaces,
    TopValues,
)
from streamgauge.web.question import Question

app = application()

Asked = Annotated[WebsiteParameters, Query()]

OWN = ("by", "property", "with_imported")

PAGES = {"page": Dimension.PAGE, "entry": Dimension.ENTRY_PAGE, "exit": Dimension.EXIT_PAGE}
REFERRERS = {"source": Dimension.SOURCE, "url": Dimension.REFERRER}

OPEN_SECONDS = 2
"""How long a caller may keep a report that includes today; one of past days only changes by late events."""
PAST_SECONDS = 60


def _now() -> int:
    return time.time_ns() // 1000


def _answer(
    website_id: str,
    asked: WebsiteParameters,
    report: Callable[[Question, int | None], dict[str, Any]],
    /,
    **more: str | None,
) -> Response[Any]:
    """Answer a report, which takes the question and up to when the time before is compared (None: not at all); `more` stands beside."""
    now = _now()
    site = site_for(app, "read", website_id)
    today = local_day(now, site.timezone)
    days = report_range(asked, today, site.timezone)
    filters = asked_filters(app, OWN)
    # What another tool counted cannot be filtered.
    wanted = asked.with_imported and not filters.conditions
    until = imported_before(postgres.read, site.site_no, asked.bots, wanted=wanted)
    question = Question(postgres.read, site.site_no, days, asked.bots, until, filters)
    body = report(question, None if asked.compare is None else now)
    return cached({"range": days.echo(), **body, **more}, PAST_SECONDS if days.end < today else OPEN_SECONDS)


def _list(
    website_id: str,
    asked: WebsiteParameters,
    report: Callable[[Question, Page, int | None], dict[str, Any]],
    **more: str,
) -> Response[Any]:
    """Answer a list, page by page."""
    page = page_of(asked.limit, asked.cursor)

    def of_page(question: Question, compare: int | None) -> dict[str, Any]:
        body = report(question, page, compare)
        return {**body, "next_cursor": next_cursor(body.pop("next_skip"))}

    return _answer(website_id, asked, of_page, **more)


def _top(website_id: str, asked: WebsiteParameters, dimension: Dimension, **more: str) -> Response[Any]:
    """Answer a top list: another dimension is another route with this line."""
    return _list(website_id, asked, partial(lists.top_values, dimension), **more)


@app.get(
    "/api/v1/analytics/dashboard/<website_id>",
    security=READ,
    tags=["website"],
    middlewares=[as_table(lambda body: body["timeseries"])],
)
def dashboard(website_id: str, asked: Asked) -> Response[Dashboard]:
    """Show the overview of a website. As CSV: its time series."""
    return _answer(website_id, asked, reports.dashboard, website_id=website_id)


@app.get("/api/v1/analytics/top-pages/<website_id>", security=READ, tags=["website"])
def top_pages(
    website_id: str,
    asked: Asked,
    by: Annotated[
        Literal["page", "entry", "exit"], Query(description="All pages, or those of entry or exit.")
    ] = "page",
) -> Response[TopPages]:
    """List the pages with most visitors."""
    return _top(website_id, asked, PAGES[by])


@app.get("/api/v1/analytics/top-referrers/<website_id>", security=READ, tags=["website"])
def top_referrers(
    website_id: str,
    asked: Asked,
    by: Annotated[
        Literal["source", "url"], Query(description="Grouped by source, or every referring address.")
    ] = "source",
) -> Response[TopValues]:
    """List where most visitors came from. Without a referrer the source is `(direct)`."""
    return _top(website_id, asked, REFERRERS[by])


@app.get("/api/v1/analytics/top-countries/<website_id>", security=READ, tags=["website"])
def top_countries(
    website_id: str,
    asked: Asked,
    by: Annotated[
        Literal["country", "region", "city"], Query(description="How fine places are told apart.")
    ] = "country",
) -> Response[TopPlaces]:
    """List the countries, regions or cities with most visitors."""
    shown = attribution()
    return _top(website_id, asked, Dimension[by.upper()], **({"attribution": shown} if shown else {}))


@app.get("/api/v1/analytics/top-browsers/<website_id>", security=READ, tags=["website"])
def top_browsers(website_id: str, asked: Asked) -> Response[TopValues]:
    """List the browsers with most visitors."""
    return _top(website_id, asked, Dimension.BROWSER)


@app.get("/api/v1/analytics/top-devices/<website_id>", security=READ, tags=["website"])
def top_devices(
    website_id: str,
    asked: Asked,
    by: Annotated[
        Literal["device", "screen", "language"], Query(description="Kinds of devices, screen sizes, or languages.")
    ] = "device",
) -> Response[TopValues]:
    """List the devices, screens or languages with most visitors."""
    return _top(website_id, asked, Dimension[by.upper()])


@app.get("/api/v1/analytics/top-os/<website_id>", security=READ, tags=["website"])
def top_os(website_id: str, asked: Asked) -> Response[TopValues]:
    """List the operating systems with most visitors."""
    return _top(website_id, asked, Dimension.OS)


@app.get("/api/v1/analytics/traffic-summary/<website_id>", security=READ, tags=["website"])
def traffic_summary(
    website_id: str,
    asked: Asked,
    by: Annotated[
        Literal["channel", "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"],
        Query(description="Channels, or a field of tagged campaigns."),
    ] = "channel",
) -> Response[TopValues]:
    """List the channels, or the values of a campaign field, with most visitors."""
    return _top(website_id, asked, Dimension[by.upper()])


@app.get("/api/v1/analytics/custom-events/<website_id>", security=READ, tags=["website"])
def custom_events(website_id: str, asked: Asked) -> Response[CustomEvents]:
    """List the custom events that most visitors had."""
    return _list(website_id, asked, lists.custom_events)


@app.get("/api/v1/analytics/properties/<website_id>", security=READ, tags=["website"])
def property_report(
    website_id: str,
    asked: Asked,
    name: Annotated[
        str | None,
        Query(
            alias="property",
            min_length=1,
            max_length=2000,
            pattern=r"^[^\x00]+$",
            description="The property whose values are listed; without it, the names of properties.",
        ),
    ] = None,
) -> Response[Properties]:
    """List the properties of page views and custom events, or the values of one. `event=` asks for those of one event."""
    return _list(website_id, asked, partial(properties.properties, name))


@app.get("/api/v1/analytics/daily-stats/<website_id>", security=READ, tags=["website"])
def daily_stats(website_id: str, asked: Asked) -> Response[DailyStats]:
    """List every day of the range; `limit` does not cut it."""
    return _answer(website_id, asked, reports.daily, next_cursor=None)


@app.get("/api/v1/analytics/hourly-stats/<website_id>", security=READ, tags=["website"])
def hourly_stats(website_id: str, asked: Asked) -> Response[HourlyStats]:
    """List every hour of the range (at most 366 days); `limit` does not cut it."""
    return _answer(website_id, asked, reports.hourly, next_cursor=None)


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer a request."""
    return app.resolve(event, context)
