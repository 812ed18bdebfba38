"""Sessions as the API shows them, and their numbers."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

# pydantic, which publishes these shapes, cannot read typing's own before Python 3.12.
from typing_extensions import TypedDict

from streamgauge.clock import MICROSECONDS, instant
from streamgauge.ids import number
from streamgauge.sessions.folding import ORDER, Call, Session, ended_at, status_at

if TYPE_CHECKING:
    from streamgauge.events.models import StampedEvent

LONGEST_ID: Final = 200
"""Letters of an id of a media server: of a session, user, item or library."""


def printable(text: str) -> str:
    """Return the text. Raises ValueError where it holds control characters."""
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in text):  # noqa: PLR2004 - ASCII
        raise ValueError("holds control characters")
    return text


class PlaybackSession(TypedDict):
    """A session; `ended_at` is null while it goes on. Texts that nobody told are empty, other things null."""

    id: str
    user_id: str
    content_type: str
    content_id: str
    started_at: str
    ended_at: str | None
    duration_seconds: int
    client_name: str
    device_name: str
    ip_address: str
    transcoded: bool
    resolution: str
    status: str
    position_seconds: float | None
    bitrate_kbps: int | None
    paused: bool
    device_id: str | None
    country: str | None
    city: str | None
    title: str | None
    library_id: str | None
    runtime_seconds: float | None
    source: str


class ActiveSessions(TypedDict):
    """The sessions that go on."""

    results: list[PlaybackSession]
    next_cursor: str | None


@lru_cache(maxsize=65_536)
def session_key(session_id: str) -> int:
    """Return the number of a session's id."""
    return number("session", session_id)


def call_of(event: StampedEvent) -> Call:
    """Return the call that a stamped event of kind `session` is. Raises ValueError for any other."""
    fields = event.session
    if fields is None or event.user_id is None:
        raise ValueError("the event is no call about a session")
    return Call(event.time, ORDER[fields.call], number("call", event.id), event.user_id, fields)


def shown(session: Session, now: int) -> PlaybackSession:
    """Return a session as the API shows it at `now` (microseconds)."""
    item, spot = session.item, session.spot
    ended = ended_at(session, now)
    return {
        "id": session.id,
        "user_id": session.user_id,
        "content_type": item.content_type,
        "content_id": item.content_id,
        "started_at": instant(session.start).isoformat(),
        "ended_at": None if ended is None else instant(ended).isoformat(),
        "duration_seconds": session.duration // MICROSECONDS,
        "client_name": item.client_name or "",
        "device_name": item.device_name or "",
        "ip_address": spot.ip_address or "",
        "transcoded": session.transcoded,
        "resolution": session.resolution or "",
        "status": status_at(session, now),
        "position_seconds": session.position,
        "bitrate_kbps": session.bitrate,
        "paused": session.paused,
        "device_id": item.device_id,
        "country": spot.country,
        "city": spot.city,
        "title": item.title,
        "library_id": item.library_id,
        "runtime_seconds": item.runtime,
        "source": item.source,
    }
