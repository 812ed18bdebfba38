"""A user's video events as calls about a session of their player: how they reach the active list and sharing detection. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from streamgauge.events.facts import COMPLETE, ERROR, KIND_NUMBERS, PAUSE, PROGRESS, RESUME, START
from streamgauge.events.models import VIDEO_KINDS, SessionFields, SessionItem
from streamgauge.ids import number
from streamgauge.sessions.folding import HIGHEST_BITRATE, ORDER, Call

if TYPE_CHECKING:
    from datetime import date

    from streamgauge.events.models import Spot, StampedEvent, VideoFields

SOURCE: Final = "player"

_HALTING: Final = frozenset({PAUSE, COMPLETE})
_RUNNING: Final = frozenset({START, RESUME, PROGRESS})


def is_watching(event: StampedEvent) -> bool:
    """Return whether an event shows a user who watches: a video event of a person, with a user."""
    return event.user_id is not None and event.video is not None and event.kind in VIDEO_KINDS and not event.bot


def player_key(play_key: int, user_id: str, day: date) -> int:
    """Return the number of the row that holds a user's playing of a playback key on a UTC day."""
    return number("player", str(play_key), user_id, day.isoformat())


def item_of(event: StampedEvent, video: VideoFields) -> SessionItem:
    """Return what a player plays, and on what: the anonymous id stands for the device, else browser and kind of device."""
    around = event.surroundings
    return SessionItem(
        content_type="video",
        content_id=video.video_id,
        runtime=video.duration,
        client_name=around.browser,
        device_name=around.device,
        device_id=event.anonymous_id,
        source=SOURCE,
    )


def player_call(event: StampedEvent) -> Call:
    """Return a watching user's event as a call. Raises ValueError for another event."""
    video, user_id = event.video, event.user_id
    if video is None or user_id is None:
        raise ValueError("nobody is known to watch")
    fields = player_fields(event.session_id or "", KIND_NUMBERS[event.kind], video, item_of(event, video), event.spot)
    return Call(event.time, ORDER["beat"], number("call", event.id), user_id, fields)


def player_fields(
    session_id: str, kind: int, video: VideoFields, item: SessionItem | None = None, spot: Spot | None = None
) -> SessionFields:
    """Return what a video event says of its player; it plays after a start, resume or progress, until halted."""
    paused = None
    if kind in _HALTING or (kind == ERROR and video.fatal is not False):
        paused = True
    elif kind in _RUNNING:
        paused = False
    return SessionFields(
        session_id,
        "beat",
        item,
        spot,
        position=video.position,
        paused=paused,
        bitrate=None if video.bitrate is None else max(0, min(HIGHEST_BITRATE, round(video.bitrate))),
        resolution=video.quality,
    )
