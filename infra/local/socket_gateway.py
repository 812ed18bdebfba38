"""What a WebSocket API of API Gateway does: opens connections, invokes the functions of its routes, sends what they post.

It holds the connections in this process, as `front_door.py` holds requests: a thousand of them are nothing to it. The functions'
code is that of AWS; only where they post is a setting.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
import uuid
from typing import TYPE_CHECKING, Any, Final

from aiohttp import WSMsgType, web

from infra.local.aws import AWAY, Cloud

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PATH: Final = "/ws"
MANAGEMENT: Final = f"{PATH}/@connections/"

_FUNCTION_SECONDS: Final = 29.0
_SEND_SECONDS: Final = 2.0
_PARTING_TOGETHER: Final = 2
_FRAME_BYTES: Final = 128 * 1024
_OK: Final = 200
_REFUSED: Final = 300
_ERROR: Final = 500
_SERVER_ERROR: Final = 1011
_logger = logging.getLogger("socket_gateway")


class SocketGateway:
    """The connections, and the functions (`$connect`, `$default`, `$disconnect`) that they start."""

    def __init__(self, cloud: Cloud, api_id: str, functions: Mapping[str, str]) -> None:
        self._cloud = cloud
        self._api_id = api_id
        self._functions = functions
        self._open: dict[str, web.WebSocketResponse] = {}
        self._parting = asyncio.Semaphore(_PARTING_TOGETHER)

    async def open(self, request: web.Request, headers: Sequence[tuple[str, str]]) -> web.StreamResponse:
        """Hold one connection until it closes; refuse it when `$connect` does. `headers` are what the origin gets."""
        socket = web.WebSocketResponse(max_msg_size=_FRAME_BYTES)
        if not socket.can_prepare(request):
            return web.json_response({"message": "Upgrade Required"}, status=426)
        connection_id = secrets.token_urlsafe(11) + "="
        address = request.remote or ""
        query = {name: request.query.getall(name)[-1] for name in request.query}
        connect = {"headers": dict(headers), "queryStringParameters": query or None}
        status = await self._invoke("$connect", connection_id, "CONNECT", address, **connect)
        if status >= _REFUSED:
            return web.json_response({"message": "Forbidden"}, status=min(status, _ERROR))
        try:
            await socket.prepare(request)
            self._open[connection_id] = socket
            await self._listen(socket, connection_id, address)
        finally:
            self._open.pop(connection_id, None)
            # The client is gone, and with it the task of its request: the function is told all the same.
            await asyncio.shield(self._part(connection_id, address))
        return socket

    async def manage(self, request: web.Request) -> web.Response:
        """Answer the functions: POST sends to a connection, DELETE closes it; 410 when it is gone."""
        # A page of another origin cannot send this header unasked.
        if not request.headers.get("Authorization", "").startswith("AWS4-HMAC-SHA256 "):
            return web.json_response({"message": "Missing Authentication Token"}, status=403)
        connection_id = request.path.removeprefix(MANAGEMENT)
        socket = self._open.get(connection_id)
        if socket is None or socket.closed:
            return web.json_response({"message": "GoneException"}, status=410)
        if request.method == "DELETE":
            await socket.close()
            return web.Response(status=204)
        if request.method != "POST":
            return web.json_response({"message": "Method Not Allowed"}, status=405)
        try:
            await asyncio.wait_for(socket.send_str((await request.read()).decode("utf-8", "replace")), _SEND_SECONDS)
        except (ConnectionError, RuntimeError, TimeoutError):
            self._open.pop(connection_id, None)
            return web.json_response({"message": "GoneException"}, status=410)
        return web.Response()

    async def _listen(self, socket: web.WebSocketResponse, connection_id: str, address: str) -> None:
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                text = message.data
            elif message.type is WSMsgType.BINARY:
                text = message.data.decode("utf-8", "replace")
            else:
                continue
            if await self._invoke("$default", connection_id, "MESSAGE", address, body=text) >= _ERROR:
                await socket.close(code=_SERVER_ERROR)

    async def _part(self, connection_id: str, address: str) -> None:
        """Tell the function of a connection that has closed: a few at a time, so that hundreds at once hold up no request."""
        async with self._parting:
            await self._invoke("$disconnect", connection_id, "DISCONNECT", address)

    async def _invoke(self, key: str, connection_id: str, kind: str, address: str, **more: object) -> int:
        """Invoke a route's function and return its status."""
        now = int(time.time() * 1000)
        event: dict[str, Any] = {
            "requestContext": {
                "routeKey": key,
                "eventType": kind,
                "connectionId": connection_id,
                "apiId": self._api_id,
                "stage": PATH.strip("/"),
                "domainName": f"{self._api_id}.execute-api.localhost",
                "identity": {"sourceIp": address},
                "requestId": uuid.uuid4().hex[:16],
                "requestTimeEpoch": now,
            },
            "isBase64Encoded": False,
            **more,
        }
        try:
            done = await self._cloud.invoke(self._functions[key], event, _FUNCTION_SECONDS)
        except AWAY as error:
            _logger.warning("%s: %s", key, error)
            return _ERROR
        if done.error or done.throttled or not isinstance(done.payload, dict):
            return _ERROR
        return int(done.payload.get("statusCode", _OK))
