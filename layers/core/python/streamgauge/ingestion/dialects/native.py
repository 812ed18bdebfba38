"""Our own language: an event, a list of events, or `{"events": […]}`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from streamgauge.errors import TooLargeError, UnreadableError
from streamgauge.events.reasons import Reason
from streamgauge.ingestion import outcome
from streamgauge.ingestion.dialects import lists
from streamgauge.ingestion.dialects.dialect import Dialect, Reading
from streamgauge.ingestion.drafts import Draft
from streamgauge.ingestion.models import MAX_EVENT_BYTES, SentEvent
from streamgauge.ingestion.reading import read_one
from streamgauge.ingestion.refusal import RefusedError

if TYPE_CHECKING:
    from streamgauge.ingestion.call import Call

_EVENT: Final = msgspec.json.Decoder(SentEvent)


def read(call: Call) -> Reading:
    """Return the draft of a single event, or those of a list."""
    body = call.body.strip()
    if body.startswith(b"{"):
        return Reading([_single(body)], single=True)
    return Reading(_drafts(lists.elements(body)), single=False)


def read_batch(call: Call) -> Reading:
    """Return the drafts of a batch (a bare list will do)."""
    body = call.body.strip()
    events = lists.members(body).get("events", b"") if body.startswith(b"{") else body
    return Reading(_drafts(lists.elements(events)), single=False)


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
    return [_draft(index, raw) for index, raw in enumerate(events)]


def answer(reading: Reading) -> outcome.Outcome:
    """Answer event by event."""
    return outcome.native(reading.drafts, single=reading.single)


DIALECT: Final = Dialect("native", read, reread, answer)
BATCH: Final = Dialect("batch", read_batch, reread, answer)
