"""Step: who sends. The key stands in a header, the query or the body; it must be one that writes."""

from __future__ import annotations

import binascii
from typing import TYPE_CHECKING, Any, Final

import msgspec

from streamgauge.access import registry
from streamgauge.access.registry import KeyRecord
from streamgauge.access.scopes import ALL_SITES
from streamgauge.errors import ForbiddenError, UnauthenticatedError
from streamgauge.ingestion import split

if TYPE_CHECKING:
    from streamgauge.ingestion.call import Call

_NONE: Final = frozenset({"", "none", "null", "undefined"})
_MAX_KEY: Final = 512


class _BodyKey(msgspec.Struct):
    writeKey: Any = None  # noqa: N815 - Segment's name
    api_key: Any = None
    token: Any = None


def _of_event(body: bytes) -> str:
    """Return the key that an event of PostHog's browser library holds, or the first of several."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""
    first = found[0] if isinstance(found, list) and found else found
    if not isinstance(first, dict):
        return ""
    properties = first.get("properties")
    places = (first, properties) if isinstance(properties, dict) else (first,)
    given = next((place[name] for place in places for name in _KEY_NAMES if isinstance(place.get(name), str)), "")
    return str(given)[:_MAX_KEY]


class _Names(msgspec.Struct):
    payload: Any = None
    d: Any = None
    domain: Any = None


_NAMES: Final = msgspec.json.Decoder(_Names)
_LIST_OF_NAMES: Final = msgspec.json.Decoder(list[_Names])
_KEY_NAMES: Final = ("api_key", "token", "$token")
_BODY: Final = msgspec.json.Decoder(_BodyKey)


def identify(call: Call) -> KeyRecord:
    """Return the key of a request. Raises UnauthenticatedError, ForbiddenError for a key that may not write, StoreAwayError."""
    raw = given_key(call)
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


def given_key(call: Call) -> str:
    """Return the key that a request shows, empty without one; the first place that holds one decides."""
    headers = call.headers
    scheme, _, credentials = headers.get("authorization", "").strip().partition(" ")
    if scheme.lower() == "bearer":
        found = credentials
    elif scheme.lower() == "basic":
        found = _user_name(credentials)
    else:
        found = ""
    named = call.query.get("key") or call.query.get("writeKey") or ""
    for candidate in (found, headers.get("x-write-key", ""), named):
        key = candidate.strip()
        if key.lower() not in _NONE:
            return key[:_MAX_KEY]
    return _in_body(call.body)


def _named_in_public(call: Call) -> KeyRecord | None:
    """Return what the site's public name in the body of a foreign tracker stands for: a write key of that site."""
    if call.path not in {"/api/send", "/api/batch", "/api/event"}:
        return None
    try:
        named = _LIST_OF_NAMES.decode(call.body)[0] if call.path == "/api/batch" else _NAMES.decode(call.body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, IndexError):
        return None
    if call.path == "/api/event":
        domain = named.d or named.domain
        # Several domains may stand there, divided by commas; the first decides.
        site_id = _site_of(domain.split(",")[0].strip().lower()) if isinstance(domain, str) else None
    else:
        website = named.payload.get("website") if isinstance(named.payload, dict) else None
        site = registry.find_site(website) if isinstance(website, str) else None
        site_id = None if site is None else site.site_id
    return None if site_id is None else KeyRecord(f"public:{site_id}", site_id, "write")


def _site_of(domain: str) -> str | None:
    """Return the site that names a domain; `www.` of either makes no difference, as with Plausible."""
    bare = domain.removeprefix("www.")
    return registry.find_domain(domain) or registry.find_domain(bare if bare != domain else f"www.{domain}")


def _user_name(credentials: str) -> str:
    try:
        # Some leave the padding out.
        return binascii.a2b_base64(credentials + "==").decode().partition(":")[0]
    except ValueError:
        return ""


def _beside(body: bytes) -> str:
    """Return the key that stands beside events of which one is no JSON: the others shall not be lost."""
    try:
        found = split.members(body)
        given = next((found[name] for name in (b"writeKey", b"api_key", b"token") if name in found), b'""')
        return msgspec.json.decode(given, type=str)[:_MAX_KEY]
    except (split.BrokenError, msgspec.MsgspecError, UnicodeDecodeError):
        return ""


def _in_body(body: bytes) -> str:
    if not any(name in body for name in (b"writeKey", b"api_key", b"token")):
        return ""
    try:
        found = _BODY.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _of_event(body) or _beside(body)
    given = found.writeKey or found.api_key or found.token
    return given[:_MAX_KEY] if isinstance(given, str) else _of_event(body)
