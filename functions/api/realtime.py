"""What goes on right now: a video platform's five figures, and who is on a website."""

import time
from functools import lru_cache
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from streamgauge.edge.http import READ, application, bypasses_cache, cached, site_for
from streamgauge.edge.parameters import Website
from streamgauge.live.figures import RealtimeMetrics, WebsiteRealtime, of_video, realtime_metrics, website_realtime
from streamgauge.live.items import LiveEvent
from streamgauge.live.realtime import RecentEvents

app = application()

HELD_SECONDS = 1


@lru_cache(maxsize=1)
def _recent() -> RecentEvents:
    return RecentEvents()


def _events(site_id: str, now: float) -> list[LiveEvent]:
    return _recent().of(site_id, now, fresh=bypasses_cache(app))


@app.get("/api/metrics/realtime", security=READ, tags=["video"])
def realtime(
    video_id: Annotated[str | None, Query(description="Of one video alone.")] = None,
    website_id: Website = None,
) -> Response[RealtimeMetrics]:
    """Show live playbacks, bandwidth, events and errors of the last 60 seconds."""
    site = site_for(app, "read", website_id)
    now = time.time()
    events = _events(site.site_id, now)
    if video_id is not None:
        events = of_video(events, video_id)
    return cached(realtime_metrics(events, now), HELD_SECONDS)


@app.get("/api/v1/analytics/realtime/<website_id>", security=READ, tags=["website"])
def website(website_id: str) -> Response[WebsiteRealtime]:
    """Show who has been on a website in the last five minutes."""
    site = site_for(app, "read", website_id)
    now = time.time()
    return cached(website_realtime(_events(site.site_id, now), now), HELD_SECONDS)


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer a request."""
    return app.resolve(event, context)
