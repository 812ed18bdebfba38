"""One request to an AWS service and its answer, over a kept connection."""

from __future__ import annotations

import os
import random
import time
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import msgspec

from streamgauge.store.errors import StoreAwayError, StoreRefusedError
from streamgauge.store.keepalive import Connection, Endpoint, Reply, StaleConnectionError
from streamgauge.store.signature import credentials, sign

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from streamgauge.store.signature import Credentials

TIMEOUT_SECONDS: Final = {
    "kinesis": 1.0,
    "dynamodb": 1.5,
    "s3": 2.5,
    "secretsmanager": 3.0,
    "monitoring": 2.0,
    "sns": 3.0,
}
"""How long one try may wait for its connection, or for its answer."""

ATTEMPTS: Final = 4
FIRST_PAUSE_SECONDS: Final = 0.05
LONGEST_PAUSE_SECONDS: Final = 1.0

THROTTLES: Final = frozenset(
    {
        "InternalFailure",
        "InternalServerError",
        "KMSThrottlingException",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TransactionInProgressException",
    }
)
"""Error codes that another try may get past."""

_SERVER_ERROR: Final = 500
_OK: Final = 200
_CLIENT_ERROR: Final = 400
_TOO_MANY: Final = 429


class TransportError(Exception):
    """Raised when no answer came: the connection could not be made, broke or timed out."""


_idle: Final[dict[tuple[str, Endpoint], list[Connection]]] = {}
"""Kept connections that nobody uses at the moment. Lists are taken from and given to in one step each: threads may share them."""

_KEPT: Final = 16
_TOGETHER: Final = 8


@lru_cache(maxsize=16)
def _endpoint(service: str, region: str, url: str) -> Endpoint:
    if not url:
        return Endpoint(f"{service}.{region}.amazonaws.com", None, secure=True, region=region)
    scheme, _, rest = url.partition("://")
    host, _, port = rest.rstrip("/").partition(":")
    return Endpoint(host, int(port) if port else None, secure=scheme == "https", region=region)


def endpoint(service: str) -> Endpoint:
    """Return where a service is: in the function's region, or where AWS_ENDPOINT_URL (or …_<SERVICE>) says."""
    environment = os.environ
    region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or "us-east-1"
    url = environment.get(f"AWS_ENDPOINT_URL_{service.upper()}") or environment.get("AWS_ENDPOINT_URL") or ""
    return _endpoint(service, region, url)


def exchange(service: str, method: str, path: str, query: str, headers: dict[str, str], body: bytes) -> Reply:
    """Send one signed request and read its answer. Raises TransportError.

    A kept connection that the other side has closed meanwhile (a thawed container's always is) is replaced once.
    """
    place = endpoint(service)
    host = place.host if place.port is None else f"{place.host}:{place.port}"
    signed = sign(service, place.region, method, path, query, {**headers, "host": host}, body, keys=credentials())
    target = f"{path}?{query}" if query else path
    idle = _idle.setdefault((service, place), [])
    while True:
        connection, kept = _take(idle)
        try:
            if connection is None:
                connection = Connection(place, TIMEOUT_SECONDS[service])
            reply = connection.request(method, target, signed, body)
        except OSError as error:
            if connection is not None:
                connection.close()
            if kept and isinstance(error, StaleConnectionError):
                continue
            raise TransportError(f"{service}: {type(error).__name__}: {error}") from error
        if connection.reusable and len(idle) < _KEPT:
            idle.append(connection)
        else:
            connection.close()
        return reply


def exchange_each(service: str, headers: dict[str, str], bodies: list[bytes]) -> list[Reply | None]:
    """Send signed POST requests, some at a time on as many kept connections, and read their answers: from one thread.

    While one answer is read the others come. None: no answer came, and nothing is known of that request.
    """
    replies: list[Reply | None] = []
    place, keys = endpoint(service), credentials()
    all_headers = {**headers, "host": place.host if place.port is None else f"{place.host}:{place.port}"}
    for start in range(0, len(bodies), _TOGETHER):
        sent = [_send(service, place, all_headers, body, keys) for body in bodies[start : start + _TOGETHER]]
        replies += [None if connection is None else _receive(service, place, connection) for connection in sent]
    return replies


