"""Live connections on the local stack: a ticket, a subscription, what happens, and who is gone."""

from __future__ import annotations

import asyncio
import json
import time
import uuid

import aiohttp
import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

EVERYTHING = ["realtime_metrics", "analytics_event", "session_started", "session_ended", "sharing_alert"]


def ticket(stack, scope="read", **asked):
    answer = stack.ask("POST", "/api/v1/live/tickets", scope, **asked)
    assert answer.status_code == 200, answer.text
    return answer.json()["ticket"]


def page_view(path="/live"):
    return {"event_type": "page_view", "url": f"https://site.example{path}", "anonymous_id": uuid.uuid4().hex}


class Client:
    """One connection; `messages` are what came with the moment it came."""

    def __init__(self, socket):
        self.socket = socket
        self.messages: list[tuple[float, str, dict]] = []
        self.news = asyncio.Event()
        self.reading = asyncio.create_task(self._read())

    async def _read(self):
        async for message in self.socket:
            told = json.loads(message.data)
            self.messages.append((time.monotonic(), told["type"], told["payload"]))
            self.news.set()

    async def wait_for(self, holds, seconds=10.0):
        try:
            async with asyncio.timeout(seconds):
                while True:
                    for moment, kind, payload in self.messages:
                        if holds(kind, payload):
                            return moment, payload
                    self.news.clear()
                    await self.news.wait()
        except TimeoutError:
            pytest.fail(f"it did not come; there were {[kind for _, kind, _ in self.messages]}")


async def connect(session, stack, types=None, **given):
    said = given.pop("ticket", None) or await asyncio.to_thread(ticket, stack)
    socket = await session.ws_connect(f"{stack.endpoints['ws_url']}?ticket={said}", **given)
    client = Client(socket)
    if types is not None:
        await socket.send_json({"action": "subscribe", "types": types})
    return client


def run(scenario):
    async def go():
        # The usual limit is a hundred connections.
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            return await scenario(session)

    return asyncio.run(go())


def test_events_sessions_and_figures_come(stack):
    async def scenario(session):
        client = await connect(session, stack, EVERYTHING)
        await client.wait_for(lambda kind, _: kind == "realtime_metrics")  # how things stand, at once
        # Functions that have never run start slowly; from then on they are at hand.
        await asyncio.to_thread(stack.ask, "POST", "/api/events", "write", json=page_view("/first"))
        await client.wait_for(lambda kind, told: kind == "analytics_event" and told["page"] == "/first")
        path = f"/{uuid.uuid4().hex}"
        await asyncio.to_thread(stack.ask, "POST", "/api/events", "write", json=page_view(path))
        _, payload = await client.wait_for(lambda kind, told: kind == "analytics_event" and told["page"] == path)
        assert payload["event_type"] == "page_view"
        await client.wait_for(lambda kind, told: kind == "realtime_metrics" and told["events_per_second"] > 0)
        name = uuid.uuid4().hex
        about = {"id": name, "user_id": "anna", "content_type": "movie", "content_id": "m1"}
        await asyncio.to_thread(stack.ask, "POST", "/api/v1/analytics/sessions", "write", json=about)
        _, payload = await client.wait_for(lambda kind, told: kind == "session_started" and told["id"] == name)
        assert payload["status"] == "playing"
        # Who comes back is told what goes on.
        again = await connect(session, stack, ["session_started"])
        await again.wait_for(lambda kind, told: kind == "session_started" and told["id"] == name)
        await asyncio.to_thread(stack.ask, "DELETE", f"/api/v1/analytics/sessions/{name}", "write")
        _, payload = await client.wait_for(lambda kind, told: kind == "session_ended" and told["id"] == name)
        assert payload["status"] == "ended"
        assert not any(kind == "session_ended" for _, kind, _ in again.messages), "it did not ask for it"

    run(scenario)


