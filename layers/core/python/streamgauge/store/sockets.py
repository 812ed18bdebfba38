"""Messages to open WebSocket connections, through the gateway's management endpoint: many at a time, from one thread.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
"""

from __future__ import annotations

import time
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from streamgauge.settings import settings
from streamgauge.store.keepalive import Connection, Endpoint, Reply, StaleConnectionError
from streamgauge.store.signature import credentials, sign
from streamgauge.store.wire import endpoint

if TYPE_CHECKING:
    from collections.abc import Sequence

TOGETHER: Final = 32
"""How many messages are under way at once, each on a connection of its own."""

_TIMEOUT_SECONDS: Final = 1.0
_SERVICE: Final = "execute-api"
_GONE: Final = 410

_idle: Final[list[Connection]] = []


def post_each(connection_ids: Sequence[str], body: bytes, until: float) -> set[str]:
    """Send one message to many connections; return those that are gone. What is not sent by `until` (monotonic) stays unsent."""
    gone: set[str] = set()
    for start in range(0, len(connection_ids), TOGETHER):
        if time.monotonic() >= until:
            break
        sent = [(one, *_send(one, body)) for one in connection_ids[start : start + TOGETHER]]
        for connection_id, connection, kept in sent:
            reply = None if connection is None else _receive(connection, connection_id, body, until, kept=kept)
            if reply is not None and reply.status == _GONE:
                gone.add(connection_id)
    return gone


def hang_up() -> None:
    """Close all kept connections."""
    while _idle:
        _idle.pop().close()


def _send(connection_id: str, body: bytes) -> tuple[Connection | None, bool]:
    """Send without waiting for the answer: the connection (None: none could be made), and whether it had been kept."""
    while True:
        kept = bool(_idle)
        connection = None
        try:
            connection = _idle.pop() if kept else Connection(_place()[0], _TIMEOUT_SECONDS)
            connection.send("POST", *_request(connection_id, body), body)
        except OSError:
            if connection is not None:
                connection.close()
            if kept:
                continue
            return None, False
        return connection, kept


def _receive(connection: Connection, connection_id: str, body: bytes, until: float, *, kept: bool) -> Reply | None:
    """Return the answer; None when there is none in time. A kept connection that was closed meanwhile is replaced once."""
    if time.monotonic() >= until:
        connection.close()
        return None
    try:
        reply = connection.receive("POST")
    except StaleConnectionError:
        connection.close()
        return _again(connection_id, body, until) if kept else None
    except OSError:
        connection.close()
        return None
    if connection.reusable and len(_idle) < TOGETHER:
        _idle.append(connection)
    else:
        connection.close()
    return reply


def _again(connection_id: str, body: bytes, until: float) -> Reply | None:
    try:
        connection = Connection(_place()[0], _TIMEOUT_SECONDS)
        connection.send("POST", *_request(connection_id, body), body)
    except OSError:
        return None
    return _receive(connection, connection_id, body, until, kept=False)


def _request(connection_id: str, body: bytes) -> tuple[str, dict[str, str]]:
    """Return the target and the signed headers of one message."""
    place, stage = _place()
    path = f"{stage}/@connections/{quote(connection_id, safe='')}"
    host = place.host if place.port is None else f"{place.host}:{place.port}"
    headers = {"content-type": "application/json", "host": host}
    # All services but S3 sign a path encoded twice.
    signed = sign(_SERVICE, place.region, "POST", quote(path, safe="/~"), "", headers, body, keys=credentials())
    return path, signed


def _place() -> tuple[Endpoint, str]:
    return _parsed(settings().text("SOCKETS_ENDPOINT"), endpoint("dynamodb").region)


@lru_cache(maxsize=4)
def _parsed(url: str, region: str) -> tuple[Endpoint, str]:
    """Return where the endpoint is, and its stage as a path."""
    scheme, _, rest = url.partition("://")
    address, _, stage = rest.partition("/")
    host, _, port = address.partition(":")
    return Endpoint(host, int(port) if port else None, secure=scheme == "https", region=region), f"/{stage.strip('/')}"
