"""Segment's HTTP tracking API, and RudderStack's on top of it: one call, or a batch of them.

Content types say nothing here: the bodies hold JSON. A batch is answered 200 whatever became of its calls (its clients would drop or repeat it
as a whole); what was refused is a dead letter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import msgspec

from streamgauge.errors import UnreadableError
from streamgauge.events.reasons import Reason
from streamgauge.ingestion import outcome
from streamgauge.ingestion.dialects import lists
from streamgauge.ingestion.dialects.dialect import Dialect, Reading
from streamgauge.ingestion.dialects.fields import (
    address,
    event,
    identity,
    mapping,
    moment,
    read_object,
    screen,
    stated,
    text,
    url,
)
from streamgauge.ingestion.dialects.libraries import sender_named
from streamgauge.ingestion.dialects.segment_video import video_of
from streamgauge.ingestion.drafts import Draft
from streamgauge.ingestion.refusal import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamgauge.events.models import Kind
    from streamgauge.ingestion.call import Call
    from streamgauge.ingestion.models import SentEvent

SUCCESS: Final = b'{"success":true}'

_SHORT: Final = {"t": "track", "p": "page", "s": "screen", "i": "identify", "g": "group", "a": "alias", "b": "batch"}
_NAMES: Final = 100


def read(call: Call) -> Reading:
    """Return the drafts of a call; its type is what the path says, or what it says itself."""
    last = call.path.rpartition("/")[2]
    kind = _SHORT.get(last, last)
    if kind in {"batch", "import"}:
        return Reading(_batch(call.body), single=False)
    try:
        message = read_object(call.body.strip())
    except RefusedError as refusal:
        if refusal.reason is Reason.UNREADABLE:
            raise UnreadableError(refusal.detail) from None
        return Reading([Draft(index=0, raw=call.body, refusal=refusal)], single=True)
    # Its dead letter must say by itself what it is.
    return Reading([_draft(0, msgspec.json.encode(message | {"type": kind}))], single=True)


def _batch(body: bytes) -> list[Draft]:
    found = lists.members(body.strip())
    shared = {"sentAt": lists.shared(found, "sentAt"), "context": mapping(lists.shared(found, "context"))}
    return [_of_batch(index, raw, shared) for index, raw in enumerate(lists.elements(found.get("batch", b"")))]


def _of_batch(index: int, raw: bytes, shared: Mapping[str, Any]) -> Draft:
    try:
        message = read_object(raw)
    except RefusedError as refusal:
        return Draft(index=index, raw=raw, refusal=refusal)
    message["sentAt"] = stated(message.get("sentAt"), shared["sentAt"])
    # The libraries for Go and Java name themselves there.
    message["context"] = shared["context"] | mapping(message.get("context"))
    return _draft(index, msgspec.json.encode(message))


def reread(raw: bytes, argument: str) -> Draft:  # noqa: ARG001 - every dialect is called alike
    """Return the draft of one call's bytes."""
    return _draft(0, raw)


def _draft(index: int, raw: bytes) -> Draft:
    try:
        message = read_object(raw)
        sent, kind, name = _event(message)
    except RefusedError as refusal:
        return Draft(index=index, raw=raw, refusal=refusal)
    return Draft(index=index, raw=raw, in_order=True, sent=sent, kind=kind, name=name, **_sender(message))


def _sender(message: dict[str, Any]) -> dict[str, Any]:
    """Return the draft's fields about what sent a call, and about the device that an app names."""
    context = mapping(message.get("context"))
    library, channel = text(mapping(context.get("library")).get("name")), message.get("channel")
    sender = "back end" if channel == "server" else "app" if channel == "mobile" else sender_named(library)
    if sender != "app":
        return {"sender": sender}
    system, device = text(mapping(context.get("os")).get("name"), 64), mapping(context.get("device"))
    handheld = str(device.get("type")).lower() in {"ios", "android"}
    return {"sender": sender, "os": system, "device": "mobile" if handheld else None}


