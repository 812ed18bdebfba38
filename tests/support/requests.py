"""Requests as an HTTP API hands them to a function (payload 2.0)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from collections.abc import Mapping

ORIGIN_SECRET = "an-origin-secret"


def key(site: str, scope: str) -> dict[str, str]:
    """Return what the authorizer hands on for a key."""
    return {"principal": "key_1", "site": site, "scope": scope, "grants": f"{site}:{scope}"}


def request(
    method: str,
    path: str,
    *,
    body: object = None,
    caller: Mapping[str, str] | None = None,
    query: str = "",
    headers: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return a request; a body that is no text is written as JSON. Without a caller: no credentials were given."""
    text = body if body is None or isinstance(body, str) else json.dumps(body)
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "queryStringParameters": {name: ",".join(values) for name, values in parse_qs(query).items()},
        "headers": {"x-origin-secret": ORIGIN_SECRET, "x-viewer-ip": "203.0.113.7", **(headers or {})},
        "requestContext": {
            "stage": "$default",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "130.176.1.1"},
            "authorizer": {"lambda": dict(caller or {"reason": "missing"})},
        },
        "body": text,
        "isBase64Encoded": False,
    }
