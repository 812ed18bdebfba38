"""A user's video events as calls about a session of their player: how they reach the active list and sharing detection. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from streamgauge.events.facts import COMPLETE, ERROR, KIND_NUMBERS, PAUSE, PROGRESS, RESUME, START
from streamgauge.events.models import VIDEO_KINDS, SessionFields, SessionItem
from streamgauge.ids import number
from streamgauge.sessions.folding import HIGHEST_BITRATE, ORDER, Call, Session, fold

if TYPE_CHECKING:
    from collections.abc import Iterable
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


def playback_id(event: StampedEvent) -> str:
    """Return under which id a watching user's playback stands in the active list."""
    video_id = "" if event.video is None else event.video.video_id
    chain = event.session_id or event.anonymous_id or ""
    return f"video#{number('player', chain, event.user_id or '', video_id):x}"


def watched(known: Session | None, events: Iterable[StampedEvent], session_id: str) -> Session | None:
    """Return a player's session with a watching user's events that are newer than all it has seen; None when none is.

    It has ended when the video was played to its end or failed; whatever comes after that begins it again.
    """
    newer = sorted((event for event in events if known is None or event.time > known.seen), key=lambda one: one.time)
    if not newer:
        return None
    if known is not None:
        known = msgspec.structs.replace(known, stop=None, paused=known.paused or known.stop is not None)
    session = fold(known, [player_call(event) for event in newer])
    session.id = session_id
    last = newer[-1]
    failed = last.kind == "video_error" and last.video is not None and last.video.fatal is not False
    session.stop = session.last if last.kind == "video_complete" or failed else None
    return session


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
