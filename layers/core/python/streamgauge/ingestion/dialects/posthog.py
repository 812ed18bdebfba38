"""PostHog's capture calls: a batch of a back end, or what its browser library sends, one event or a list."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import msgspec

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
    seconds,
    stated,
    text,
    url,
)
from streamgauge.ingestion.dialects.libraries import sender_named
from streamgauge.ingestion.dialects.segment_video import video_of
from streamgauge.ingestion.drafts import Draft
from streamgauge.ingestion.refusal import RefusedError

if TYPE_CHECKING:
    from streamgauge.events.models import Kind
    from streamgauge.ingestion.call import Call
    from streamgauge.ingestion.models import SentEvent

SUCCESS: Final = b'{"success":true}'
_IDS: Final = frozenset({"token", "distinct_id"})
_DEVICES: Final = frozenset({"mobile", "tablet", "desktop", "tv"})
_MILLISECONDS: Final = re.compile(r"\.\d{3}")
_SOME_TIME: Final = datetime(2000, 1, 1, tzinfo=UTC)
_TOLD: Final = {
    "$identify": "identify",
    "$set": "identify",
    "$create_alias": "alias",
    "$groupidentify": "group",
    "$pageleave": "pageleave",
}
"""Events that go on with the visit and are none of their own."""


def read(call: Call) -> Reading:
    """Return the drafts of a request: its one event, those of a list, or those of a batch, whatever its path."""
    body, sent_at = call.body.strip(), None
    if body.startswith(b"["):
        events = lists.elements(body)
    else:
        found = lists.members(body)
        events = lists.elements(found["batch"]) if found.get("batch", b"").startswith(b"[") else [body]
        sent_at = lists.shared(found, "sent_at")
    seen: dict[str, int] = {}
    return Reading([_of_list(index, raw, sent_at, seen) for index, raw in enumerate(events)], single=False)


def _of_list(index: int, raw: bytes, sent_at: object, seen: dict[str, int]) -> Draft:
    try:
        message = read_object(raw)
        known = _id_of(message) or _id_of_content(raw, message, seen)
    except RefusedError as refusal:
        return Draft(index=index, raw=raw, refusal=refusal)
    shared = {"uuid": known, "sent_at": stated(message.get("sent_at"), sent_at)}
    return _draft(index, msgspec.json.encode(message | shared))


def _id_of(message: dict[str, Any]) -> str | None:
    """Return the event's id, which stays the same when it is sent again; older libraries of back ends and browsers have other names for it."""
    given = (message.get("uuid"), message.get("messageId"), mapping(message.get("properties")).get("$insert_id"))
    return next((found for one in given if (found := identity(one)) is not None), None)


def _id_of_content(raw: bytes, message: dict[str, Any], seen: dict[str, int]) -> str | None:
    """Return an id made of what an event says: some libraries give none, and send the same bytes again.

    None where it does not say to the millisecond when it was; `seen` counts those that say the same in one request.
    """
    timestamp = message.get("timestamp")
    from_library = mapping(message.get("properties")).get("$lib") is not None
    if not from_library or not isinstance(timestamp, str) or _MILLISECONDS.search(timestamp) is None:
        return None
    digest = blake2b(raw, digest_size=16).hexdigest()
    seen[digest] = seen.get(digest, 0) + 1
    return f"{digest}-{seen[digest]}"


def reread(raw: bytes, argument: str) -> Draft:  # noqa: ARG001 - every dialect is called alike
    """Return the draft of one event's bytes."""
    return _draft(0, raw)


def _draft(index: int, raw: bytes) -> Draft:
    try:
        message = read_object(raw)
        sent, kind, name = _event(message)
    except RefusedError as refusal:
        return Draft(index=index, raw=raw, refusal=refusal)
    properties = mapping(message.get("properties"))
    return Draft(index=index, raw=raw, in_order=True, sent=sent, kind=kind, name=name, **_sender(properties))


def _sender(properties: dict[str, Any]) -> dict[str, Any]:
    """Return the draft's fields about what sent an event, and about the device that an app names."""
    sender = "back end" if properties.get("$is_server") is True else sender_named(text(properties.get("$lib")))
    if sender != "app":
        return {"sender": sender}
    device = str(properties.get("$device_type")).lower()
    return {
        "sender": sender,
        "os": text(properties.get("$os_name"), 64) or text(properties.get("$os"), 64),
        "device": device if device in _DEVICES else None,
    }


