"""Reports of videos."""

import time
from collections.abc import Callable
from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from streamgauge.clock import MICROSECONDS, iso, local_day
from streamgauge.edge.csv_answers import wants_csv, write_csv
from streamgauge.edge.cursors import next_cursor, page_of
from streamgauge.edge.filter_parameters import asked_filters
from streamgauge.edge.http import READ, Application, application, cached, site_for
from streamgauge.edge.parameters import (
    ListParameters,
    RangeParameters,
    ReportParameters,
    ReportRange,
    Website,
    report_range,
)
from streamgauge.errors import OutOfBoundsError
from streamgauge.filters.days import require_whole
from streamgauge.places.attribution import attribution_of
from streamgauge.store import postgres
from streamgauge.video import reports
from streamgauge.video.compared import comparison
from streamgauge.video.models import (
    Breakdown,
    Peaks,
    Quality,
    Series,
    UserEngagement,
    VideoMetrics,
    VideoRetention,
    Videos,
)
from streamgauge.video.peaks import daily_peaks, require_few_days
from streamgauge.video.reports import Question

app = application()

Asked = Annotated[ListParameters, Query()]
Dimension = Literal["country", "region", "city", "browser", "os", "device", "screen", "language"]

OPEN_SECONDS = 2
"""How long a caller may keep a report that includes today; one of past days only changes by late events."""
PAST_SECONDS = 60


def _now() -> int:
    return time.time_ns() // 1000


def _question(website_id: str | None, asked: ListParameters, now: int, *own: str) -> tuple[Question, ReportRange]:
    """Return what is asked; `own` are the query names of the route. A filter or comparison that is not applied must not seem to be."""
    for one in asked_filters(app, ("website_id", *own), type(asked)).conditions:
        message = f"Reports of videos cannot be filtered by {one.name.value}."
        raise OutOfBoundsError(message, [(["query", one.name.value], message)])
    site = site_for(app, "read", website_id)
    days = report_range(asked, local_day(now, site.timezone), site.timezone)
    return Question(postgres.read, site.site_no, days, asked.bots), days


def _answer(body: dict[str, Any], days: ReportRange, now: int) -> Response[Any]:
    past = days.end < local_day(now, days.timezone)
    return cached({"range": days.echo(), **body}, PAST_SECONDS if past else OPEN_SECONDS)


def _as_csv(app: Application, next_middleware: Callable[[Application], Response[Any]]) -> Response[Any]:
    """Turn a curve into lines of CSV, and figures without a list into one, for those who accept nothing else."""
    response = next_middleware(app)
    body = response.body
    if body and wants_csv(app.current_event.raw_event):
        figures = {name: value for name, value in body.items() if name not in ("range", "comparison")}
        response.body = write_csv(body.get("points") or [figures])
        response.headers["Content-Type"] = "text/csv; charset=utf-8"
    return response


@app.get("/api/metrics/videos", security=READ, tags=["video"])
def videos(
    asked: Asked,
    sort: Annotated[
        Literal["views", "watch_time", "qualified_views"], Query(description="What the list has most of first.")
    ] = "views",
    website_id: Website = None,
) -> Response[Videos]:
    """List the videos with most views (or watch time, or qualified views), ties by id."""
    now = _now()
    question, days = _question(website_id, asked, now, "sort")
    body = reports.top_videos(question, sort, page_of(asked.limit, asked.cursor))
    return _answer({**body, "next_cursor": next_cursor(body.pop("next_skip"))}, days, now)


@app.get("/api/metrics/video/<video_id>/timeseries", security=READ, tags=["video"])
def timeseries(
    video_id: str,
    asked: Asked,
    interval: Annotated[
        Literal["day", "hour"], Query(description="Days, or hours (of at most 31 days, counted from single playbacks).")
    ] = "day",
    website_id: Website = None,
) -> Response[Series]:
    """Show a video over time; `limit` does not cut it."""
    now = _now()
    question, days = _question(website_id, asked, now, "interval")
    rows = reports.daily(question, video_id) if interval == "day" else reports.hourly(question, video_id)
    return _answer({"video_id": video_id, "results": rows, "next_cursor": None}, days, now)


