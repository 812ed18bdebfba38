"""Makes a request safe to hand on: its path in one form, its body read once as JSON within bounds."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any, Final

from streamgauge.edge.origin import header
from streamgauge.errors import NotFoundError, OutOfBoundsError, TooLargeError, UnreadableError, UnsupportedMediaError

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_BYTES: Final = 1_000_000
MAX_DEPTH: Final = 64
WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
"""Methods whose body means something; that of others is not looked at."""

_UNSTORABLE: Final = re.compile(r"[\x00\ud800-\udfff]")
_UNSTORABLE_MESSAGE: Final = "Texts may hold neither NUL nor half a surrogate pair."
_WHOLE_ID: Final = "+}"
"""How the key of a route ends that takes an id with its slashes, such as the path of a page: `/watch/`."""
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def with_clean_path(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return the request with its path without a trailing slash, but for one of an id; an HTTP API has decoded all but %25.

    Raises NotFoundError for control characters there, OutOfBoundsError for texts in the query that no store can hold.
    """
    path = event.get("rawPath") or "/"
    if _CONTROL.search(path):
        raise NotFoundError("There is nothing at this path.")
    if not event.get("routeKey", "").endswith(_WHOLE_ID):
        path = path.rstrip("/") or "/"
    path = path.replace("%25", "%")
    query = event.get("queryStringParameters") or {}
    if any(_UNSTORABLE.search(text) for text in (*query, *query.values())):
        raise OutOfBoundsError(_UNSTORABLE_MESSAGE, [(["query"], _UNSTORABLE_MESSAGE)])
    context = event["requestContext"]
    return {
        **event,
        "rawPath": path,
        "requestContext": {**context, "http": {**context["http"], "path": path}},
    }


def as_json(event: dict[str, Any]) -> dict[str, Any]:
    """Return the request with its body as plain JSON text that is surely readable.

    Raises UnsupportedMediaError, TooLargeError, or UnreadableError (also for NaN, endless numbers and depth).
    """
    body = event.get("body")
    if not body or event["requestContext"]["http"]["method"].upper() not in WITH_BODY:
        return event
    kind = header(event, "content-type").partition(";")[0].strip().lower()
    if kind and kind != "text/plain" and not kind.endswith(("/json", "+json")):
        raise UnsupportedMediaError("Send the body as application/json.")
    if len(body) > MAX_BYTES * 2:
        raise TooLargeError("A body may have 1 MB.")
    try:
        text = base64.b64decode(body).decode() if event.get("isBase64Encoded") else body
        value = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise UnreadableError("The body is no JSON.") from None
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise TooLargeError("A body may have 1 MB.")
    _check(value)
    headers = {**event["headers"], "content-type": "application/json"}
    return {**event, "headers": headers, "body": text, "isBase64Encoded": False}


def _refuse_constant(name: str) -> float:
    raise ValueError(name)


def _check(value: object) -> None:
    """Walk a value level by level. Raises UnreadableError when it nests too deep, OutOfBoundsError for unstorable texts."""
    level = [value]
    for _ in range(MAX_DEPTH):
        inner: list[object] = []
        for one in level:
            if isinstance(one, dict):
                inner.extend((*one, *one.values()))
            elif isinstance(one, list):
                inner.extend(one)
            elif isinstance(one, str) and _UNSTORABLE.search(one):
                raise OutOfBoundsError(_UNSTORABLE_MESSAGE, [(["body"], _UNSTORABLE_MESSAGE)])
        if not inner:
            return
        level = inner
    raise UnreadableError(f"The body nests deeper than {MAX_DEPTH} levels.")
