"""The one address of the local stack: CloudFront and the APIs behind it in one process, on 127.0.0.1.

Like CloudFront it strips what only it may say (`x-viewer-ip`, the origin secret) and sets it, and hands a request on: to the
HTTP API (`http_api.py`), for `/ws` to the live connections (`socket_gateway.py`), for what is neither to the files for browsers
(`files.py`). Why not MiniStack's own data plane: `docs/decisions/2026-11-21-local-stack.md`.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import logging
import os
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import aiohttp
from aiohttp import web

from infra.local import gateway, socket_gateway
from infra.local.aws import Cloud
from infra.local.files import Files
from infra.local.gateway import Answer, Request
from infra.local.http_api import HttpApi, routes_of
from infra.local.socket_gateway import SocketGateway

if TYPE_CHECKING:
    from collections.abc import Mapping

_GATEWAY_BYTES: Final = 10 * 1024 * 1024
_ONLY_OURS: Final = frozenset({"x-viewer-ip", "x-viewer-host", "x-origin-secret", "host", "x-forwarded-for"})
_OF_THE_CONNECTION: Final = frozenset(
    {
        "connection",
        "content-length",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "proxy-connection",
        "expect",
    }
)


@dataclass(frozen=True)
class Settings:
    """What the front door is told by `make up`."""

    port: int
    endpoint: str
    api_id: str
    socket_api_id: str | None
    origin_secret: str
    trust_forwarded: bool
    home: Path
    pages: Mapping[str, Path]
    """Folders by the beginning of the paths under which browsers find what is in them, the longer first."""
    page_configuration: Mapping[str, str] = field(default_factory=dict)
    page_headers: Mapping[str, str] = field(default_factory=dict)


class FrontDoor:
    """Answers requests; `load` reads the deployed APIs first."""

    def __init__(self, settings: Settings, session: aiohttp.ClientSession) -> None:
        self._settings = settings
        self._cloud = Cloud(session, settings.endpoint)
        self._http_api = HttpApi(self._cloud, settings.api_id)
        self._sockets: SocketGateway | None = None
        self._files = Files(
            settings.pages, settings.page_configuration, settings.page_headers, settings.home / "endpoints.json"
        )

    async def load(self) -> None:
        """Read the deployed APIs. Raises CloudError."""
        await self._http_api.load()
        if self._settings.socket_api_id is not None:
            routes = await routes_of(self._cloud, self._settings.socket_api_id)
            functions = {route["routeKey"]: function for route, function in routes}
            self._sockets = SocketGateway(self._cloud, self._settings.socket_api_id, functions)

    async def warm(self) -> None:
        """Start every function that a route leads to."""
        await self._http_api.warm(self._added_headers("127.0.0.1", "127.0.0.1"))

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        if self._sockets is not None and request.path == socket_gateway.PATH:
            return await self._sockets.open(request, self._headers(request))
        if self._sockets is not None and request.path.startswith(socket_gateway.MANAGEMENT):
            return await self._sockets.manage(request)
        raw_path, _, query = request.raw_path.partition("?")
        raw_path = gateway.handed_on(raw_path)
        path = gateway.decoded_path(raw_path)
        file = None if self._http_api.has_route(request.method, path) else self._files.find(request.method, path)
        answer = file or await self._api(request, raw_path, query)
        response = web.Response(status=answer.status, body=answer.body or None)
        for name, value in answer.headers:
            if name.lower() not in _OF_THE_CONNECTION:
                response.headers.add(name, _one_line(value))
        return response

    async def _api(self, request: web.Request, raw_path: str, query: str) -> Answer:
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            return gateway.problem(413, "Content Too Large", "A request may have 10 MB.")
        asked = Request(request.method, raw_path, query, self._headers(request), body)
        return await self._http_api.answer(asked, request.remote or "")

    def _headers(self, request: web.Request) -> list[tuple[str, str]]:
        """Return the client's headers as the origin gets them from CloudFront."""
        viewer = request.remote or "127.0.0.1"
        forwarded = request.headers.get("X-Forwarded-For", "")
        if self._settings.trust_forwarded and forwarded and _is_this_machine(viewer):
            viewer = _address(forwarded.split(",", 1)[0]) or viewer
        kept = [
            (_text(name), _text(value))
            for name, value in request.raw_headers
            if _text(name).lower() not in _ONLY_OURS | _OF_THE_CONNECTION
        ]
        chain = f"{forwarded}, {request.remote}" if forwarded else f"{request.remote}"
        return [*kept, *self._added_headers(viewer, chain, request.headers.get("Host", ""))]

    def _added_headers(self, viewer: str, chain: str, host: str = "") -> list[tuple[str, str]]:
        """Return what only CloudFront says."""
        return [
            ("host", f"127.0.0.1:{self._settings.port}"),
            ("x-forwarded-for", chain),
            ("x-forwarded-proto", "http"),
            ("x-viewer-ip", viewer),
            ("x-viewer-host", host),
            ("x-origin-secret", self._settings.origin_secret),
        ]


def _text(raw: bytes) -> str:
    """Return a header as text: UTF-8 where it is, else byte by byte."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _one_line(value: str) -> str:
    return value.replace("\r", " ").replace("\n", " ")


def _address(text: str) -> str | None:
    try:
        return str(ipaddress.ip_address(text.strip()))
    except ValueError:
        return None


def _is_this_machine(address: str) -> bool:
    return _address(address) is not None and ipaddress.ip_address(address).is_loopback


def application(door: FrontDoor) -> web.Application:
    """Return the server's application: everything goes through one handler."""
    made = web.Application(client_max_size=_GATEWAY_BYTES)
    made.router.add_route("*", "/{path:.*}", door.handle)
    return made


async def serve(settings: Settings) -> None:
    """Answer until SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=60)
    async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as session:
        door = FrontDoor(settings, session)
        await door.load()
        runner = web.AppRunner(application(door), access_log=None, auto_decompress=False, shutdown_timeout=5)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", settings.port).start()
        warming = asyncio.create_task(door.warm())
        await stop.wait()
        warming.cancel()
        await runner.cleanup()


def main() -> None:
    """Read the settings that `make up` wrote and serve."""
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.WARNING)
    home = Path(os.environ["STREAMGAUGE_HOME"])
    told = json.loads((home / "front_door.json").read_text("utf-8"))
    asyncio.run(
        serve(
            Settings(
                port=told["port"],
                endpoint=told["endpoint"],
                api_id=told["api_id"],
                socket_api_id=told["socket_api_id"],
                origin_secret=told["origin_secret"],
                trust_forwarded=told["trust_forwarded"],
                home=home,
                pages={start: Path(folder) for start, folder in told["pages"].items()},
                page_configuration=told["page"]["configuration"],
                page_headers=told["page"]["headers"],
            )
        )
    )


if __name__ == "__main__":
    main()