@app.get("/api/metrics/video/<video_id>/quality", security=READ, tags=["video"], middlewares=[_as_csv])
def quality(video_id: str, asked: Asked, website_id: Website = None) -> Response[Quality]:
    """Show how well a video played: startup, buffering, errors, exits, time per rendition, mean bitrate."""
    now = _now()
    question, days = _question(website_id, asked, now)
    return _answer(reports.quality(question, video_id), days, now)


@app.get("/api/metrics/video/<video_id>/retention", security=READ, tags=["video"], middlewares=[_as_csv])
def retention(video_id: str, asked: Asked, website_id: Website = None) -> Response[VideoRetention]:
    """Show which part of the views saw each hundredth of a video, and how often."""
    now = _now()
    question, days = _question(website_id, asked, now)
    return _answer(reports.retention(question, video_id), days, now)


@app.get("/api/metrics/video/<video_id>/breakdown", security=READ, tags=["video"])
def breakdown(
    video_id: str,
    asked: Asked,
    by: Annotated[Dimension, Query(description="What the views are told apart by.")],
    website_id: Website = None,
) -> Response[Breakdown]:
    """List the countries, devices, browsers and so on with most views of a video, ties by name.

    Counted from single playbacks: a range with days whose playbacks are no longer kept is refused.
    """
    now = _now()
    question, days = _question(website_id, asked, now, "by")
    body = reports.breakdown(question, video_id, by, page_of(asked.limit, asked.cursor))
    shown = attribution_of(by)
    told = {"video_id": video_id, **({"attribution": shown} if shown else {})}
    return _answer({**told, **body, "next_cursor": next_cursor(body.pop("next_skip"))}, days, now)


@app.get("/api/metrics/video/<video_id>", security=READ, tags=["video"], middlewares=[_as_csv])
def video(
    video_id: str, asked: Annotated[ReportParameters, Query()], website_id: Website = None
) -> Response[VideoMetrics]:
    """Show the figures of a video; all are 0 when nobody has played it in the range."""
    now = _now()
    question, days = _question(website_id, asked, now)
    body = {"video_id": video_id, **reports.video_metrics(question, video_id)}
    if asked.compare is not None:
        body["comparison"] = comparison(question, video_id, body, now)
    return _answer(body, days, now)


@app.get("/api/metrics/users/<user_id>", security=READ, tags=["video"])
def user(user_id: str, asked: Asked, website_id: Website = None) -> Response[UserEngagement]:
    """Show what a user of a player watched, day by day.

    Counted from single playbacks: a range with days whose playbacks are no longer kept is refused.
    """
    now = _now()
    question, days = _question(website_id, asked, now)
    body = {"user_id": user_id, **reports.user_engagement(question, user_id), "next_cursor": None}
    return _answer(body, days, now)


@app.get("/api/metrics/realtime/peaks", security=READ, tags=["video"])
def peaks(
    asked: Annotated[RangeParameters, Query()],
    video_id: Annotated[str | None, Query(description="Of one video; then of at most 31 days.")] = None,
    website_id: Website = None,
) -> Response[Peaks]:
    """Show the most concurrent viewers of every day."""
    now = _now()
    site = site_for(app, "read", website_id)
    days = report_range(asked, local_day(now, site.timezone), site.timezone)
    if video_id is not None:
        require_few_days(days)
        require_whole(postgres.read, site.site_no, days.start, days.end)
    rows = [
        {
            "date": row["date"].isoformat(),
            "concurrent_viewers": row["concurrent_viewers"],
            "at": None if row["at"] is None else iso(row["at"] // MICROSECONDS, site.timezone),
        }
        for row in daily_peaks(postgres.read, site.site_no, days, video_id)
    ]
    return _answer({"results": rows, "next_cursor": None}, days, now)


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer a request."""
    return app.resolve(event, context)