def _send(service: str, place: Endpoint, headers: dict[str, str], body: bytes, keys: Credentials) -> Connection | None:
    signed = sign(service, place.region, "POST", "/", "", headers, body, keys=keys)
    connection, _ = _take(_idle.setdefault((service, place), []))
    try:
        if connection is None:
            connection = Connection(place, TIMEOUT_SECONDS[service])
        connection.send("POST", "/", signed, body)
    except OSError:
        if connection is not None:
            connection.close()
        return None
    return connection


def _receive(service: str, place: Endpoint, connection: Connection) -> Reply | None:
    try:
        reply = connection.receive("POST")
    except OSError:
        connection.close()
        return None
    idle = _idle.setdefault((service, place), [])
    if connection.reusable and len(idle) < _KEPT:
        idle.append(connection)
    else:
        connection.close()
    return reply


def _take(idle: list[Connection]) -> tuple[Connection | None, bool]:
    try:
        return idle.pop(), True
    except IndexError:
        return None, False


def hang_up() -> None:
    """Close all kept connections."""
    for idle in _idle.values():
        while idle:
            idle.pop().close()


def pause(attempt: int) -> None:
    """Wait before the next try: longer each time, and by chance, so that many callers do not come back together."""
    time.sleep(random.uniform(0, min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2**attempt)))


def call(
    service: str, target: str, version: str, request: object, *, attempts: int = ATTEMPTS, expected: str | None = None
) -> Any:  # noqa: ANN401 - JSON
    """Call an operation of a service that speaks JSON; return the decoded answer, or None for the `expected` error.

    Raises StoreAwayError when it is away or throttles after all attempts, StoreRefusedError for any other error.
    """
    headers, body = _headers(target, version), msgspec.json.encode(request)

    def once() -> Reply:
        return exchange(service, "POST", "/", "", headers, body)

    return _content(service, retried(service, once, attempts), expected)


def call_each(
    service: str, target: str, version: str, requests: Sequence[object], *, expected: str | None = None
) -> list[Any]:
    """Call an operation many times, as `call` does each, at a fraction of the CPU; answers come in the order of requests.

    A request that gets no answer, or is throttled, is made again on its own: they must be safe to repeat.
    """
    bodies = [msgspec.json.encode(request) for request in requests]
    replies = exchange_each(service, _headers(target, version), bodies)
    return [
        call(service, target, version, request, expected=expected)
        if reply is None or not _is_final(reply)
        else _content(service, reply, expected)
        for request, reply in zip(requests, replies, strict=True)
    ]


def _headers(target: str, version: str) -> dict[str, str]:
    return {"content-type": f"application/x-amz-json-{version}", "x-amz-target": target}


def _content(service: str, reply: Reply, expected: str | None) -> Any:  # noqa: ANN401 - JSON
    if reply.status == _OK:
        return msgspec.json.decode(reply.body)
    code = error_code(reply)
    if code == expected:
        return None
    raise StoreRefusedError(service, code, reply.body[:500].decode(errors="replace"))


def retried(service: str, once: Callable[[], Reply], attempts: int = ATTEMPTS) -> Reply:
    """Return the first answer that is no throttling and no failure of the service. Raises StoreAwayError after all attempts."""
    last = ""
    for attempt in range(attempts):
        if attempt:
            pause(attempt - 1)
        try:
            reply = once()
        except TransportError as error:
            last = str(error)
            continue
        if _is_final(reply):
            return reply
        last = error_code(reply)
    raise StoreAwayError("A store is away at the moment; please try again.") from TransportError(f"{service}: {last}")


def _is_final(reply: Reply) -> bool:
    """Return whether an answer is no throttling and no failure of the service."""
    if reply.status < _CLIENT_ERROR:
        return True
    return reply.status < _SERVER_ERROR and reply.status != _TOO_MANY and error_code(reply) not in THROTTLES


def error_code(reply: Reply) -> str:
    """Return the error's name without its namespace; the status when the body names none."""
    try:
        name = str(msgspec.json.decode(reply.body).get("__type", ""))
    except (msgspec.DecodeError, AttributeError, UnicodeDecodeError):
        name = ""
    return name.rpartition("#")[2].partition(":")[0] or str(reply.status)
