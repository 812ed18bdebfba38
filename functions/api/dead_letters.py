"""What was refused or failed, to read and to send again: `GET /api/v1/dead-letters`, `POST /api/v1/dead-letters/replay`."""

import time
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import BaseModel, Field
from streamgauge.access.scopes import ALL_SITES
from streamgauge.clock import instant
from streamgauge.edge.callers import require
from streamgauge.edge.http import ADMIN, application, caller
from streamgauge.errors import OutOfBoundsError
from streamgauge.events.reasons import Reason
from streamgauge.ingestion.replay import MOST, replay
from streamgauge.settings import settings
from streamgauge.store import dead_letters
from streamgauge.store.dead_letters import Entry

LONGEST_BODY = 65_536
LARGEST_PAGE = 4_000_000

app = application()


class Letter(BaseModel):
    """An event that was given up; `body` is its raw text, cut at 64 KB here (never where it is kept)."""

    id: str
    site_id: str
    reason: str
    stage: str
    received_at: str
    event_id: str | None = None
    detail: str | None = None
    body: str


class Letters(BaseModel):
    """A page of open letters, latest first."""

    results: list[Letter]
    total: int
    next_cursor: str | None = None


class ReplayOrder(BaseModel):
    """Which letters to send again: those named, or all open ones of a reason, 500 a call."""

    ids: Annotated[list[str], Field(max_length=MOST)] | None = None
    reason: Reason | None = None
    website_id: Annotated[str, Field(max_length=200)] | None = None
    site_id: Annotated[str, Field(max_length=200, description="Another name of `website_id`.")] | None = None
    cursor: Annotated[str, Field(max_length=100)] | None = None


class ReplayDone(BaseModel):
    """What became of the letters: on the stream again, refused again, too old, not found; and where to go on."""

    accepted: int
    refused: int
    expired: int
    not_found: int
    next_cursor: str | None = None


@app.get("/api/v1/dead-letters", security=ADMIN, tags=["operation"])
def list_letters(
    reason: Annotated[Reason | None, Query(description="Only these.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 10,
    cursor: Annotated[str | None, Query(max_length=100)] = None,
    website_id: Annotated[str | None, Query(max_length=200, description="One site alone.")] = None,
    site_id: Annotated[str | None, Query(max_length=200, description="Another name of `website_id`.")] = None,
) -> Letters:
    """List the events that were refused or failed, latest first."""
    now = time.time_ns() // 1000
    sites = _sites(website_id or site_id)
    entries, following = dead_letters.find(sites, reason=reason, limit=limit, cursor=cursor, now=now)
    results: list[Letter] = []
    room = LARGEST_PAGE
    for entry, body in zip(entries, dead_letters.bodies(entries, LONGEST_BODY), strict=True):
        room -= min(entry.length, LONGEST_BODY) * 2
        if room < 0 and results:
            following = results[-1].id
            break
        results.append(_letter(entry, body))
    return Letters(results=results, total=dead_letters.total(sites, reason=reason, now=now), next_cursor=following)


@app.post("/api/v1/dead-letters/replay", security=ADMIN, tags=["operation"])
def replay_letters(order: ReplayOrder) -> ReplayDone:
    """Send letters on again, as of their first receipt; each event counts once, however often this is called."""
    if (order.ids is None) == (order.reason is None):
        message = "Name the ids to replay, or one reason."
        raise OutOfBoundsError(message, [(["body"], message)])
    now = time.time_ns() // 1000
    sites = _sites(order.website_id or order.site_id)
    following = None
    if order.ids is not None:
        wanted = dict.fromkeys(order.ids)
        entries = dead_letters.get_many(sites, list(wanted))
        missing = len(wanted) - len(entries)
    else:
        entries, following = dead_letters.find(sites, reason=order.reason, limit=MOST, cursor=order.cursor, now=now)
        missing = 0
    done = replay(entries, now, settings().text("STREAM_NAME"))
    return ReplayDone(**done._asdict(), not_found=missing, next_cursor=following)


def _sites(asked: str | None) -> list[str]:
    """Return the sites whose letters the caller may see: the one asked for, else all of them. Raises ForbiddenError."""
    known = caller(app)
    if asked:
        require(known, "admin", asked)
        return [asked]
    if known.allows("admin", ALL_SITES):
        return dead_letters.sites_with_letters()
    return sorted({grant.site_id for grant in known.grants if grant.allows("admin")})


def _letter(entry: Entry, body: bytes) -> Letter:
    return Letter(
        id=entry.id,
        site_id=entry.site,
        reason=entry.reason,
        stage=entry.stage,
        received_at=instant(entry.received_at).isoformat(),
        event_id=entry.event_id,
        detail=entry.detail,
        body=body.decode("utf-8", "replace"),
    )


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer a request."""
    return app.resolve(event, context)