def refused(stack, said, **given):
    async def scenario(session):
        try:
            client = await connect(session, stack, ticket=said, **given)
        except aiohttp.WSServerHandshakeError as refusal:
            return refusal.status
        await client.socket.close()
        return 101

    return run(scenario)


def test_a_ticket_is_good_once(stack):
    said = ticket(stack)
    assert refused(stack, said) == 101
    assert refused(stack, said) == 401
    assert refused(stack, "made-up") == 401


def test_pages_of_other_origins_are_kept_out(stack):
    own = f"http://127.0.0.1:{stack.port}"
    assert refused(stack, ticket(stack), origin="https://evil.example") == 403
    assert refused(stack, ticket(stack), origin=own) == 101
    forged = {"x-viewer-host": "evil.example"}
    assert refused(stack, ticket(stack), origin="https://evil.example", headers=forged) == 403


def test_only_readers_get_tickets(stack):
    assert stack.ask("POST", "/api/v1/live/tickets", "write").status_code == 403
    assert stack.ask("POST", "/api/v1/live/tickets").status_code == 401
    admin = stack.ask("POST", "/api/v1/live/tickets", "admin")
    assert admin.status_code == 422, "it opens every site: one is to be named"


def connections(stack):
    text = stack.ask("GET", "/metrics", "admin").text
    (line,) = [line for line in text.splitlines() if line.startswith("analytics_service_websocket_connections ")]
    return int(line.split()[1])


async def many(session, stack, count):
    """Open so many connections, and wait until each has had its first figures."""
    gate = asyncio.Semaphore(8)

    async def one():
        async with gate:
            return await connect(session, stack, ["realtime_metrics"])

    clients = await asyncio.gather(*(one() for _ in range(count)))
    await asyncio.gather(*(client.wait_for(lambda kind, _: kind == "realtime_metrics", 120) for client in clients))
    return clients


def of_many(stack, eventually, count, vanishing):
    """Let some of many connections vanish, and return after how many seconds the last of the rest had a push."""

    async def scenario(session):
        before = await asyncio.to_thread(connections, stack)
        clients = await many(session, stack, count)
        # Functions that have never run start slowly; from then on they are at hand.
        for client in clients:
            client.messages.clear()
        await asyncio.to_thread(stack.ask, "POST", "/api/events", "write", json=page_view())
        await asyncio.gather(*(client.wait_for(lambda kind, _: kind == "realtime_metrics", 60) for client in clients))
        assert await asyncio.to_thread(connections, stack) == before + count
        # Without a word: the other side learns of it when it writes.
        for client in clients[:vanishing]:
            client.reading.cancel()
            client.socket._response.connection.transport.abort()
        for client in clients:
            client.messages.clear()
        began = time.monotonic()
        await asyncio.to_thread(stack.ask, "POST", "/api/events", "write", json=page_view())
        accepted = time.monotonic() - began
        rest = clients[vanishing:]
        moments = await asyncio.gather(
            *(client.wait_for(lambda kind, _: kind == "realtime_metrics") for client in rest)
        )
        first, late = (choose(moment for moment, _ in moments) - began for choose in (min, max))
        gone = await asyncio.to_thread(eventually, lambda: connections(stack) == before + count - vanishing, 60)
        print(
            f"accepted after {accepted:.2f} s; the first of {len(rest)} had its push after {first:.2f} s, the last after {late:.2f} s"
        )
        print(f"the {vanishing} of {count} that vanished were gone {gone:.1f} s later")
        for client in rest:
            client.reading.cancel()
            await client.socket.close()
        for client in clients[:vanishing]:
            client.socket._response.close()
        return late

    late = run(scenario)
    eventually(lambda: connections(stack) == 0, 120)
    return late


def test_of_forty_clients_twelve_vanish(stack, eventually):
    of_many(stack, eventually, 40, 12)


@pytest.mark.torture
def test_of_a_thousand_clients_three_hundred_vanish(stack, eventually):
    assert of_many(stack, eventually, 1000, 300) < 2
