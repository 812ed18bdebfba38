"""Step: who sends. The key stands in a header, the query or the body; it must be one that writes."""

from __future__ import annotations

import binascii
from typing import TYPE_CHECKING, Any, Final

import msgspec

from streamgauge.access import registry
from streamgauge.access.registry import KeyRecord
from streamgauge.access.scopes import ALL_SITES
from streamgauge.errors import ForbiddenError, UnauthenticatedError

if TYPE_CHECKING:
    from streamgauge.ingestion.call import Call

_NONE: Final = frozenset({"", "none", "null", "undefined"})
_MAX_KEY: Final = 512


class _BodyKey(msgspec.Struct):
    writeKey: Any = None  # noqa: N815 - Segment's name
    api_key: Any = None


def _token(body: bytes) -> str:
    """Return the key that an event of PostHog's browser library holds, or the first of several."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""
    first = found[0] if isinstance(found, list) and found else found
    properties = first.get("properties") if isinstance(first, dict) else None
    given = properties.get("token") if isinstance(properties, dict) else None
    return given[:_MAX_KEY] if isinstance(given, str) else ""


class _Names(msgspec.Struct):
    payload: Any = None
    d: Any = None
    domain: Any = None


_NAMES: Final = msgspec.json.Decoder(_Names)
_BODY: Final = msgspec.json.Decoder(_BodyKey)


def identify(call: Call) -> KeyRecord:
    """Return the key of a request. Raises UnauthenticatedError, ForbiddenError for a key that may not write, StoreAwayError."""
    raw = _given(call)
    key = registry.find_key(raw) if raw else _named_in_public(call)
    if key is None:
        raise UnauthenticatedError("Send a write or a server key.")
    if not key.grant.allows("write"):
        raise ForbiddenError("This key may not write.")
    call.key = key
    if key.site_id != ALL_SITES:
        call.site = registry.find_site(key.site_id)
        if call.site is None:
            raise ForbiddenError("The site of this key does not exist any more.")
    return key


def _given(call: Call) -> str:
    """Return the key that a request shows, empty without one; the first place that holds one decides."""
    headers = call.headers
    scheme, _, credentials = headers.get("authorization", "").strip().partition(" ")
    if scheme.lower() == "bearer":
        found = credentials
    elif scheme.lower() == "basic":
        found = _user_name(credentials)
    else:
        found = ""
    for candidate in (found, headers.get("x-write-key", ""), call.query.get("key", "")):
        key = candidate.strip()
        if key.lower() not in _NONE:
            return key[:_MAX_KEY]
    return _in_body(call.body)


def _named_in_public(call: Call) -> KeyRecord | None:
    """Return what the site's public name in the body of a foreign tracker stands for: a write key of that site."""
    if call.path not in {"/api/send", "/api/event"}:
        return None
    try:
        named = _NAMES.decode(call.body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if call.path == "/api/send":
        website = named.payload.get("website") if isinstance(named.payload, dict) else None
        site = registry.find_site(website) if isinstance(website, str) else None
        site_id = None if site is None else site.site_id
    else:
        domain = named.d or named.domain
        # Several domains may stand there, divided by commas; the first decides.
        site_id = registry.find_domain(domain.split(",")[0].strip().lower()) if isinstance(domain, str) else None
    return None if site_id is None else KeyRecord(f"public:{site_id}", site_id, "write")


def _user_name(credentials: str) -> str:
    try:
        return binascii.a2b_base64(credentials).decode().partition(":")[0]
    except ValueError:
        return ""


def _in_body(body: bytes) -> str:
    if b'"token"' in body and b"api_key" not in body:
        return _token(body)
    if b"writeKey" not in body and b"api_key" not in body:
        return ""
    try:
        found = _BODY.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""
    given = found.writeKey or found.api_key
    return given[:_MAX_KEY] if isinstance(given, str) else ""
