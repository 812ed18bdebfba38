"""Reports of videos."""

import time
from collections.abc import Callable
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from streamgauge.clock import local_day
from streamgauge.edge.csv_answers import wants_csv, write_csv
from streamgauge.edge.http import READ, Application, application, cached, site_for
from streamgauge.edge.parameters import ReportParameters, report_range
from streamgauge.store import postgres
from streamgauge.video.models import VideoMetrics
from streamgauge.video.reports import video_metrics

app = application()

OPEN_SECONDS = 2
"""How long a caller may keep a report that includes today; one of past days only changes by late events."""
PAST_SECONDS = 60


def _row_as_csv(app: Application, next_middleware: Callable[[Application], Response[Any]]) -> Response[Any]:
    """Turn figures without a list into a line of CSV for those who accept nothing else."""
    response = next_middleware(app)
    if response.body and wants_csv(app.current_event.raw_event):
        response.body = write_csv([{name: value for name, value in response.body.items() if name != "range"}])
        response.headers["Content-Type"] = "text/csv; charset=utf-8"
    return response


@app.get("/api/metrics/video/<video_id>", security=READ, tags=["video"], middlewares=[_row_as_csv])
def video(
    video_id: str,
    asked: Annotated[ReportParameters, Query()],
    website_id: Annotated[str | None, Query(description="For credentials that open several sites.")] = None,
) -> Response[VideoMetrics]:
    """Show the figures of a video; all are 0 when nobody has played it in the range."""
    now = time.time_ns() // 1000
    site = site_for(app, "read", website_id)
    days = report_range(asked, local_day(now, site.timezone), site.timezone)
    figures = video_metrics(postgres.read, site.site_no, video_id, days, asked.bots)
    past = days.end < local_day(now, site.timezone)
    return cached(VideoMetrics(range=days.echo(), **figures), PAST_SECONDS if past else OPEN_SECONDS)


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer a request."""
    return app.resolve(event, context)