def _event(message: dict[str, Any]) -> tuple[SentEvent, Kind | None, str | None]:
    kind = text(message.get("type") or message.get("action"))
    properties = mapping(message.get("properties"))
    common = _common(message, properties)
    if kind == "track":
        name = text(message.get("event"), _NAMES)
        if name is None:
            raise RefusedError(Reason.INVALID, "A track call needs its event.", ("event",))
        video = video_of(name, properties)
        if video is not None:
            return event(common | video), None, None
        # Whatever its name, it is an event of its own: a foreign `video_start` follows other rules.
        own: dict[str, Any] = {"event_type": name, "properties": properties or None}
        if name.lower().startswith("video "):
            own["interactive"] = False
        return event(common | own), "custom", name
    if kind in {"page", "screen"}:
        return event(common | _view(kind, message, properties, common)), None, None
    if kind in {"identify", "group", "alias"}:
        return event(common | _identification(kind, message, common)), "identify", kind
    raise RefusedError(Reason.INVALID, "A call is track, page, screen, identify, group or alias.", ("type",))


def _common(message: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any]:
    context = mapping(message.get("context"))
    page, campaign, size = (
        mapping(context.get("page")),
        mapping(context.get("campaign")),
        mapping(context.get("screen")),
    )
    given = {"ip": address(context.get("ip")), "user_agent": text(context.get("userAgent"), 1024)}
    return {
        "event_id": identity(message.get("messageId")),
        "anonymous_id": identity(message.get("anonymousId")),
        "user_id": identity(message.get("userId")),
        **_when(message),
        "url": url(page.get("url")) or url(properties.get("url")),
        "referrer": _referrer(page.get("referrer")) or _referrer(properties.get("referrer")),
        "title": text(page.get("title"), 1000),
        "language": text(context.get("locale"), 64),
        "screen": screen(size.get("width"), size.get("height")),
        "utm_source": text(campaign.get("source")),
        "utm_medium": text(campaign.get("medium")),
        "utm_campaign": text(campaign.get("name")),
        "utm_term": text(campaign.get("term")),
        "utm_content": text(campaign.get("content")),
        "context": {name: value for name, value in given.items() if value} or None,
    }


def _when(message: dict[str, Any]) -> dict[str, Any]:
    """Return when it happened and was sent. RudderStack's libraries add when they were called: what the caller says goes before it."""
    given = stated(message.get("timestamp"), message.get("originalTimestamp"))
    # What is no time stays as it is, and is refused; without a known time of sending there is nothing to correct.
    return {"timestamp": moment(given) or given, "sent_at": moment(stated(message.get("sentAt")))}


def _referrer(value: object) -> str | None:
    """Return a referrer; RudderStack writes `$direct` for none."""
    return None if value == "$direct" else url(value)


def _view(kind: str, message: dict[str, Any], properties: dict[str, Any], common: dict[str, Any]) -> dict[str, Any]:
    # RudderStack's libraries for apps call a screen an event, and name it among its properties.
    name = text(message.get("name"), 1000) or text(properties.get("name"), 1000) or text(message.get("event"), 1000)
    where = url(properties.get("url"))
    if where is None and kind == "page":
        page = mapping(mapping(message.get("context")).get("page"))
        where = common["url"] or url(properties.get("path")) or url(page.get("path"))
    if where is None and name is not None:
        # A screen has a name in place of an address.
        where = url("/" + quote(name, safe=""))
    title = text(properties.get("title"), 1000) or common["title"] or name
    return {"event_type": "page_view", "url": where, "title": title, "properties": properties or None}


def _identification(kind: str, message: dict[str, Any], common: dict[str, Any]) -> dict[str, Any]:
    traits = mapping(message.get("traits"))
    found: dict[str, Any] = {"event_type": kind}
    if kind == "alias" and common["anonymous_id"] is None:
        found["anonymous_id"] = identity(message.get("previousId"))
    if kind == "identify":
        # RudderStack's clients write them into the context.
        traits = mapping(mapping(message.get("context")).get("traits")) | traits
    if kind == "group":
        traits = {**traits, "groupId": message.get("groupId")}
    return found | {"properties": traits or None}


def answer(reading: Reading) -> outcome.Outcome:
    """Answer exactly 200: RudderStack's clients take nothing else for a success."""
    if reading.single and reading.drafts[0].refusal is not None:
        return outcome.native(reading.drafts, single=True)
    return outcome.Outcome(200, outcome.JSON, SUCCESS)


DIALECT: Final = Dialect("segment", read, reread, answer, foreign=True)
PATHS: Final = (*(f"/v1/{name}" for pair in _SHORT.items() for name in pair), "/v1/import", "/beacon/v1/batch")
"""The last two take batches: of Segment's library for .NET, and RudderStack's browser library sends its beacons there."""
