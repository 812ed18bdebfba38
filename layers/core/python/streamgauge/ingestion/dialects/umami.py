"""Umami's events: its tracker and its clients; `website` is the site's id. An event with a name is a custom event, one without a page view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from streamgauge.events.reasons import Reason
from streamgauge.ingestion import outcome
from streamgauge.ingestion.dialects.dialect import Dialect, Reading, only
from streamgauge.ingestion.dialects.fields import event, identity, mapping, read_object, text, url
from streamgauge.ingestion.drafts import Draft
from streamgauge.ingestion.refusal import RefusedError

if TYPE_CHECKING:
    from streamgauge.events.models import Kind
    from streamgauge.ingestion.call import Call
    from streamgauge.ingestion.models import SentEvent

SUCCESS: Final = b'{"success":true}'


def read(call: Call) -> Reading:
    """Return the draft of the event."""
    return only(reread(call.body.strip(), call.argument))


def reread(raw: bytes, argument: str) -> Draft:  # noqa: ARG001 - every dialect is called alike
    """Return the draft of an event's bytes."""
    try:
        sent, kind, name = _event(read_object(raw))
    except RefusedError as refusal:
        return Draft(index=0, raw=raw, refusal=refusal)
    return Draft(index=0, raw=raw, sent=sent, kind=kind, name=name)


def _event(body: dict[str, Any]) -> tuple[SentEvent, Kind, str | None]:
    payload = mapping(body.get("payload"))
    found: dict[str, Any] = {
        "event_type": "event",
        "website_id": identity(payload.get("website")),
        "user_id": identity(payload.get("id")),
        "url": _address(payload),
        "referrer": url(payload.get("referrer")),
        "title": text(payload.get("title"), 1000),
        "language": text(payload.get("language"), 64),
        "screen": text(payload.get("screen"), 32),
        "properties": mapping(payload.get("data")) or None,
    }
    if body.get("type") == "identify":
        return event(found), "identify", "identify"
    if body.get("type") != "event":
        raise RefusedError(Reason.INVALID, "Expected `event` or `identify`.", ("type",))
    name = text(payload.get("name"), 100)
    return event(found), "page_view" if name is None else "custom", name


def _address(payload: dict[str, Any]) -> str | None:
    """Return where it happened: the tracker gives a path, and its host beside it."""
    given, host = url(payload.get("url")), text(payload.get("hostname"), 253)
    return f"https://{host}{given}" if given is not None and host and given.startswith("/") else given


def answer(reading: Reading) -> outcome.Outcome:
    """Answer 200 with JSON: the Python client reads it."""
    if reading.drafts[0].refusal is not None:
        return outcome.native(reading.drafts, single=True)
    return outcome.Outcome(200, outcome.JSON, SUCCESS)


DIALECT: Final = Dialect("umami", read, reread, answer)
