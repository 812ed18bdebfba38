"""An AWS and a Postgres with a site, its keys, and the clock of the functions about sessions."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from streamgauge.access import registry, sites
from streamgauge.access.registry import KeyRecord
from streamgauge.clock import MICROSECONDS
from streamgauge.events.models import StampedEvent, decode

from functions.api import session_history, sessions
from tests.support.aws import ENVIRONMENT, Aws
from tests.support.container import forget
from tests.support.requests import ORIGIN_SECRET, key, request
from tests.support.warehouse import store_stamped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

A = "/api/v1/analytics"
NOON = 1_780_000_000.0


@dataclass
class Clock:
    """What the functions take for now, in seconds."""

    now: float = NOON

    def time_ns(self) -> int:
        return round(self.now * 1_000_000) * 1000

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)


@dataclass
class Server:
    """A media server that calls, and whoever looks."""

    aws: Aws
    clock: Clock
    connection: psycopg.Connection[Any]
    stored: set[str] = field(default_factory=set)

    def call(self, method: str, path: str, body: object = None, *, as_key: str = "s", **rest: Any) -> tuple[int, Any]:
        headers = {"authorization": f"Bearer {as_key}", **rest.pop("headers", {})}
        event = request(method, f"{A}/{path}", body=body, headers=headers, **rest)
        answer = sessions.handler(event, None)
        return answer["statusCode"], json.loads(answer["body"]) if answer.get("body") else None

    def start(self, **said: Any) -> tuple[int, Any]:
        given = {"user_id": "anna", "content_id": "film", "content_type": "movie", "device_id": "tv"} | said
        as_key = given.pop("as_key", "s")
        return self.call("POST", "sessions", given, as_key=as_key)

    def after(self, seconds: float) -> Server:
        self.clock.now += seconds
        return self

    def active(self) -> list[dict[str, Any]]:
        answer = sessions.handler(request("GET", f"{A}/sessions/active", caller=key("blog", "read")), None)
        assert answer["statusCode"] == 200
        return json.loads(answer["body"])["results"]

    def read(self, path: str, query: str = "") -> Any:
        event = request("GET", f"{A}/{path}", caller=key("blog", "read"), query=query)
        answer = session_history.handler(event, None)
        assert answer["statusCode"] == 200, answer
        return json.loads(answer["body"])

    def events(self) -> list[StampedEvent]:
        """Return what stands on the stream."""
        return [decode(record) for record in self.aws.on_stream()]

    def settle(self) -> None:
        """Let the warehouse take the stream."""
        store_stamped(self.connection, self.events(), now=self.clock.time_ns() // 1000)


@pytest.fixture
def server(moto: Aws, new_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Return a media server whose site is `blog`."""
    url = new_database()
    environment = {"AWS_ENDPOINT_URL": moto.url, "ORIGIN_SECRET": ORIGIN_SECRET, "DATABASE_URL": url}
    for name, value in {**ENVIRONMENT, **environment}.items():
        monkeypatch.setenv(name, value)
    forget()
    moto.reset()
    clock = Clock()
    monkeypatch.setattr(sessions, "time", clock)
    monkeypatch.setattr(session_history, "time", clock)
    with psycopg.connect(url, autocommit=True) as connection:
        sites.create_site(connection, "blog", sites.SiteChange(name="Blog", timezone="Europe/Berlin"))
        site = registry.find_site("blog")
        if site is None:
            row = connection.execute("SELECT site_no FROM sites").fetchone()
            assert row
            site = registry.SiteRecord("blog", row[0], "Blog", "Europe/Berlin", (), {}, b"secret")
            registry.project_site(site)
        for raw, of_site, scope in (
            ("w", "blog", "write"),
            ("s", "blog", "server"),
            ("all", "*", "server"),
            ("r", "blog", "read"),
        ):
            registry.project_key(registry.key_hash(raw), KeyRecord(f"key_{raw}", of_site, scope))
        forget()
        yield Server(moto, clock, connection)
    forget()


def microseconds(seconds: float) -> int:
    return round(seconds * MICROSECONDS)
