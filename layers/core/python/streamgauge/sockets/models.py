"""The messages of a live connection, each way; `docs/live.md` shows one of each."""

from __future__ import annotations

from typing import Any, Final, Literal, get_args

import msgspec

MessageType = Literal["realtime_metrics", "analytics_event", "session_started", "session_ended", "sharing_alert"]
"""What a client may subscribe to."""

MESSAGE_TYPES: Final[tuple[MessageType, ...]] = get_args(MessageType)


class Message(msgspec.Struct, frozen=True):
    """What the service sends: `{"type", "payload"}`."""

    type: MessageType
    payload: Any


class Problem(msgspec.Struct, frozen=True, tag_field="type", tag="error"):
    """What the service answers to a request that it cannot take."""

    payload: dict[str, str]


class Request(msgspec.Struct, frozen=True):
    """What a client sends. `subscribe` replaces what was subscribed to before; `ping` keeps a quiet connection open."""

    action: Literal["subscribe", "ping"]
    types: list[MessageType] = []


_REQUEST: Final = msgspec.json.Decoder(Request)


def read_request(body: str) -> Request | None:
    """Return a client's request; None for what is none."""
    try:
        return _REQUEST.decode(body.encode("utf-8", "surrogatepass"))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
