"""A record's bytes to an event, or the reason why it is none: decided in code, record by record."""

from __future__ import annotations

from typing import Final

import msgspec

from streamgauge.clock import MICROSECONDS
from streamgauge.events.facts import KIND_NUMBERS
from streamgauge.events.models import WIRE_VERSION, Receipt, StampedEvent, decode
from streamgauge.events.reasons import Reason

_MAX_RECORD: Final = 1_048_576
_MAX_TEXT: Final = 8192
_MAX_KEY_TEXT: Final = 1024
"""Texts that stand in an index."""
_FUTURE: Final = 15 * 60 * MICROSECONDS
"""Ingest lets 5 minutes pass; clocks of two hosts may differ by some more."""
_FIRST_TIME: Final = -2_208_988_800 * MICROSECONDS
"""1900-01-01: nothing that anyone imports is older."""


class _Head(msgspec.Struct):
    """What can still be told of a record that is no event of this version."""

    v: int = WIRE_VERSION
    kind: str = ""


_HEAD: Final = msgspec.json.Decoder(_Head)


class _Origin(msgspec.Struct):
    site: str
    id: str
    received: int
    receipt: Receipt


_ORIGIN: Final = msgspec.json.Decoder(_Origin)


class Unstorable(msgspec.Struct, frozen=True):
    """A record that becomes a dead letter, with what can be told of where it came from."""

    reason: Reason
    site: str | None = None
    event_id: str | None = None
    received: int | None = None
    receipt: Receipt | None = None


def examine(data: bytes, now: int) -> StampedEvent | Unstorable:
    """Return the event of a record, or why it cannot be stored; `now` in microseconds."""
    if len(data) > _MAX_RECORD:
        return Unstorable(Reason.TOO_LARGE)
    try:
        event = decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError):
        return _unreadable(data)
    if not _storable(event, data, now):
        return Unstorable(Reason.POISON, event.site, event.id, event.received, event.receipt)
    return event


def _storable(event: StampedEvent, data: bytes, now: int) -> bool:
    """Return whether Postgres can hold it: no NUL, no endless text, no time out of this world."""
    if b"\\u0000" in data or event.v != WIRE_VERSION:
        return False
    if not _FIRST_TIME <= event.time <= event.received + _FUTURE or not 0 < event.received <= now + _FUTURE:
        return False
    page, video = event.page, event.video
    keys = (event.site, event.id, event.user_id, event.anonymous_id, event.session_id, event.name)
    if any(text is not None and len(text) > _MAX_KEY_TEXT for text in keys):
        return False
    if page is not None and max(len(page.url), len(page.path), len(page.title or "")) > _MAX_TEXT:
        return False
    if event.kind == "page_view" and page is None:
        return False
    needs_video = event.kind not in {"page_view", "custom"}
    return not needs_video or (video is not None and len(video.video_id) <= _MAX_KEY_TEXT)


def _unreadable(data: bytes) -> Unstorable:
    reason = Reason.POISON
    try:
        head = _HEAD.decode(data)
        if head.v != WIRE_VERSION or head.kind not in KIND_NUMBERS:
            reason = Reason.UNKNOWN_KIND
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError):
        pass
    try:
        origin = _ORIGIN.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError):
        return Unstorable(reason)
    return Unstorable(reason, origin.site, origin.id, origin.received, origin.receipt)
