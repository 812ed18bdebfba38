"""A request to ingest, apart from its transport."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from streamgauge.errors import UnreadableError
from streamgauge.ingestion.unpack import as_bytes, unpack

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamgauge.access.registry import KeyRecord, SiteRecord
    from streamgauge.ingestion.visitors import Derived

MAX_AGENT: Final = 1024


class Call(msgspec.Struct, kw_only=True):
    """One request: `received` and `now` in microseconds, `address` and `agent` of whoever connected, headers in lower case.

    `argument` is what the path names (a video). `key` is set once it is known, `site` is the key's unless it opens all.
    `broken` says why the body could not be unpacked. For a replay `received` is that of the first time, and `derived` what was
    known of the visitor then. `moments` counts the events that keep their order by their time.
    """

    path: str
    received: int
    now: int
    body: bytes
    headers: Mapping[str, str] = {}
    query: Mapping[str, str] = {}
    address: str = ""
    agent: str = ""
    argument: str = ""
    broken: UnreadableError | None = None
    key: KeyRecord | None = None
    site: SiteRecord | None = None
    derived: Derived | None = None
    moments: dict[int, int] = {}


def read_call(event: Mapping[str, Any], address: str, received: int) -> Call:
    """Return the request of an HTTP API event (payload 2.0), its body unpacked. Raises TooLargeError, UnsupportedMediaError."""
    headers = event.get("headers") or {}
    sent, encoded = event.get("body") or "", bool(event.get("isBase64Encoded"))
    broken = None
    try:
        body = unpack(sent, encoded=encoded, headers=headers)
    except UnreadableError as error:
        body, broken = as_bytes(sent), error
    query = event.get("queryStringParameters")
    path = event.get("rawPath") or "/"
    return Call(
        path=path.rstrip("/") if len(path) > 1 else path,
        received=received,
        now=received,
        body=body,
        headers=headers,
        query={name: encodable(value) for name, value in query.items()} if query else {},
        address=address,
        agent=encodable(headers.get("user-agent", ""))[:MAX_AGENT],
        # The gateway has decoded all of it but %25.
        argument=encodable((event.get("pathParameters") or {}).get("videoId", "").replace("%25", "%")),
        broken=broken,
    )


def encodable(text: str) -> str:
    """Return a text that every store takes: half characters, which a gateway may pass on, become question marks."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
