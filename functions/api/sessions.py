"""Sessions of media servers as they go on: the calls about them, and the list of those that are active."""

import time
from datetime import datetime
from functools import lru_cache
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from streamgauge.edge.cursors import next_cursor, page_of
from streamgauge.edge.http import READ, WRITE, application, site_for
from streamgauge.edge.parameters import Website
from streamgauge.edge.session_models import (
    NO_HISTORY,
    HistoryResult,
    HistoryResults,
    SessionHistories,
    SessionStart,
    SessionUpdate,
    read_history,
)
from streamgauge.edge.writers import Writer, site_of, writer_of
from streamgauge.errors import ForbiddenError, OutOfBoundsError
from streamgauge.ingestion.session_calls import SessionCalls, Told, instant_of
from streamgauge.sessions import live
from streamgauge.sessions.models import ActiveSessions, PlaybackSession, shown

app = application()


@lru_cache(maxsize=1)
def _calls() -> SessionCalls:
    return SessionCalls()


def _caller(now: int) -> Writer:
    """Return who writes, let in."""
    writer = writer_of(app.current_event.raw_event)
    _calls().admit(writer.key, writer.address, now)
    return writer


def _address(writer: Writer, given: str | None) -> str | None:
    """Return the viewer's address: a back end speaks for its viewers, anybody else for himself."""
    return given if writer.key.scope == "server" else writer.address or None


@app.get("/api/v1/analytics/sessions/active", security=READ, tags=["sessions"])
def active(
    website_id: Website = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 1000,
    cursor: Annotated[str | None, Query(max_length=1000)] = None,
) -> ActiveSessions:
    """List the sessions that go on, the latest first; players' too, whose video events name their user."""
    site = site_for(app, "read", website_id)
    now = time.time_ns() // 1000
    sessions, next_skip = page_of(limit, cursor).of_all(live.active(site.site_id, now))
    return ActiveSessions(
        results=[shown(session, now) for session in sessions],
        next_cursor=next_cursor(next_skip),
    )


@app.post(
    "/api/v1/analytics/sessions",
    security=WRITE,
    tags=["sessions"],
    status_code=HTTPStatus.CREATED,
    responses={
        200: {"description": "It goes on with a session that there is."},
        201: {"description": "A new session."},
        429: {"description": "Too many requests."},
    },
)
def start(session: SessionStart, website_id: Website = None) -> Response[PlaybackSession]:
    """Start a session. It goes on with the one of the same user, item and device that is live or ended within the last minute."""
    now = time.time_ns() // 1000
    writer = _caller(now)
    site = site_of(writer, website_id)
    told = session.told(_address(writer, session.ip_address))
    if session.historical:
        if writer.key.scope != "server":
            raise ForbiddenError("History needs a server key.")
        history = session.history()
        if history is None:
            raise OutOfBoundsError(NO_HISTORY, [(["body", "ended_at"], NO_HISTORY)])
        kept = _calls().remember(site, session.user_id, session.item(), told, history, now, session.id)
        return Response(HTTPStatus.CREATED, content_type="application/json", body=shown(kept, now))
    begun = _calls().start(site, session.user_id, session.item(), told, now, session.id)
    status = HTTPStatus.CREATED if begun.is_new else HTTPStatus.OK
    return Response(status, content_type="application/json", body=shown(begun.session, now))


@app.post(
    "/api/v1/analytics/sessions/batch",
    security=WRITE,
    tags=["sessions"],
    status_code=HTTPStatus.ACCEPTED,
    responses={
        202: {"description": "All were taken."},
        207: {"description": "Some were refused."},
        429: {"description": "Too many requests."},
    },
)
def remember(histories: SessionHistories, website_id: Website = None) -> Response[HistoryResults]:
    """Take up to 500 sessions of the past, with a server key. Told again under the same id they are the same."""
    now = time.time_ns() // 1000
    writer = _caller(now)
    if writer.key.scope != "server":
        raise ForbiddenError("History needs a server key.")
    site = site_of(writer, website_id)
    read: dict[int, SessionStart] = {}
    results: dict[int, HistoryResult] = {}
    for index, sent in enumerate(histories.sessions):
        try:
            read[index] = read_history(sent)
        except ValueError as error:
            results[index] = HistoryResult(index=index, status="rejected", code="invalid", detail=str(error))
    past = [(one.user_id, one.item(), one.told(one.ip_address), one.past(), one.id) for one in read.values()]
    for index, found in zip(read, _calls().remember_all(site, past, now), strict=True):
        if isinstance(found, OutOfBoundsError):
            results[index] = HistoryResult(index=index, status="rejected", code="invalid", detail=found.detail)
        else:
            results[index] = HistoryResult(index=index, id=found.id, status="accepted")
    ordered = [results[index] for index in sorted(results)]
    rejected = [one.index for one in ordered if one.status == "rejected"]
    status = HTTPStatus.MULTI_STATUS if rejected else HTTPStatus.ACCEPTED
    body = HistoryResults(accepted=len(ordered) - len(rejected), rejected=rejected, results=ordered)
    return Response(status, content_type="application/json", body=body)


@app.put(
    "/api/v1/analytics/sessions/<session_id>",
    security=WRITE,
    tags=["sessions"],
    responses={200: {"description": "As it stands now."}, 429: {"description": "Too many requests."}},
)
def update(session_id: str, session: SessionUpdate, website_id: Website = None) -> PlaybackSession:
    """Say how a session fares (a heartbeat): at least every five minutes. 409 for a call after its end."""
    now = time.time_ns() // 1000
    writer = _caller(now)
    told = session.told(_address(writer, session.ip_address))
    return shown(_calls().beat(site_of(writer, website_id), session_id, told, now), now)


@app.delete(
    "/api/v1/analytics/sessions/<session_id>",
    security=WRITE,
    tags=["sessions"],
    responses={204: {"description": "It has ended."}, 429: {"description": "Too many requests."}},
)
def end(
    session_id: str,
    website_id: Website = None,
    timestamp: Annotated[datetime | None, Query(description="When; now if left out.")] = None,
) -> Response[None]:
    """End a session; again: the same answer."""
    now = time.time_ns() // 1000
    writer = _caller(now)
    told = Told(time=instant_of(timestamp), address=_address(writer, None))
    _calls().stop(site_of(writer, website_id), session_id, told, now)
    return Response(HTTPStatus.NO_CONTENT)


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer a request; a heartbeat may come without a body."""
    if event["requestContext"]["http"]["method"].upper() == "PUT" and not event.get("body"):
        event = {**event, "body": "{}", "isBase64Encoded": False}
    return app.resolve(event, context)
