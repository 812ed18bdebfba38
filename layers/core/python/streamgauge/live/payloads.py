"""What live messages carry: pure functions of events and sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

# pydantic, which publishes shapes, cannot read typing's own before Python 3.12.
from typing_extensions import TypedDict

from streamgauge.clock import instant
from streamgauge.ids import digest
from streamgauge.sessions.folding import fold
from streamgauge.sessions.models import call_of, shown
from streamgauge.sockets.models import Message

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from streamgauge.events.models import StampedEvent
    from streamgauge.sessions.folding import Session

MOST_EVENTS: Final = 50
"""Of a batch of a site, the newest so many are told, fewer when many listen: what goes out is bounded."""

_MOST_SENDS: Final = 2000
_UNTOLD: Final = frozenset({"view", "session"})


class AnalyticsEvent(TypedDict):
    """An event without its person: `id` is the same when it is told again. Texts and numbers that it lacks are null."""

    id: str
    event_type: str
    timestamp: str
    page: str | None
    title: str | None
    source: str | None
    country: str | None
    city: str | None
    browser: str | None
    os: str | None
    device: str | None
    video_id: str | None
    position: float | None
    quality: str | None


def analytics_event(event: StampedEvent) -> AnalyticsEvent:
    """Return what is told of an event."""
    around, page, video = event.surroundings, event.page, event.video
    return {
        "id": digest(event.site, event.id),
        "event_type": event.name if event.kind == "custom" and event.name else event.kind,
        "timestamp": instant(event.time).isoformat(),
        "page": None if page is None else page.path,
        "title": None if page is None else page.title,
        "source": event.acquisition.source if event.kind == "page_view" else None,
        "country": around.country,
        "city": around.city,
        "browser": around.browser,
        "os": around.os,
        "device": around.device,
        "video_id": None if video is None else video.video_id,
        "position": None if video is None else video.position,
        "quality": None if video is None else video.quality,
    }


def event_messages(events: Sequence[StampedEvent], listeners: int) -> list[Message]:
    """Return what is told of a site's events in a batch, in order of time."""
    told = sorted(
        (event for event in events if not event.bot and event.kind not in _UNTOLD), key=lambda event: event.time
    )
    most = max(1, min(MOST_EVENTS, _MOST_SENDS // max(1, listeners)))
    return [Message("analytics_event", analytics_event(event)) for event in told[-most:]]


def session_messages(events: Sequence[StampedEvent], listed: Mapping[str, Session], now: int) -> list[Message]:
    """Return which sessions of a site began and ended in a batch, as the active list shows them.

    `listed` holds what is known of them by id. The list may be a moment behind the stream: then the call itself tells.
    """
    known = dict(listed)
    messages = []
    for event in sorted((event for event in events if event.kind == "session"), key=lambda event: event.time):
        fields = event.session
        if fields is None or fields.call == "beat" or fields.history is not None:
            continue
        session = known.get(fields.id)
        try:
            if session is None or session.seen < event.time:
                known[fields.id] = session = fold(session, [call_of(event)])
        except ValueError:  # its end, and nothing says what it played
            continue
        if fields.call == "stop":
            messages.append(Message("session_ended", shown(session, now)))
        elif session.start >= event.time:  # a start that goes on with a session begins none
            messages.append(Message("session_started", shown(session, now)))
    return messages
