"""A body of several events, cut into their bytes: also where some of them are no JSON, so that one bad event loses none of its neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from streamgauge.errors import OutOfBoundsError, TooLargeError, UnreadableError
from streamgauge.ingestion import split
from streamgauge.ingestion.models import MAX_EVENTS
from streamgauge.ingestion.reading import read_one
from streamgauge.ingestion.refusal import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

_LIST: Final = msgspec.json.Decoder(list[msgspec.Raw])
_OBJECT: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_VALUE: Final = msgspec.json.Decoder(Any)
_SHARED: Final = 2048
_NO_EVENTS: Final = "The body holds no events."


def members(body: bytes) -> Mapping[str, bytes]:
    """Return the members of an object, each uncut. Raises UnreadableError."""
    try:
        return {name: bytes(raw) for name, raw in _OBJECT.decode(body).items()}
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass
    try:
        return {name.decode("utf-8", "replace"): raw for name, raw in split.members(body).items()}
    except split.BrokenError:
        raise UnreadableError(_NO_EVENTS) from None


def shared(found: Mapping[str, bytes], name: str) -> object:
    """Return a member that speaks of all events; None for one that cannot be read, or is too long to be written into each."""
    raw = found.get(name, b"")
    try:
        return read_one(raw, _VALUE) if 0 < len(raw) <= _SHARED else None
    except RefusedError:
        return None


def elements(text: bytes) -> list[bytes]:
    """Return the events of a list. Raises UnreadableError for none, OutOfBoundsError for an empty one, TooLargeError for too many."""
    found = _elements(text)
    if not found:
        raise OutOfBoundsError(_NO_EVENTS, [(["body"], _NO_EVENTS)])
    if len(found) > MAX_EVENTS:
        raise TooLargeError(f"A request may have {MAX_EVENTS} events.")
    return found


def _elements(text: bytes) -> list[bytes]:
    try:
        return [bytes(raw) for raw in _LIST.decode(text)[: MAX_EVENTS + 1]]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass
    try:
        return split.elements(text)
    except split.BrokenError:
        raise UnreadableError(_NO_EVENTS) from None
