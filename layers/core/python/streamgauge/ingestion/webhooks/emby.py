"""Emby: webhooks of its notifications (https://emby.media/support/articles/Webhooks.html), as JSON or in the field `data` of a form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from streamgauge.events.models import SessionItem
from streamgauge.events.reasons import Reason
from streamgauge.ingestion.refusal import RefusedError
from streamgauge.ingestion.session_calls import Told
from streamgauge.ingestion.webhooks import played
from streamgauge.ingestion.webhooks.jellyfin import TICKS
from streamgauge.ingestion.webhooks.played import Played

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamgauge.events.models import Call

_CALLS: Final[dict[str, tuple[Call, bool | None]]] = {
    "playback.start": ("start", None),
    "playback.progress": ("beat", None),
    "playback.pause": ("beat", True),
    "playback.unpause": ("beat", False),
    "playback.stop": ("stop", None),
}
_OTHERS: Final = frozenset({"camera", "device", "item", "library", "livetv", "plugins", "series", "system", "user"})
"""What events of other things begin with."""


def read(body: Mapping[str, Any]) -> Played | None:
    """Return what a body says; None for an event of something else. Raises RefusedError."""
    event = (played.text(body.get("Event")) or "").lower()
    if event.partition(".")[0] in _OTHERS:
        return None
    known = _CALLS.get(event)
    if known is None:
        raise RefusedError(Reason.UNKNOWN_KIND, "This Event is not known.", ("Event",))
    call, paused = known
    user, item, session = (played.section(body, name) for name in ("User", "Item", "Session"))
    playback = played.section(body, "PlaybackInfo")
    state = played.section(session, "PlayState")
    method = played.text(playback.get("PlayMethod")) or played.text(state.get("PlayMethod"))
    transcoding = _transcoding(body)
    transcoded = method == "Transcode" if method else (True if transcoding else None)
    played_item = _item(item, session, heartbeats=event == "playback.progress")
    position = played.known(*(played.seconds(one.get("PositionTicks"), TICKS) for one in (playback, state)))
    return Played(
        call=call,
        user_id=played.needed(played.identity(user.get("Id")) or played.name(user.get("Name")), "User"),
        item=played_item,
        told=Told(
            time=played.moment(body.get("Date")),
            address=played.address(session.get("RemoteEndPoint")),
            position=played.reached(position, played_item.runtime, playback.get("PlayedToCompletion")),
            paused=played.known(paused, *(played.flag(one.get("IsPaused")) for one in (playback, state))),
            bitrate=played.kilobits((transcoding if transcoded else item).get("Bitrate"), 1000),
            transcoded=transcoded,
            resolution=played.resolution(transcoding.get("Width"), transcoding.get("Height"))
            or played.resolution(item.get("Width"), item.get("Height")),
        ),
        play=played.identity(playback.get("PlaySessionId")),
    )


def _transcoding(body: Mapping[str, Any]) -> Mapping[str, Any]:
    places = (body, played.section(body, "Session"), played.section(body, "PlaybackInfo"))
    return next((found for place in places if (found := played.section(place, "TranscodingInfo"))), {})


def _item(item: Mapping[str, Any], session: Mapping[str, Any], *, heartbeats: bool) -> SessionItem:
    kind = played.content_type(item.get("Type"))
    numbered = kind == "episode"
    artists = item.get("Artists")
    artist = item.get("AlbumArtist") or (artists[0] if isinstance(artists, list) and artists else None)
    return SessionItem(
        content_type=kind,
        content_id=played.needed(played.identity(item.get("Id")), "Item.Id"),
        title=played.title(
            played.name(item.get("Name")),
            played.name(artist if kind == "track" else item.get("SeriesName")),
            played.whole(item.get("ParentIndexNumber")) if numbered else None,
            played.whole(item.get("IndexNumber")) if numbered else None,
        ),
        runtime=played.seconds(item.get("RunTimeTicks"), TICKS) or None,
        client_name=played.text(session.get("Client")) or "Emby",
        device_name=played.text(session.get("DeviceName")),
        device_id=played.device(session.get("DeviceId")),
        heartbeats=heartbeats,
        source="emby",
    )
