"""S3: whole objects in and out."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote

from streamgauge.store import wire
from streamgauge.store.errors import StoreRefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamgauge.store.keepalive import Reply

_NOT_FOUND: Final = 404
_ERROR: Final = 400
_NAMESPACE: Final = "{*}"


class Stored(NamedTuple):
    """An object in a list: its key, size in bytes and time of writing."""

    key: str
    size: int
    modified: datetime


def put(
    bucket: str, key: str, body: bytes, content_type: str = "application/octet-stream", *, attempts: int = wire.ATTEMPTS
) -> None:
    """Write an object; when this returns, it is durable. Raises StoreAwayError."""
    _request("PUT", _path(bucket, key), body=body, headers={"content-type": content_type}, attempts=attempts)


def get(bucket: str, key: str, start: int | None = None, length: int | None = None) -> bytes | None:
    """Return an object or a part of it; None when there is none."""
    headers = {}
    if start is not None and length is not None:
        headers["range"] = f"bytes={start}-{start + length - 1}"
    reply = _request("GET", _path(bucket, key), headers=headers)
    return None if reply is None else reply.body


def delete(bucket: str, key: str) -> None:
    """Remove an object, if it is there."""
    _request("DELETE", _path(bucket, key))


def list_objects(bucket: str, prefix: str, *, limit: int = 1000) -> list[Stored]:
    """Return the first objects under a prefix, in the order of their keys."""
    found: list[Stored] = []
    for one in _pages(bucket, prefix, limit):
        found.append(one)
        if len(found) == limit:
            break
    return found


def _pages(bucket: str, prefix: str, limit: int) -> Iterator[Stored]:
    # Only listing reads XML, and only rare jobs list.
    from xml.etree import ElementTree as ET  # noqa: PLC0415

    after = ""
    while True:
        arguments = {"list-type": "2", "max-keys": str(min(limit, 1000)), "prefix": prefix, "start-after": after}
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in sorted(arguments.items()) if value)
        reply = _request("GET", f"/{quote(bucket)}", query=query)
        if reply is None:
            return
        root = ET.fromstring(reply.body)  # noqa: S314 - S3's own answer
        for entry in root.iterfind(f"{_NAMESPACE}Contents"):
            after = entry.findtext(f"{_NAMESPACE}Key", "")
            size = int(entry.findtext(f"{_NAMESPACE}Size", "0"))
            modified = datetime.fromisoformat(entry.findtext(f"{_NAMESPACE}LastModified", ""))
            yield Stored(after, size, modified)
        if root.findtext(f"{_NAMESPACE}IsTruncated") != "true":
            return


def _path(bucket: str, key: str) -> str:
    return f"/{quote(bucket)}/{quote(key, safe='/~-_.')}"


def _request(
    method: str,
    path: str,
    *,
    query: str = "",
    body: bytes = b"",
    headers: dict[str, str] | None = None,
    attempts: int = wire.ATTEMPTS,
) -> Reply | None:
    reply = wire.retried("s3", lambda: wire.exchange("s3", method, path, query, headers or {}, body), attempts)
    if reply.status == _NOT_FOUND and b"NoSuchBucket" not in reply.body:
        return None
    return _refused(reply) if reply.status >= _ERROR else reply


def _refused(reply: Reply) -> Reply:
    raise StoreRefusedError("s3", str(reply.status), reply.body[:500].decode(errors="replace"))
