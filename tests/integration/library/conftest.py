"""A media server before the whole service: its owner, who tells the catalogue, its sessions, and who reads the figures."""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.aws import serving
from tests.support.container import forget
from tests.support.requests import key, request
from tests.support.service import Answer, Service

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

A = "/api/v1/analytics"
# A Thursday, 22:40 in Berlin.
NOW = 1_780_000_800.0
HOUR = 3600.0
DAY = 24 * HOUR


def at(seconds: float) -> str:
    """Return a time so many seconds before now."""
    return datetime.fromtimestamp(NOW - seconds, UTC).isoformat()


@dataclass
class Media:
    """A site of its own in a service that others use too."""

    service: Service
    site: str
    keys: dict[str, str]
    service_url: str
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def watched(
        self, ago: float, seconds: float, *, user: str = "anna", item: str = "film", lasts: float = 0, **said: Any
    ) -> None:
        """Tell a session of the past: it began so many seconds ago, and so many were played."""
        told = {
            "id": f"{self.site}-{next(self.numbers)}",
            "user_id": user,
            "content_id": item,
            "content_type": "movie",
            "started_at": at(ago),
            "duration_seconds": seconds,
            "ended_at": at(ago - max(lasts, seconds)),
            "historical": True,
        }
        answer = self.call("POST", f"{A}/sessions", told | said)
        assert answer.status in (200, 201), answer.text

    def call(self, method: str, path: str, body: object, *, as_key: str = "server", query: str = "") -> Answer:
        headers = {"authorization": f"Bearer {self.keys[as_key]}"}
        scope = as_key if as_key in {"read", "admin"} else "write"
        event = request(method, path, body=body, headers=headers, caller=key(self.site, scope), query=query)
        return self.service.route(event)

    def catalogue(self, *items: dict[str, Any]) -> Answer:
        return self.call("PUT", "/api/v1/catalog/items", {"items": list(items)}, as_key="admin")

    def read(self, path: str, query: str = "") -> Any:
        """Return a report as of all that was told, by-passing caches."""
        self.service.flow()
        answer = self.ask(path, query, **{"cache-control": "no-cache"})
        assert answer.status == 200, answer.text
        return answer.json

    def ask(self, path: str, query: str = "", **headers: str) -> Answer:
        return self.service.route(
            request("GET", f"{A}/{path}", caller=key(self.site, "read"), query=query, headers=headers)
        )


@pytest.fixture(scope="module")
def service(new_database: Callable[[], str]) -> Iterator[Service]:
    made = Service()
    with pytest.MonkeyPatch.context() as patch, serving() as aws:
        aws.reset()
        made.install(patch, new_database(), aws.url)
        made.clock.now = round(NOW * 1e6)
        yield made
        forget()


_sites = itertools.count(1)


@pytest.fixture
def media(service: Service) -> Media:
    service.clock.now = round(NOW * 1e6)
    site = f"media{next(_sites)}"
    return Media(service, site, service.add_site(site, "Europe/Berlin"), os.environ["DATABASE_URL"])
