"""Plex: the field `payload` of a form (https://support.plex.tv/articles/115002267687-webhooks/). It calls only when something changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from streamgauge.events.models import SessionItem
from streamgauge.ingestion.session_calls import Told
from streamgauge.ingestion.webhooks import played
from streamgauge.ingestion.webhooks.played import Played

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamgauge.events.models import Call

MILLISECONDS: Final = 1000
SCROBBLED: Final = 0.9
"""Plex scrobbles when so much of an item is played, and says no position."""

_CALLS: Final[dict[str, tuple[Call, bool | None]]] = {
    "media.play": ("start", False),
    "media.resume": ("beat", False),
    "media.pause": ("beat", True),
    "media.scrobble": ("beat", None),
    "media.stop": ("stop", None),
}
_OTHERS: Final = frozenset(
    {
        "admin.database.backup",
        "admin.database.corrupted",
        "device.new",
        "library.new",
        "library.on.deck",
        "media.rate",
        "playback.started",
    }
)


def read(body: Mapping[str, Any]) -> Played | None:
    """Return what a payload says; None for an event of something else. Raises RefusedError."""
    known = played.meant(body, "event", _CALLS, _OTHERS)
    if known is None:
        return None
    call, paused = known
    event = body["event"]
    account, media = played.section(body, "Account"), _media(played.section(body, "Metadata"))
    user = played.text(account.get("id")) or played.name(account.get("title"))
    item = _item(body)
    position = played.seconds(played.section(body, "Metadata").get("viewOffset"), MILLISECONDS)
    if event == "media.scrobble" and position is None and item.runtime:
        position = SCROBBLED * item.runtime
    player = played.section(body, "Player")
    decision = played.text(played.section(body, "TranscodeSession").get("videoDecision"))
    return Played(
        call=call,
        user_id=played.needed(user, "Account"),
        item=item,
        told=Told(
            address=played.address(player.get("publicAddress")) or played.address(player.get("remotePublicAddress")),
            position=position,
            paused=paused,
            bitrate=played.kilobits(media.get("bitrate")),
            transcoded=None if decision is None else decision == "transcode",
            resolution=_resolution(media),
        ),
        # Marking something as watched by hand scrobbles too.
        over=event == "media.scrobble",
    )


def _item(body: Mapping[str, Any]) -> SessionItem:
    metadata, player = played.section(body, "Metadata"), played.section(body, "Player")
    kind = played.content_type(metadata.get("type"))
    numbered = kind == "episode"
    content = played.text(metadata.get("ratingKey")) or played.text(metadata.get("guid"))
    return SessionItem(
        content_type=kind,
        content_id=played.needed(content, "Metadata.ratingKey"),
        title=played.title(
            played.name(metadata.get("title")),
            played.name(metadata.get("grandparentTitle")),
            played.whole(metadata.get("parentIndex")) if numbered else None,
            played.whole(metadata.get("index")) if numbered else None,
        ),
        library_id=played.text(metadata.get("librarySectionID")),
        runtime=played.seconds(metadata.get("duration"), MILLISECONDS) or None,
        client_name=played.text(player.get("product")) or "Plex",
        device_name=played.text(player.get("title")),
        device_id=played.device(player.get("uuid")) or played.device(player.get("machineIdentifier")),
        heartbeats=False,
        source="plex",
    )


def _media(metadata: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the version that plays, where the payload names versions: the selected one, else the first."""
    listed = metadata.get("Media")
    versions = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    return next((one for one in versions if played.flag(one.get("selected"))), versions[0] if versions else {})


def _resolution(media: Mapping[str, Any]) -> str | None:
    said = (played.text(media.get("videoResolution")) or "").lower()
    if said.isdigit():
        return f"{said}p"
    named = {"4k": "2160p", "8k": "4320p", "sd": "480p"}.get(said)
    return named or played.resolution(media.get("width"), media.get("height"))
