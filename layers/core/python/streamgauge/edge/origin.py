"""What CloudFront hands on: the origin secret, without which every route answers 403, and the viewer's address.

It imports nothing heavy: ingest uses it too.
"""

from __future__ import annotations

from hmac import compare_digest
from typing import TYPE_CHECKING, Any

from streamgauge.errors import ForbiddenError
from streamgauge.settings import settings

if TYPE_CHECKING:
    from collections.abc import Mapping


def check_origin(event: Mapping[str, Any]) -> None:
    """Raise ForbiddenError for a request that did not come through the front door."""
    given = header(event, "x-origin-secret")
    if not compare_digest(given.encode(), settings().text("ORIGIN_SECRET").encode()):
        raise ForbiddenError("Requests go through the public address of this service.")


def viewer_address(event: Mapping[str, Any]) -> str:
    """Return the viewer's IP address, as the front door set it; call `check_origin` first."""
    address: str = header(event, "x-viewer-ip") or event.get("requestContext", {}).get("http", {}).get("sourceIp", "")
    return address


def header(event: Mapping[str, Any], name: str) -> str:
    """Return a request header, empty when absent; an HTTP API gives names in lower case."""
    value = (event.get("headers") or {}).get(name)
    return value if isinstance(value, str) else ""
