"""The one address of the local stack: CloudFront and the HTTP API in one process, on 127.0.0.1.

Like CloudFront it strips what only it may say (`x-viewer-ip`, the origin secret) and sets it; like the HTTP API it finds
the route, asks the authorizer and invokes the function at MiniStack's endpoint (why not MiniStack's own data plane:
`docs/decisions/2026-11-21-local-stack.md`). `/ws` is a live connection (`socket_gateway.py`), everything else a file for browsers.
"""

from __future__ import annotations

import asyncio
import html
import ipaddress
import json
import logging
import mimetypes
import os
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import aiohttp
from aiohttp import web

from infra.local import gateway, socket_gateway
from infra.local.aws import Cloud, CloudError
from infra.local.gateway import Answer, Request, Route, Router
from infra.local.socket_gateway import SocketGateway
from infra.page import CONFIGURATION_PATH

if TYPE_CHECKING:
    from collections.abc import Mapping

_logger = logging.getLogger("front_door")

_GATEWAY_BYTES: Final = 10 * 1024 * 1024
_GATEWAY_SECONDS: Final = 30.0
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
_WELCOME: Final = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Streamgauge</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:3rem auto;padding:0 1rem}}</style>
<h1>Streamgauge</h1><p>The local stack is up. The dashboard is not built in this checkout.</p>
<ul><li><a href="/docs">API, browsable</a> (<a href="/openapi.json">OpenAPI</a>)</li><li><a href="/health">Health</a></li></ul>
<p>Keys and addresses stand in <code>{endpoints}</code>.</p></html>"""


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
    """Answers requests; `load` reads the deployed API's routes first."""

    def __init__(self, settings: Settings, session: aiohttp.ClientSession) -> None:
        self._settings = settings
        self._session = session
        self._cloud = Cloud(session, settings.endpoint)
        self._router = Router([])
        self._cors: dict[str, Any] = {}
        self._sockets: SocketGateway | None = None

    async def load(self) -> None:
        """Read routes, integrations, authorizers and CORS of the deployed API. Raises CloudError."""
        path = f"/v2/apis/{self._settings.api_id}"
        cors = (await self._cloud.get("apigateway", path)).get("corsConfiguration") or {}
        # MiniStack hands back the names as the template has them; AWS's begin in lower case.
        self._cors = {name[0].lower() + name[1:]: value for name, value in cors.items()}
        authorizers = {
            item["authorizerId"]: _function(item["authorizerUri"])
            for item in (await self._cloud.get("apigateway", f"{path}/authorizers?maxResults=1000"))["items"]
        }
        self._router = Router(
            Route(
                route["routeKey"],
                function,
                authorizers.get(route.get("authorizerId", "")) if route.get("authorizationType") == "CUSTOM" else None,
            )
            for route, function in await self._routes(self._settings.api_id)
        )
        if self._settings.socket_api_id is not None:
            routes = await self._routes(self._settings.socket_api_id)
            functions = {route["routeKey"]: function for route, function in routes}
            self._sockets = SocketGateway(self._cloud, self._settings.socket_api_id, functions)

    async def _routes(self, api_id: str) -> list[tuple[dict[str, Any], str]]:
        """Return the routes of an API, each with the function that it leads to."""
        path = f"/v2/apis/{api_id}"
        integrations = {
            item["integrationId"]: _function(item["integrationUri"])
            for item in (await self._cloud.get("apigateway", f"{path}/integrations?maxResults=1000"))["items"]
        }
        routes = (await self._cloud.get("apigateway", f"{path}/routes?maxResults=1000"))["items"]
        return [(route, integrations[route["target"].rpartition("/")[2]]) for route in routes if route.get("target")]

    async def warm(self) -> None:
        """Start the function of every route by a request without a key, so that nobody waits for its first start."""
        for route in self._router.one_of_each_function():
            method, _, path = route.key.partition(" ")
            made = gateway.event(
                Request(method, path, "", self._added_headers("127.0.0.1", "127.0.0.1")),
                route,
                {},
                self._settings.api_id,
                "127.0.0.1",
            )
            await self._ask(route, made)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        if self._sockets is not None and request.path == socket_gateway.PATH:
            return await self._sockets.open(request, self._headers(request))
        if self._sockets is not None and request.path.startswith(socket_gateway.MANAGEMENT):
            return await self._sockets.manage(request)
        raw_path, _, query = request.raw_path.partition("?")
        # As CloudFront's function: an HTTP API has no route that ends in a slash.
        raw_path = raw_path[:-1] if len(raw_path) > 1 and raw_path.endswith("/") else raw_path
        path = gateway.decoded_path(raw_path)
        file = None if self._router.find(request.method, path, default=False) else self._file(request.method, path)
        answer = file or await self._api(request, raw_path, query)
        response = web.Response(status=answer.status, body=answer.body or None)
        for name, value in answer.headers:
            if name.lower() not in _OF_THE_CONNECTION:
                response.headers.add(name, _one_line(value))
        return response

    async def _api(self, request: web.Request, raw_path: str, query: str) -> Answer:
        origin = request.headers.get("Origin", "")
        path = gateway.decoded_path(raw_path)
        if request.method == "OPTIONS" and self._cors:
            return gateway.preflight(self._cors, origin)
        found = self._router.find(request.method, path)
        if found is None:
            if self._router.knows(path):
                return gateway.problem(405, "Method Not Allowed", f"{request.method} is not answered here.")
            return gateway.problem(404, "Not Found", "There is nothing at this path.")
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            return gateway.problem(413, "Content Too Large", "A request may have 10 MB.")
        route, parameters = found
        made = gateway.event(
            Request(request.method, raw_path, query, self._headers(request), body),
            route,
            parameters,
            self._settings.api_id,
            request.remote or "",
        )
        answer = await self._ask(route, made)
        if not self._cors:
            return answer
        # An API with a CORS configuration passes on nothing that a function says about it.
        own = [(name, value) for name, value in answer.headers if not name.lower().startswith("access-control-")]
        return Answer(answer.status, [*own, *gateway.cross_origin(self._cors, origin)], answer.body)

    async def _ask(self, route: Route, made: dict[str, Any]) -> Answer:
        """Ask the authorizer, then the function."""
        try:
            if route.authorizer is not None:
                verdict = await self._cloud.invoke(route.authorizer, gateway.authorizer_event(made), _GATEWAY_SECONDS)
                said = verdict.payload if isinstance(verdict.payload, dict) else {}
                if verdict.error or verdict.throttled or not isinstance(said.get("isAuthorized"), bool):
                    return gateway.error(500, "Internal Server Error")
                if not said["isAuthorized"]:
                    return gateway.error(403, "Forbidden")
                made["requestContext"]["authorizer"] = {"lambda": said.get("context") or {}}
            done = await self._cloud.invoke(route.function, made, _GATEWAY_SECONDS)
        except (CloudError, aiohttp.ClientError, TimeoutError) as error:
            _logger.warning("%s: %s", route.key, error)
            return gateway.error(503, "Service Unavailable")
        if done.throttled:
            return gateway.error(503, "Service Unavailable")
        return gateway.error(500, "Internal Server Error") if done.error else gateway.answer(done.payload)

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

    def _file(self, method: str, path: str) -> Answer | None:
        """Return a file of the dashboard or the tracker, None when the path is none of theirs."""
        if method not in {"GET", "HEAD"}:
            return None
        if path == CONFIGURATION_PATH:
            said = json.dumps(dict(self._settings.page_configuration)).encode()
            return Answer(200, [("content-type", "application/json"), ("cache-control", "no-cache")], said)
        start = next((start for start in self._settings.pages if path.startswith(start)), None)
        if start is not None:
            root = self._settings.pages[start].resolve()
            file = (root / path.removeprefix(start).lstrip("/")).resolve() if "\0" not in path else root
            file = file / "index.html" if file.is_dir() else file
            if file.is_relative_to(root) and file.is_file():
                kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
                text = kind.startswith("text/") or kind == "application/javascript"
                named = [("content-type", f"{kind}; charset=utf-8" if text else kind), ("cache-control", "no-cache")]
                return Answer(200, [*named, *self._settings.page_headers.items()], file.read_bytes())
        if path == "/":
            page = _WELCOME.format(endpoints=html.escape(str(self._settings.home / "endpoints.json")))
            return Answer(200, [("content-type", "text/html; charset=utf-8")], page.encode())
        return None


def _function(uri: str) -> str:
    """Return the function's name in the URI of an integration or an authorizer."""
    return (
        uri.partition("/functions/")[2].partition("/invocations")[0].rpartition(":function:")[2].partition(":")[0]
        or (uri.rpartition(":function:")[2].partition("/")[0].partition(":")[0])
    )


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
