"""Segment's video spec as the nine video events.

A call is mapped by itself, since the next one may come to another container: what belongs together is joined where playbacks are folded.
Both starts of an asset in a session are starts (a playback counts one); a buffering ends with the resumption that its second
half becomes, a seek's second half says where it ended. Ads are custom events: they move no playhead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from streamgauge.ingestion.dialects.fields import identity, kilobits, seconds, text

if TYPE_CHECKING:
    from collections.abc import Mapping

SEEK_STARTED: Final = "video playback seek started"
SEEK_COMPLETED: Final = "video playback seek completed"

_TYPES: Final = {
    "video playback started": "video_start",
    "video playback paused": "video_pause",
    "video playback resumed": "video_resume",
    "video playback interrupted": "video_error",
    "video playback buffer started": "video_buffer",
    # No heartbeat: only one of those ends the startup.
    "video playback buffer completed": "video_resume",
    SEEK_STARTED: "seek",
    SEEK_COMPLETED: "seek",
    "video playback completed": "video_complete",
    # Nobody watches on after it; the same session may still come back to the asset.
    "video playback exited": "video_pause",
    "video content started": "video_start",
    "video content playing": "video_progress",
    "video content completed": "video_complete",
    "video quality updated": "quality_change",
}
_USED: Final = frozenset({"session_id", "position", "seek_position", "total_length", "quality", "bitrate"})


def video_of(name: str, properties: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the fields of the video event that a track call is; None for other calls, and for those that name no asset."""
    wanted = name.strip().lower()
    kind, asset = _TYPES.get(wanted), _asset(properties)
    if kind is None or asset is None:
        return None
    position = seconds(properties.get("position"))
    known: dict[str, Any] = {
        "position": position,
        "duration": seconds(properties.get("total_length")) or None,
        "quality": text(properties.get("quality"), 64),
        "bitrate": kilobits(properties.get("bitrate")),
    }
    if wanted == SEEK_STARTED:
        known |= {"from": position, "to": seconds(properties.get("seek_position"))}
    elif wanted == SEEK_COMPLETED:
        # Where it ended says nothing of where it began: without its first half, the way there was not watched.
        known |= {"position": None, "to": position}
    told = {key: value for key, value in known.items() if value is not None}
    rest = {key: value for key, value in properties.items() if key not in _USED and key not in _OWN}
    return {
        "event_type": kind,
        "video_id": asset,
        "session_id": identity(properties.get("session_id")),
        "properties": rest | told,
    }


_OWN: Final = frozenset(
    {"duration", "from", "to", "buffer_seconds", "startup_time", "fatal", "device_type", "browser", "bitrate"}
)
"""Names that say something else in Segment's spec, or nothing: they must not be taken for ours."""


def _asset(properties: Mapping[str, Any]) -> str | None:
    for name in ("asset_id", "content_asset_id", "content_asset_ids", "content_asset_id[]", "video_id"):
        given = properties.get(name)
        found = identity(given[0] if isinstance(given, list) and given else given)
        if found is not None:
            return found
    return None
