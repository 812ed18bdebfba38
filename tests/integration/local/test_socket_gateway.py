"""The laptop's WebSocket gateway over real sockets, with the store that posts to it: who is there hears, who is gone is told apart."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack

import aiohttp
import pytest
from aiohttp import web
from streamgauge.settings import settings
from streamgauge.store import sockets

from infra.local.aws import Invocation
from infra.local.postgres import free_port
from infra.local.socket_gateway import SocketGateway

FUNCTIONS = {"$connect": "connect", "$default": "message", "$disconnect": "disconnect"}


class Cloud:
    """Functions that note what they were given; `connect` lets nobody in without a ticket."""

    def __init__(self):
        self.invoked: list[tuple[str, dict]] = []
        self.ended = asyncio.Event()

    async def invoke(self, function, event, _seconds):
        self.invoked.append((function, event))
        if function == "disconnect":
            self.ended.set()
        welcome = function != "connect" or (event["queryStringParameters"] or {}).get("ticket") == "good"
        return Invocation({"statusCode": 200 if welcome else 401})

    def ids(self, function):
        return [event["requestContext"]["connectionId"] for name, event in self.invoked if name == function]


def run(monkeypatch, scenario):
    async def go():
        port, cloud = free_port(), Cloud()
        gateway = SocketGateway(cloud, "api1", FUNCTIONS)

        async def handle(request):
            if request.path == "/ws":
                return await gateway.open(request, [("x-origin-secret", "s3cret")])
            return await gateway.manage(request)

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", handle)
        async with AsyncExitStack() as stack:
            runner = web.AppRunner(app, shutdown_timeout=1)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, "127.0.0.1", port, backlog=2048).start()
            connector = aiohttp.TCPConnector(limit=0)
            session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
            monkeypatch.setenv("SOCKETS_ENDPOINT", f"http://127.0.0.1:{port}/ws")
            settings.cache_clear()
            try:
                return await scenario(session, f"http://127.0.0.1:{port}", cloud)
            finally:
                sockets.hang_up()

    try:
        return asyncio.run(go())
    finally:
        settings.cache_clear()


def test_functions_get_what_api_gateway_gives_them(monkeypatch):
    async def scenario(session, address, cloud):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
            await session.ws_connect(f"{address}/ws?ticket=bad")
        assert refusal.value.status == 401
        socket = await session.ws_connect(f"{address}/ws?ticket=good")
        await socket.send_str('{"action": "ping"}')
        await socket.close()
        await asyncio.wait_for(cloud.ended.wait(), 5)
        assert [name for name, _ in cloud.invoked] == ["connect", "connect", "message", "disconnect"]
        (_, connect), (_, message), (_, disconnect) = cloud.invoked[1:]
        assert connect["headers"] == {"x-origin-secret": "s3cret"}
        assert connect["requestContext"]["eventType"] == "CONNECT"
        assert message["body"] == '{"action": "ping"}'
        assert len({one["requestContext"]["connectionId"] for one in (connect, message, disconnect)}) == 1

    run(monkeypatch, scenario)


def test_only_signed_requests_post_and_the_unknown_are_gone(monkeypatch):
    async def scenario(session, address, cloud):
        socket = await session.ws_connect(f"{address}/ws?ticket=good")
        (name,) = cloud.ids("connect")
        async with session.post(f"{address}/ws/@connections/{name}", data="x") as answer:
            assert answer.status == 403
        until = time.monotonic() + 5
        assert await asyncio.to_thread(sockets.post_each, [name, "nobody="], b"hello", until) == {"nobody="}
        assert await socket.receive_str() == "hello"
        await socket.close()

    run(monkeypatch, scenario)


def of_many(monkeypatch, count, vanishing):
    async def scenario(session, address, cloud):
        clients = [await session.ws_connect(f"{address}/ws?ticket=good") for _ in range(count)]
        names = cloud.ids("connect")
        for client in clients[:vanishing]:
            client._response.connection.transport.abort()
        began = time.monotonic()
        posting = asyncio.create_task(asyncio.to_thread(sockets.post_each, names, b"figures", began + 10))
        told = await asyncio.gather(*(client.receive_str() for client in clients[vanishing:]))
        took = time.monotonic() - began
        gone = await posting
        assert told == ["figures"] * (count - vanishing)
        print(f"{count - vanishing} of {count} had it within {took:.2f} s, {len(gone)} were told to be gone")
        assert gone <= set(names[:vanishing])
        # Once the sockets have noticed, every one that is gone is told so.
        gone |= await asyncio.to_thread(sockets.post_each, names[:vanishing], b"figures", time.monotonic() + 10)
        assert gone == set(names[:vanishing])

    run(monkeypatch, scenario)


def test_of_a_hundred_thirty_vanish(monkeypatch):
    of_many(monkeypatch, 100, 30)


@pytest.mark.torture
def test_of_a_thousand_three_hundred_vanish(monkeypatch):
    of_many(monkeypatch, 1000, 300)