def _event(message: dict[str, Any]) -> tuple[SentEvent, Kind | None, str | None]:
    name, properties = text(message.get("event"), 100), mapping(message.get("properties"))
    if name is None and "$set" in message:
        # What `/engage` takes.
        name = "$set"
    if name is None:
        raise RefusedError(Reason.INVALID, "An event needs its name.", ("event",))
    referrer = properties.get("$referrer")
    given = {"ip": address(properties.get("$ip")), "user_agent": text(properties.get("$raw_user_agent"), 1024)}
    own = {key: value for key, value in properties.items() if not key.startswith("$") and key not in _IDS}
    found: dict[str, Any] = {
        "event_type": name,
        "event_id": _id_of(message),
        **_who(name, message, properties),
        **_when(message),
        "url": url(properties.get("$current_url")),
        "referrer": None if referrer == "$direct" else url(referrer),
        "title": text(properties.get("title"), 1000),
        "language": text(properties.get("$browser_language"), 64),
        "screen": screen(properties.get("$screen_width"), properties.get("$screen_height")),
        "properties": own or None,
        "context": {key: value for key, value in given.items() if value} or None,
    }
    if name in _TOLD:
        traits = mapping(message.get("$set")) or mapping(properties.get("$set"))
        return event(found | {"properties": traits or None}), "identify", _TOLD[name]
    if name in {"$pageview", "$screen"}:
        shown = text(properties.get("$screen_name"), 1000)
        found["url"] = found["url"] or (url("/" + quote(shown, safe="")) if shown else None)
        return event(found), "page_view", None
    video = video_of(name, own)
    if video is not None:
        return event(found | video), None, None
    # What the library notes by itself is no act of the visitor's.
    return event(found | {"interactive": False if name.startswith("$") else None}), "custom", name


def _who(name: str, message: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any]:
    distinct = identity(message.get("distinct_id") or properties.get("distinct_id") or message.get("$distinct_id"))
    device = identity(properties.get("$device_id"))
    anonymous = distinct == device or properties.get("$is_identified") is False
    if name == "$create_alias":
        alias = identity(properties.get("alias"))
        if anonymous or properties.get("$lib") == "posthog-python":
            # The distinct id is who it was before: in a browser nobody has said yet who it is, and Python's clients say it the other way round.
            return {"user_id": alias, "anonymous_id": distinct}
        return {"user_id": distinct, "anonymous_id": alias}
    if name == "$groupidentify" and distinct == f"${properties.get('$group_type')}_{properties.get('$group_key')}":
        # A back end that speaks of a group and of nobody in it: no visitor.
        return {}
    # An app's device is the same before and after somebody says who it is; a page's is its first anonymous id.
    same = device if sender_named(text(properties.get("$lib"))) == "app" else None
    if anonymous:
        return {"anonymous_id": same or distinct}
    return {"user_id": distinct, "anonymous_id": same or identity(properties.get("$anon_distinct_id")) or device}


def _when(message: dict[str, Any]) -> dict[str, Any]:
    """Return when it happened and was sent; the browser library gives the milliseconds between them instead."""
    offset = seconds(message.get("offset"))
    if message.get("timestamp") is None and offset is not None:
        return {"timestamp": _SOME_TIME - timedelta(milliseconds=offset), "sent_at": _SOME_TIME}
    given = stated(message.get("timestamp"))
    # What is no time stays as it is, and is refused.
    return {"timestamp": moment(given) or given, "sent_at": moment(stated(message.get("sent_at")))}


def answer(reading: Reading) -> outcome.Outcome:  # noqa: ARG001 - every dialect is called alike
    """Answer exactly 200: its clients would repeat the whole batch."""
    return outcome.Outcome(200, outcome.JSON, SUCCESS)


DIALECT: Final = Dialect("posthog", read, reread, answer, foreign=True)
PATHS: Final = ("/batch", "/e", "/i/v0/e", "/capture", "/track", "/engage")
"""Old and new: each takes one event, a list or a batch."""
