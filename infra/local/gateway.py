"""What an HTTP API of API Gateway does between a request and a function: routes, the event of format 2.0, the answer.

Pure: `http_api.py` calls in here. Written down from AWS's documentation and the behaviour of the real service.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_ESCAPES: Final = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_VARIABLE: Final = re.compile(r"\{([^}+]+)(\+?)\}")
_TEXT_TYPES: Final = frozenset({"application/json", "application/xml", "application/javascript"})


@dataclass(frozen=True, slots=True)
class Route:
    """A route of the deployed API; `authorizer` names the function that is asked first, None: nobody is."""

    key: str
    function: str
    authorizer: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came: the raw path and query, the headers in order, the whole body."""

    method: str
    path: str
    query: str
    headers: Sequence[tuple[str, str]]
    body: bytes = b""
    received: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back to the client."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes


class Router:
    """Finds the most specific route: a full match, then a greedy one (`{proxy+}`), then `$default`; a method before ANY."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._default: Route | None = None
        self._patterns: list[tuple[tuple[bool, int, bool], str, re.Pattern[str], Route]] = []
        self._exact: dict[tuple[str, str], Route] = {}
        for route in routes:
            method, _, path = route.key.partition(" ")
            if not path:
                self._default = route
            elif "{" not in path:
                self._exact[method, path] = route
            else:
                rank = ("+}" not in path, sum("{" not in part for part in path.split("/")), method != "ANY")
                self._patterns.append((rank, method, _pattern(path), route))
        self._patterns.sort(key=lambda entry: entry[0], reverse=True)

    def find(self, method: str, path: str, *, default: bool = True) -> tuple[Route, dict[str, str]] | None:
        """Return the route and its path parameters for a decoded path; without `default` only one of the path's own."""
        path = "/" + path.lstrip("/")
        for candidate in (method, "ANY"):
            if (route := self._exact.get((candidate, path))) is not None:
                return route, {}
        for rank, wanted, pattern, route in self._patterns:
            own = rank[0]
            if (own or default) and wanted in (method, "ANY") and (match := pattern.fullmatch(path)):
                return route, match.groupdict()
        return (self._default, {}) if default and self._default else None

    def one_of_each_function(self) -> list[Route]:
        """Return one route of every function."""
        routes = [*self._exact.values(), *(entry[3] for entry in self._patterns)]
        return list({route.function: route for route in routes}.values())

    def knows(self, path: str) -> bool:
        """Say whether any method has a route of its own at a path."""
        path = "/" + path.lstrip("/")
        return any(known == path for _, known in self._exact) or any(
            rank[0] and pattern.fullmatch(path) for rank, _, pattern, _ in self._patterns
        )


def _pattern(path: str) -> re.Pattern[str]:
    parts = []
    position = 0
    for variable in _VARIABLE.finditer(path):
        name = re.sub(r"\W", "_", variable[1])
        parts += [re.escape(path[position : variable.start()]), f"(?P<{name}>{'.+' if variable[2] else '[^/]+'})"]
        position = variable.end()
    return re.compile("".join([*parts, re.escape(path[position:])]), re.DOTALL)


def handed_on(raw: str) -> str:
    """Return a path as CloudFront's function hands it on: an HTTP API has no route that ends in a slash, or begins with two."""
    path = "/" + raw.lstrip("/")
    return path[:-1] if len(path) > 1 and path.endswith("/") else path


def decoded_path(raw: str) -> str:
    """Return `rawPath` of a request's path: every escape is decoded but %25."""
    return _ESCAPES.sub(lambda run: "%25".join(_unescaped(part) for part in re.split("%25", run[0])), raw)


def _unescaped(run: str) -> str:
    return bytes.fromhex(run.replace("%", "")).decode("utf-8", "replace")


def event(request: Request, route: Route, parameters: Mapping[str, str], api_id: str, source_ip: str) -> dict[str, Any]:
    """Return the event of payload format 2.0, without the authorizer's part."""
    headers: dict[str, str] = {}
    cookies: list[str] = []
    for name, value in request.headers:
        lower = name.lower()
        if lower == "cookie":
            cookies += [part.strip() for part in value.split(";") if part.strip()]
        else:
            headers[lower] = f"{headers[lower]},{value}" if lower in headers else value
    query: dict[str, str] = {}
    for name, value in parse_qsl(request.query, keep_blank_values=True, errors="replace"):
        query[name] = f"{query[name]},{value}" if name in query else value
    path = decoded_path(request.path)
    made: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route.key,
        "rawPath": path,
        "rawQueryString": request.query,
        "headers": headers,
        "requestContext": {
            "accountId": "000000000000",
            "apiId": api_id,
            "domainName": headers.get("host", ""),
            "domainPrefix": api_id,
            "http": {
                "method": request.method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": source_ip,
                "userAgent": headers.get("user-agent", ""),
            },
            "requestId": uuid.uuid4().hex[:16],
            "routeKey": route.key,
            "stage": "$default",
            "time": request.received.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": int(request.received.timestamp() * 1000),
        },
        "isBase64Encoded": False,
    }
    if cookies:
        made["cookies"] = cookies
    if query:
        made["queryStringParameters"] = query
    if parameters:
        made["pathParameters"] = dict(parameters)
    if request.body:
        text = _as_text(request.body, headers)
        made["body"] = base64.b64encode(request.body).decode() if text is None else text
        made["isBase64Encoded"] = text is None
    return made


