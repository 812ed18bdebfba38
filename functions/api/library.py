"""Figures of a media server: the whole, its libraries, what is popular, genres, users, bandwidth and concurrent streams."""

import time
from collections.abc import Callable
from datetime import date, timedelta
from functools import lru_cache
from typing import Annotated, Any, Literal, NamedTuple

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from streamgauge.access.registry import SiteRecord
from streamgauge.access.site_settings import play_min_seconds
from streamgauge.clock import MICROSECONDS, day_start, local_day
from streamgauge.edge.cursors import next_cursor, page_of
from streamgauge.edge.held import HeldAnswers
from streamgauge.edge.http import READ, application, bypasses_cache, cached, site_for
from streamgauge.edge.library_models import (
    ActiveUsers,
    Bandwidth,
    DayParameters,
    Genres,
    MediaParameters,
    Popular,
    RangedLibrary,
    RangedServer,
    RangedUser,
    Streams,
)
from streamgauge.edge.parameters import ReportRange, report_range
from streamgauge.errors import OutOfBoundsError
from streamgauge.library import ranked, reports
from streamgauge.library.days import bandwidth_of_days, peaks
from streamgauge.library.figures import FIRST_DAY, LAST_DAY, Scope, Window, of_window, window_start
from streamgauge.settings import settings
from streamgauge.store import postgres

app = application()

AT_ONCE = 2
"""Seconds that a caller may keep what is popular, which no cache of ours holds."""

Asked = Annotated[MediaParameters, Query()]
InDays = Annotated[DayParameters, Query()]


class Question(NamedTuple):
    """What a report is about: the site, the sessions, the range that it echoes, and whether that was asked for by days."""

    site: SiteRecord
    scope: Scope
    days: ReportRange
    by_days: bool
    now: int


@lru_cache(maxsize=1)
def _held() -> HeldAnswers:
    return HeldAnswers()


def _scope(site: SiteRecord, first: date, last: date, today: date) -> Scope:
    play = play_min_seconds(site.settings) * MICROSECONDS
    return Scope(site.site_no, play, first, last, today=today, zone=site.timezone)


def _question_of_days(asked: DayParameters) -> Question:
    """Read the range as days, by default 30."""
    site = site_for(app, "read", asked.website_id)
    now = time.time_ns() // 1000
    today = local_day(now, site.timezone)
    days = report_range(asked, today, site.timezone)
    scope = _scope(site, days.start, days.end, today)
    return Question(site, scope, days, by_days=True, now=now)


def _question(asked: MediaParameters, window: Window = "all") -> Question:
    """Read the range: days where they are given, else the window asked for, else `window`."""
    if asked.start_date or asked.end_date or asked.period:
        if asked.window:
            message = "Give a window or days, not both."
            raise OutOfBoundsError(message, [(["query", "window"], message)])
        return _question_of_days(asked)
    site = site_for(app, "read", asked.website_id)
    now = time.time_ns() // 1000
    today = local_day(now, site.timezone)
    scope = of_window(_scope(site, FIRST_DAY, LAST_DAY, today), asked.window or window, now)
    first = scope.first if scope.since > 0 else reports.first_day(postgres.read, site.site_no) or today
    return Question(site, scope, ReportRange(min(first, today), today, site.timezone), by_days=False, now=now)


def _answer(question: Question, make: Callable[[], Any]) -> Response[Any]:
    """Answer as held for ANALYTICS_CACHE_TTL, by path and query; `Cache-Control: no-cache` asks anew."""
    event = app.current_event.raw_event
    asked = (question.site.site_id, question.scope.play, event["rawPath"], event.get("rawQueryString"))
    seconds = settings().seconds("ANALYTICS_CACHE_TTL", "5m")
    body, left = _held().get(asked, question.now / MICROSECONDS, seconds, make, fresh=bypasses_cache(app))
    return cached(body, left)


def _list(question: Question, found: tuple[list[Any], int | None]) -> Any:  # noqa: ANN401 - of each list's own shape
    return {"range": question.days.echo(), "results": found[0], "next_cursor": next_cursor(found[1])}


@app.get("/api/v1/analytics/server", security=READ, tags=["library"])
def server(asked: Asked) -> Response[RangedServer]:
    """Show the whole media server: all of its time, or a range."""
    question = _question(asked)
    return _answer(
        question,
        lambda: {**reports.server(postgres.read, question.scope, question.now), "range": question.days.echo()},
    )


