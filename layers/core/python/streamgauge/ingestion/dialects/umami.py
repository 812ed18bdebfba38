"""Umami's events: its tracker and its clients; `website` is the site's id. An event with a name is a custom event, one without a page view.

An `engagement` or `performance` goes on with the visit, and is no event of its own.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

import msgspec

from streamgauge.events.reasons import Reason
from streamgauge.ingestion import outcome
from streamgauge.ingestion.dialects import lists
from streamgauge.ingestion.dialects.dialect import Dialect, Reading, only
from streamgauge.ingestion.dialects.fields import address, event, identity, mapping, moment, read_object, text, url
from streamgauge.ingestion.drafts import Draft
from streamgauge.ingestion.refusal import RefusedError

if TYPE_CHECKING:
    from streamgauge.events.models import Kind
    from streamgauge.ingestion.call import Call
    from streamgauge.ingestion.models import SentEvent

SUCCESS: Final = b'{"success":true}'
_MEASURED: Final = ("engagement", "lcp", "inp", "cls", "fcp", "ttfb")
_ENCODED: Final = re.compile("%25(?=[0-9A-Fa-f]{2})")


def read(call: Call) -> Reading:
    """Return the draft of the event, or those of a list."""
    if not call.body.lstrip().startswith(b"["):
        return only(reread(call.body.strip(), call.argument))
    drafts = [reread(raw, call.argument) for raw in lists.elements(call.body)]
    return Reading([msgspec.structs.replace(draft, index=at) for at, draft in enumerate(drafts)], single=False)


def reread(raw: bytes, argument: str) -> Draft:  # noqa: ARG001 - every dialect is called alike
    """Return the draft of an event's bytes."""
    try:
        sent, kind, name = _event(read_object(raw))
    except RefusedError as refusal:
        return Draft(index=0, raw=raw, refusal=refusal)
    return Draft(index=0, raw=raw, in_order=True, sent=sent, kind=kind, name=name)


def _event(body: dict[str, Any]) -> tuple[SentEvent, Kind, str | None]:
    payload, kind = mapping(body.get("payload")), text(body.get("type"))
    given = {"ip": address(payload.get("ip")), "user_agent": text(payload.get("userAgent"), 1024)}
    found: dict[str, Any] = {
        "event_type": "event",
        "website_id": identity(payload.get("website")),
        "user_id": identity(payload.get("id")),
        "anonymous_id": identity(payload.get("vid")),
        "timestamp": moment(payload.get("timestamp")),
        "url": _address(payload),
        "referrer": url(payload.get("referrer")),
        "title": _title(payload),
        "language": text(payload.get("language"), 64),
        "screen": text(payload.get("screen"), 32),
        "properties": mapping(payload.get("data")) or None,
        "context": {key: value for key, value in given.items() if value} or None,
    }
    if kind in {"engagement", "performance"}:
        return (
            event(found | {"properties": {name: payload[name] for name in _MEASURED if name in payload}}),
            "identify",
            kind,
        )
    if kind == "identify":
        return event(found), "identify", "identify"
    if kind != "event":
        raise RefusedError(Reason.INVALID, "Expected `event` or `identify`.", ("type",))
    name = text(payload.get("name"), 100)
    return event(found), "page_view" if name is None else "custom", name


def _address(payload: dict[str, Any]) -> str | None:
    """Return where it happened: the tracker gives a path, and its host beside it. Older ones encode what is encoded already."""
    given, host = url(payload.get("url")), text(payload.get("hostname"), 253)
    if given is None:
        return None
    given = _ENCODED.sub("%", given)
    return f"https://{host}{given}" if host and given.startswith("/") else given


def _title(payload: dict[str, Any]) -> str | None:
    """Return the page's title, which older trackers encode: then no space is left in it."""
    given = text(payload.get("title"), 1000)
    return given if given is None or " " in given else unquote(given)


def answer(reading: Reading) -> outcome.Outcome:
    """Answer 200 with JSON: the Python client reads it. A list gets Umami's account of it."""
    refused = [draft for draft in reading.drafts if draft.refusal is not None]
    if not reading.single:
        size = len(reading.drafts)
        details = [
            {"index": draft.index, "response": {"error": draft.refusal.detail}} for draft in refused if draft.refusal
        ]
        told = {"size": size, "processed": size - len(refused), "errors": len(refused), "details": details}
        return outcome.Outcome(200, outcome.JSON, msgspec.json.encode(told))
    return outcome.native(reading.drafts, single=True) if refused else outcome.Outcome(200, outcome.JSON, SUCCESS)


DIALECT: Final = Dialect("umami", read, reread, answer, foreign=True)
