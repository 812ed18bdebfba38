"""Tickets, connections and pushes through DynamoDB, before a gateway that knows who is gone."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest
from streamgauge.access import registry
from streamgauge.events.models import Page
from streamgauge.live.announcing import Announcer
from streamgauge.settings import settings
from streamgauge.sockets import connections, pacing, pushing, tickets
from streamgauge.sockets.tickets import Holder
from streamgauge.store import sockets

from tests.support.aws import ENVIRONMENT, serving
from tests.support.stamped import stamped

if TYPE_CHECKING:
    from collections.abc import Iterator


class Gateway(ThreadingHTTPServer):
    """The management endpoint: `gone` answer 410, `away` answers nobody in time."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self):
        self.gone: set[str] = set()
        self.away = False
        self.got: list[tuple[str, str]] = []
        super().__init__(("127.0.0.1", 0), _Answer)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        gateway = self.server
        body = self.rfile.read(int(self.headers["content-length"]))
        assert self.headers["authorization"].startswith("AWS4-HMAC-SHA256 ")
        connection = unquote(self.path.removeprefix("/ws/@connections/"))
        status = 500 if gateway.away else 410 if connection in gateway.gone else 200
        if status == 200:
            gateway.got.append((connection, json.loads(body)["type"]))
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture(scope="module")
def stage() -> Iterator[Gateway]:
    with serving() as aws, pytest.MonkeyPatch.context() as patch:
        aws.reset()
        gateway = Gateway()
        told = {"AWS_ENDPOINT_URL": aws.url, "SOCKETS_ENDPOINT": f"http://127.0.0.1:{gateway.server_port}/ws"}
        for name, value in (ENVIRONMENT | told).items():
            patch.setenv(name, value)
        settings.cache_clear()
        yield gateway
        sockets.hang_up()
        gateway.shutdown()
        gateway.server_close()
    settings.cache_clear()


@pytest.fixture
def gateway(stage: Gateway) -> Gateway:
    stage.gone, stage.got, stage.away = set(), [], False
    registry.forget()
    return stage


def join(site, name, *types, key="", until=0):
    holder = Holder(site, key, until)
    connections.add(name, holder, time.time())
    connections.subscribe(name, holder, list(types), time.time())


def view(site, n=0):
    now = int(time.time() * 1_000_000)
    return stamped("page_view", now + n, site=site, page=Page("/a", "/a"), anonymous_id=f"p{n}")


def listed(site):
    return {one.connection_id for one in connections.subscribers(site, time.time())}


def test_a_ticket_is_good_once_and_for_a_minute(gateway):
    holder = Holder("blog", "hash", 0)
    ticket = tickets.issue(holder, 1000)
    assert tickets.redeem(ticket, 1059) == holder
    assert tickets.redeem(ticket, 1059) is None
    assert tickets.redeem(tickets.issue(holder, 1000), 1060) is None
    assert tickets.redeem("x" * 5000, 1000) is None


def test_the_dead_are_forgotten_after_one_push_and_the_rest_have_it(gateway):
    names = [f"{n}=" for n in range(100)]
    for name in names:
        join("crowd", name, "analytics_event")
    gateway.gone = set(names[:30])
    before = connections.count(time.time())
    pushing.push("crowd", "analytics_event", {})
    assert sorted(name for name, _ in gateway.got) == sorted(names[30:])
    assert listed("crowd") == set(names[30:])
    assert connections.count(time.time()) == before - 30


def test_a_batch_is_told_to_those_who_asked_on_that_site_alone(gateway):
    join("one", "events", "analytics_event")
    join("one", "figures", "realtime_metrics")
    join("two", "other", "analytics_event", "realtime_metrics")
    Announcer().announce([view("one"), view("one", 1)])
    assert gateway.got == [("events", "analytics_event")] * 2 + [("figures", "realtime_metrics")]


def test_who_subscribes_between_two_batches_hears_of_the_second(gateway):
    announcer = Announcer()
    announcer.announce([view("late")])
    join("late", "first", "analytics_event")
    announcer.announce([view("late")])
    join("late", "second", "analytics_event")
    announcer.announce([view("late")])
    assert [name for name, _ in gateway.got] == ["first", "first", "second"]


def test_figures_go_out_once_a_second_and_the_last_batch_has_its_turn(gateway):
    join("paced", "a", "realtime_metrics")
    now, slept = [time.time()], []

    def sleep(seconds):
        slept.append(seconds)
        now[0] += seconds

    announcer = Announcer(clock=lambda: now[0], sleep=sleep)
    for _ in range(3):
        announcer.announce([view("paced")])
    assert len(gateway.got) == 3
    assert [round(seconds, 1) for seconds in slept] == [1.0, 1.0]


def test_one_turn_is_taken_by_one(gateway):
    assert pacing.last_turn("turn") == 0
    assert pacing.take_turn("turn", 0, 5000)
    assert not pacing.take_turn("turn", 0, 5001)
    assert pacing.take_turn("turn", 5000, 6000)
    assert not pacing.take_turn("turn", 5000, 6000)


def test_a_revoked_key_and_an_expired_token_hear_nothing(gateway):
    hashed = registry.key_hash("sgr_one")
    registry.project_key(hashed, registry.KeyRecord("k", "held", "read"))
    join("held", "good", "analytics_event", key=hashed)
    join("held", "revoked", "analytics_event", key=registry.key_hash("sgr_gone"))
    join("held", "expired", "analytics_event", until=int(time.time()) - 1)
    Announcer().announce([view("held")])
    assert gateway.got == [("good", "analytics_event")]


def test_a_gateway_or_store_that_is_away_fails_no_batch(gateway, monkeypatch):
    join("away", "a", "analytics_event")
    gateway.away = True
    Announcer().announce([view("away")])
    assert listed("away") == {"a"}, "not gone: only not reached"
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    Announcer().announce([view("away")])


def test_nobody_listens_and_nothing_but_the_short_list_is_read(gateway, monkeypatch):
    asked = []
    monkeypatch.setattr(connections, "watched", lambda now: asked.append(now) or {})
    announcer = Announcer()
    announcer.announce([])
    assert asked == []
    announcer.announce([view("quiet"), view("quieter")])
    assert len(asked) == 1
    assert gateway.got == []