@app.get("/api/v1/analytics/libraries/<library_id>", security=READ, tags=["library"])
def library(library_id: str, asked: Asked) -> Response[RangedLibrary]:
    """Show a library: all of its time, or a range."""
    question = _question(asked)
    return _answer(
        question,
        lambda: {**reports.library(postgres.read, question.scope, library_id), "range": question.days.echo()},
    )


@app.get("/api/v1/analytics/popular", security=READ, tags=["library"])
def popular(asked: Asked) -> Response[Popular]:
    """List what is played most, of all types; by default in the last 30 days."""
    question = _question(asked, "month")
    found = ranked.popular(postgres.read, question.scope, page_of(asked.limit, asked.cursor))
    return cached(_list(question, found), AT_ONCE)


@app.get("/api/v1/analytics/popular/<content_type>", security=READ, tags=["library"])
def popular_of_type(content_type: str, asked: Asked) -> Response[Popular]:
    """List what is played most of a type, such as movie; by default in the last 30 days."""
    question = _question(asked, "month")
    page = page_of(asked.limit, asked.cursor)
    return _answer(question, lambda: _list(question, ranked.popular(postgres.read, question.scope, page, content_type)))


@app.get("/api/v1/analytics/users/<user_id>", security=READ, tags=["library"])
def user(user_id: str, asked: Asked) -> Response[RangedUser]:
    """Show what a user watches: all of the time, or a range. `limit` bounds the genres and types."""
    question = _question(asked)
    days = (question.days.start, question.days.end) if question.by_days else None
    return _answer(
        question,
        lambda: {
            **reports.user(postgres.read, question.scope, user_id, days, asked.limit),
            "range": question.days.echo(),
        },
    )


@app.get("/api/v1/analytics/genres", security=READ, tags=["library"])
def genres(asked: Asked) -> Response[Genres]:
    """List the genres that are played most, by the catalogue; by default in the last 30 days."""
    question = _question(asked, "month")
    page = page_of(asked.limit, asked.cursor)
    return _answer(question, lambda: _list(question, ranked.genres(postgres.read, question.scope, page)))


@app.get("/api/v1/analytics/active-users", security=READ, tags=["library"])
def active_users(asked: Asked) -> Response[ActiveUsers]:
    """Count the users with a session that overlaps the window, by default the last 24 hours, or a range."""
    question = _question(asked, "day")
    site, days = question.site, question.days
    window: Window | None = None if question.by_days else asked.window or "day"
    begin = day_start(days.start, site.timezone) * MICROSECONDS
    end = day_start(days.end + timedelta(days=1), site.timezone) * MICROSECONDS
    if window is not None:
        begin, end = window_start(window, question.now), question.now + 1
    return _answer(
        question,
        lambda: {
            "window": window,
            "active_users": reports.active_users(postgres.read, question.scope, begin, end),
            "range": days.echo(),
        },
    )


@app.get("/api/v1/analytics/bandwidth", security=READ, tags=["library"])
def bandwidth(
    asked: InDays,
    by: Annotated[Literal["day", "user"], Query(description="A row for each day, or for each user.")] = "day",
    user_id: Annotated[str | None, Query(max_length=200, description="The days of one user.")] = None,
) -> Response[Bandwidth]:
    """Show what sessions streamed, per day or per user, most first; by default in the last 30 days."""
    question = _question_of_days(asked)
    page = page_of(asked.limit, asked.cursor)

    def make() -> Any:  # noqa: ANN401 - a list of either shape
        if by == "user":
            return _list(question, ranked.bandwidth_of_users(postgres.read, question.scope, page))
        return _list(question, (bandwidth_of_days(postgres.read, question.scope, user_id), None))

    return _answer(question, make)


@app.get("/api/v1/analytics/streams", security=READ, tags=["library"])
def streams(asked: InDays) -> Response[Streams]:
    """Show the most streams that played at one moment, in all and per day; by default in the last 30 days."""
    question = _question_of_days(asked)

    def make() -> Any:  # noqa: ANN401 - a list of either shape
        rows = peaks(postgres.read, question.scope)
        peak = max(row["peak_concurrent_streams"] for row in rows)
        return {**_list(question, (rows, None)), "peak_concurrent_streams": peak}

    return _answer(question, make)


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer a request."""
    return app.resolve(event, context)
