"""Step: the bytes of one event, checked and decoded."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from streamgauge.events.reasons import Reason
from streamgauge.ingestion.models import MAX_DEPTH, MAX_EVENT_BYTES
from streamgauge.ingestion.refusal import RefusedError
from streamgauge.ingestion.split import depth_over

if TYPE_CHECKING:
    from msgspec.json import Decoder

Model = TypeVar("Model")

_NUL: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_PLACE: Final = re.compile(r"^(.*?)(?: - at `\$?([^`]*)`)?$", re.DOTALL)
_STEP: Final = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]|\[([^\]]*)\]")


def read_one(raw: bytes, decoder: Decoder[Model]) -> Model:
    """Return one event as its model. Raises RefusedError with the reason that names best what is wrong."""
    if len(raw) > MAX_EVENT_BYTES:
        raise RefusedError(Reason.TOO_LARGE, "An event may have 32 KB.")
    # Counting is fast and never counts too little: only then it is worth looking where the brackets are.
    if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH and depth_over(raw, MAX_DEPTH):
        raise RefusedError(Reason.TOO_DEEP, f"An event may nest {MAX_DEPTH} levels deep.")
    if b"\\u0000" in raw and _NUL.search(raw):
        raise RefusedError(Reason.INVALID, "Text may not hold NUL characters.")
    try:
        if not raw.isascii():
            raw.decode()
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        raise invalid(error) from None
    except UnicodeDecodeError:
        raise RefusedError(Reason.UNREADABLE, "It is not encoded as UTF-8.") from None
    except (msgspec.DecodeError, RecursionError):
        raise RefusedError(Reason.UNREADABLE, "It is no JSON.") from None


def invalid(error: msgspec.ValidationError, *before: str | int) -> RefusedError:
    """Return the refusal for what the decoder says; its message names types and bounds, never a value."""
    match = _PLACE.match(str(error))
    message, place = (match[1], match[2] or "") if match else (str(error), "")
    loc = tuple(name or (int(index) if index else inner) for name, index, inner in _STEP.findall(place))
    return RefusedError(Reason.INVALID, message, (*before, *loc))