def _as_text(body: bytes, headers: Mapping[str, str]) -> str | None:
    """Return a body as text when API Gateway hands it on as text; None: it goes as base64."""
    kind = headers.get("content-type", "").split(";", 1)[0].strip().lower()
    if (
        not (kind.startswith("text/") or kind in _TEXT_TYPES)
        or headers.get("content-encoding", "identity") != "identity"
    ):
        return None
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None  # bytes that are no text must reach the function as they are


def authorizer_event(of: Mapping[str, Any]) -> dict[str, Any]:
    """Return the event that an authorizer of format 2.0 gets for a request's event."""
    context = of["requestContext"]
    method, path = context["http"]["method"], context["http"]["path"]
    return {
        "version": "2.0",
        "type": "REQUEST",
        "routeArn": f"arn:aws:execute-api:us-east-1:{context['accountId']}:{context['apiId']}/$default/{method}{path}",
        "identitySource": [],
        **{
            name: of[name]
            for name in (
                "routeKey", "rawPath", "rawQueryString", "cookies", "headers", "queryStringParameters", "pathParameters",
                "requestContext",
            )
            if name in of
        },
    }  # fmt: skip


def answer(payload: object) -> Answer:
    """Return the HTTP answer of what a function returned."""
    if not isinstance(payload, dict) or "statusCode" not in payload:
        return Answer(200, [("content-type", "application/json")], json.dumps(payload).encode())
    try:
        status = int(payload["statusCode"])
        headers = {str(name).lower(): str(value) for name, value in (payload.get("headers") or {}).items()}
        text = payload.get("body") or ""
        if not isinstance(text, str):
            raise TypeError("the body is no text")  # noqa: TRY301
        body = (
            base64.b64decode(text, validate=True) if payload.get("isBase64Encoded") else text.encode("utf-8", "replace")
        )
    except (TypeError, ValueError, AttributeError, binascii.Error):
        return error(500, "Internal Server Error")
    headers.setdefault("content-type", "text/plain; charset=utf-8")
    cookies = [("set-cookie", str(cookie)) for cookie in payload.get("cookies") or ()]
    return Answer(status, [*headers.items(), *cookies], body)


def error(status: int, message: str) -> Answer:
    """Return an answer that API Gateway gives by itself."""
    return Answer(status, [("content-type", "application/json")], json.dumps({"message": message}).encode())


def problem(status: int, title: str, detail: str) -> Answer:
    """Return problem+json for what CloudFront or the gateway refuses before a function is asked."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return Answer(status, [("content-type", "application/problem+json")], json.dumps(body).encode())


def preflight(cors: Mapping[str, Any], origin: str) -> Answer:
    """Return the answer to OPTIONS that an API with a CORS configuration gives by itself."""
    headers = cross_origin(cors, origin)
    if headers:
        if cors.get("allowMethods"):
            headers.append(("access-control-allow-methods", ",".join(cors["allowMethods"])))
        if cors.get("allowHeaders"):
            headers.append(("access-control-allow-headers", ",".join(cors["allowHeaders"])))
        if cors.get("maxAge") is not None:
            headers.append(("access-control-max-age", str(cors["maxAge"])))
    return Answer(204, headers, b"")


def cross_origin(cors: Mapping[str, Any], origin: str) -> list[tuple[str, str]]:
    """Return the headers that a CORS configuration adds to an answer for an origin."""
    allowed = cors.get("allowOrigins") or []
    # `https://*` and `http://*` allow every origin of their scheme, by its name.
    named = origin in allowed or f"{origin.partition('://')[0]}://*" in allowed
    if not origin or not ("*" in allowed or named):
        return []
    headers = [("access-control-allow-origin", origin if named else "*")]
    if cors.get("allowCredentials"):
        headers.append(("access-control-allow-credentials", "true"))
    if cors.get("exposeHeaders"):
        headers.append(("access-control-expose-headers", ",".join(cors["exposeHeaders"])))
    return headers
