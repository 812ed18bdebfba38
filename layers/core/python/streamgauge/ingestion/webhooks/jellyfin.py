"""Jellyfin: the Webhook plug-in's variables, sent all or by our template (`clients/jellyfin/webhook.handlebars`)."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Any, Final, TypedDict

from streamgauge.events.models import SessionItem
from streamgauge.ingestion.session_calls import Told
from streamgauge.ingestion.webhooks import played
from streamgauge.ingestion.webhooks.played import Played, SignedIn
from streamgauge.sessions.folding import device_of
from streamgauge.sessions.live import has_device

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamgauge.events.models import Call

TICKS: Final = 10_000_000
_ENTITY: Final = re.compile(r"&(?:amp|apos|gt|lt|quot|#\d+|#x[0-9a-fA-F]+);")

_CALLS: Final[dict[str, Call]] = {"PlaybackStart": "start", "PlaybackProgress": "beat", "PlaybackStop": "stop"}
_SIGN_INS: Final = frozenset({"AuthenticationSuccess", "SessionStart"})
"""The plug-in tells where a device is with these alone."""
_OTHERS: Final = frozenset(
    {
        "AuthenticationFailure",
        "Generic",
        "ItemAdded",
        "ItemDeleted",
        "PendingRestart",
        "PluginInstallationCancelled",
        "PluginInstallationFailed",
        "PluginInstalled",
        "PluginInstalling",
        "PluginUninstalled",
        "PluginUpdated",
        "SubtitleDownloadFailure",
        "TaskCompleted",
        "UserCreated",
        "UserDataSaved",
        "UserDeleted",
        "UserLockedOut",
        "UserPasswordChanged",
        "UserUpdated",
    }
)


class _Device(TypedDict):
    client_name: str
    device_name: str | None
    device_id: str | None


def read(body: Mapping[str, Any]) -> Played | SignedIn | None:
    """Return what a body says; None for a notification of something else. Raises RefusedError."""
    # Templates write what stands in two braces as HTML.
    body = {field: _unescaped(value) if isinstance(value, str) else value for field, value in body.items()}
    if played.text(body.get("NotificationType")) in _SIGN_INS:
        return _signed_in(body)
    call = played.meant(body, "NotificationType", _CALLS, _OTHERS)
    if call is None:
        return None
    method = played.text(body.get("PlayMethod"))
    item = _item(body, heartbeats=call == "beat")
    position = played.seconds(body.get("PlaybackPositionTicks"), TICKS)
    return Played(
        call=call,
        user_id=played.needed(_user(body), "UserId"),
        item=item,
        told=Told(
            time=played.moment(body.get("UtcTimestamp")) or played.moment(body.get("Timestamp")),
            address=played.address(body.get("RemoteEndPoint")),
            position=played.reached(position, item.runtime, body.get("PlayedToCompletion")),
            paused=played.flag(body.get("IsPaused")),
            bitrate=_bitrate(body),
            transcoded=None if method is None else method == "Transcode",
            resolution=played.resolution(body.get("Video_0_Width"), body.get("Video_0_Height")),
        ),
        play=played.identity(body.get("PlaySessionId")),
    )


def _unescaped(text: str) -> str:
    # What templates write alone: `unescape` by itself makes a sign of the first letters in "rock&reggae".
    return _ENTITY.sub(lambda entity: unescape(entity[0]), text)


def _signed_in(body: Mapping[str, Any]) -> SignedIn | None:
    user, address = _user(body), played.address(body.get("RemoteEndPoint"))
    item = SessionItem("", "", **_device(body))
    if user is None or address is None or not has_device(item):
        return None
    return SignedIn(user_id=user, device=device_of(item, ""), address=address)


def _user(body: Mapping[str, Any]) -> str | None:
    return (
        played.identity(body.get("UserId"))
        or played.name(body.get("NotificationUsername"))
        or played.name(body.get("Username"))
    )


def _device(body: Mapping[str, Any]) -> _Device:
    return {
        "client_name": _named(body, "ClientName") or _named(body, "Client") or "Jellyfin",
        "device_name": _named(body, "DeviceName"),
        "device_id": played.device(body.get("DeviceId")),
    }


def _named(body: Mapping[str, Any], field: str) -> str | None:
    # The plug-in escapes quotes when a device signs in, and not when it plays.
    return played.text(played.name(body.get(field)))


def _item(body: Mapping[str, Any], *, heartbeats: bool) -> SessionItem:
    kind = played.content_type(body.get("ItemType"))
    series = played.name(body.get("Artist" if kind == "track" else "SeriesName"))
    return SessionItem(
        content_type=kind,
        content_id=played.needed(played.identity(body.get("ItemId")), "ItemId"),
        title=played.title(
            played.name(body.get("Name")),
            series,
            played.whole(body.get("SeasonNumber")),
            played.whole(body.get("EpisodeNumber")),
        ),
        runtime=played.seconds(body.get("RunTimeTicks"), TICKS) or None,
        **_device(body),
        heartbeats=heartbeats,
        source="jellyfin",
    )


def _bitrate(body: Mapping[str, Any]) -> int | None:
    """Return the bitrate of music; the plug-in tells none of a picture."""
    return None if played.text(body.get("Video_0_Width")) else played.kilobits(body.get("Audio_0_Bitrate"), 1000)
