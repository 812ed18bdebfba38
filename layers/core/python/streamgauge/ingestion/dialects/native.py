"""Our own language: an event, a list of events, or `{"events": […]}`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from streamgauge.errors import OutOfBoundsError, TooLargeError, UnreadableError
from streamgauge.events.reasons import Reason
from streamgauge.ingestion import outcome, split
from streamgauge.ingestion.dialects.dialect import Dialect, Reading
from streamgauge.ingestion.drafts import Draft
from streamgauge.ingestion.models import MAX_EVENT_BYTES, MAX_EVENTS, SentEvent
from streamgauge.ingestion.reading import read_one
from streamgauge.ingestion.refusal import RefusedError

if TYPE_CHECKING:
    from streamgauge.ingestion.call import Call

_EVENT: Final = msgspec.json.Decoder(SentEvent)
_LIST: Final = msgspec.json.Decoder(list[msgspec.Raw])
_NO_EVENTS: Final = "The body holds no events."


class _Batch(msgspec.Struct):
    events: list[msgspec.Raw]


_BATCH: Final = msgspec.json.Decoder(_Batch)


def read(call: Call) -> Reading:
    """Return the draft of a single event, or those of a list."""
    body = call.body.strip()
    if body.startswith(b"{"):
        return Reading([_single(body)], single=True)
    return Reading(_drafts(_elements(body)), single=False)


def read_batch(call: Call) -> Reading:
    """Return the drafts of a batch (a bare list will do)."""
    body = call.body.strip()
    return Reading(_drafts(_batched(body) if body.startswith(b"{") else _elements(body)), single=False)


def reread(raw: bytes, argument: str) -> Draft:  # noqa: ARG001 - every dialect is called alike
    """Return the draft of one event's bytes."""
    return _draft(0, raw)


def _single(body: bytes) -> Draft:
    if len(body) > MAX_EVENT_BYTES:
        raise TooLargeError("An event may have 32 KB.")
    draft = _draft(0, body)
    if draft.refusal is not None and draft.refusal.reason is Reason.UNREADABLE:
        raise UnreadableError(draft.refusal.detail)
    return draft


def _draft(index: int, raw: bytes) -> Draft:
    try:
        return Draft(index=index, raw=raw, sent=read_one(raw, _EVENT))
    except RefusedError as refusal:
        return Draft(index=index, raw=raw, refusal=refusal)


def _drafts(events: list[bytes]) -> list[Draft]:
    if not events:
        raise OutOfBoundsError(_NO_EVENTS, [(["body"], _NO_EVENTS)])
    if len(events) > MAX_EVENTS:
        raise TooLargeError(f"A request may have {MAX_EVENTS} events.")
    return [_draft(index, raw) for index, raw in enumerate(events)]


def _elements(body: bytes) -> list[bytes]:
    try:
        return _bytes(_LIST.decode(body))
    except (msgspec.MsgspecError, RecursionError):
        return _cut(body)


def _batched(body: bytes) -> list[bytes]:
    try:
        return _bytes(_BATCH.decode(body).events)
    except (msgspec.MsgspecError, RecursionError):
        pass
    try:
        return _cut(split.members(body).get(b"events", b""))
    except split.BrokenError:
        raise UnreadableError(_NO_EVENTS) from None


def _bytes(found: list[msgspec.Raw]) -> list[bytes]:
    return [bytes(raw) for raw in found[: MAX_EVENTS + 1]]


def _cut(body: bytes) -> list[bytes]:
    """Return the elements of a list that is no JSON as a whole."""
    try:
        return split.elements(body)
    except split.BrokenError:
        raise UnreadableError(_NO_EVENTS) from None


def answer(reading: Reading) -> outcome.Outcome:
    """Answer event by event."""
    return outcome.native(reading.drafts, single=reading.single)


DIALECT: Final = Dialect("native", read, reread, answer)
BATCH: Final = Dialect("batch", read_batch, reread, answer)
