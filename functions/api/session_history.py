"""Past sessions of media servers: a user's history, and the figures of days."""

import time
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from streamgauge.access.site_settings import play_min_seconds
from streamgauge.clock import MICROSECONDS, local_day
from streamgauge.edge.cursors import next_cursor, page_of
from streamgauge.edge.http import READ, application, cached, site_for
from streamgauge.edge.library_models import SessionDays
from streamgauge.edge.parameters import RangeParameters, Website, report_range
from streamgauge.library.days import daily_stats
from streamgauge.library.figures import Scope
from streamgauge.sessions import live
from streamgauge.sessions.models import ActiveSessions, shown
from streamgauge.sessions.players import SOURCE
from streamgauge.sessions.reports import merged, sessions_of_user
from streamgauge.store import postgres

app = application()

OPEN_SECONDS = 2
"""How long a caller may keep figures that include today; those of past days only change by late calls."""
PAST_SECONDS = 60
_DAY = len("2026-11-21")


@app.get("/api/v1/analytics/sessions/user/<user_id>", security=READ, tags=["sessions"])
def of_user(
    user_id: str,
    website_id: Website = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
    cursor: Annotated[str | None, Query(max_length=1000)] = None,
) -> ActiveSessions:
    """List the sessions of a user, the latest first, live ones included."""
    site = site_for(app, "read", website_id)
    now, page = time.time_ns() // 1000, page_of(limit, cursor)
    going_on = [one for one in live.listed(site.site_id, now) if one.user_id == user_id and one.item.source != SOURCE]
    stored = sessions_of_user(postgres.read, site.site_no, user_id, page.take)
    sessions, next_skip = page.of_all(merged(stored, going_on))
    return ActiveSessions(
        results=[shown(session, now) for session in sessions],
        next_cursor=next_cursor(next_skip),
    )


@app.get("/api/v1/analytics/stats/daily", security=READ, tags=["sessions"])
def daily(
    asked: Annotated[RangeParameters, Query()],
    website_id: Website = None,
    start: Annotated[str | None, Query(max_length=40, description="As `startDate`.")] = None,
    end: Annotated[str | None, Query(max_length=40, description="As `endDate`.")] = None,
) -> Response[SessionDays]:
    """List every day of the range with the sessions that started on it."""
    site = site_for(app, "read", website_id)
    today = local_day(time.time_ns() // 1000, site.timezone)
    given = RangeParameters(
        start_date=_day_of(start) or asked.start_date, end_date=_day_of(end) or asked.end_date, period=asked.period
    )
    days = report_range(given, today, site.timezone)
    play = play_min_seconds(site.settings) * MICROSECONDS
    scope = Scope(site.site_no, play, days.start, days.end, today=today, zone=site.timezone)
    rows = daily_stats(postgres.read, scope)
    body = SessionDays(range=days.echo(), results=rows, next_cursor=None)
    return cached(body, PAST_SECONDS if days.end < today else OPEN_SECONDS)


def _day_of(text: str | None) -> str | None:
    """Return the day of a time as clients of typed languages write it (`2026-11-21T00:00:00Z`); a day stays as it is."""
    return text[:_DAY] if text and text[_DAY : _DAY + 1] == "T" else text or None


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer a request."""
    return app.resolve(event, context)
