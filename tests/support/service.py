# ruff: noqa: ARG002 - stand-ins take what the real ones take
"""The whole service in one process: the real functions between a real Postgres and stores in memory, under a clock of its own.

What is sent goes through `ingest` onto a list, `flow` hands the list to both consumers as an event source mapping would, and
reports are asked of the function that the catalog names for their path.
"""

from __future__ import annotations

import json
import re
import time
from base64 import b64encode
from importlib import import_module
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import httpx
from streamgauge.ingestion import visitors
from streamgauge.ingestion.pipeline import Pipeline
from streamgauge.live.realtime import RecentEvents
from streamgauge.places.lookup import NOWHERE, Place
from streamgauge.store import archive, dead_letters, dynamo, kinesis
from streamgauge.warehouse import consumer as warehouse_consumer
from streamgauge.warehouse.consumer import Consumer
from streamgauge.warehouse.directory import Directory

from functions.api import admin, authorizer, ingest
from functions.consumers import live, warehouse
from infra.catalog import CATALOG
from tests.support.aws import ENVIRONMENT
from tests.support.container import forget
from tests.support.fake_dynamo import FakeDynamo
from tests.support.requests import ORIGIN_SECRET, key, request

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pytest
    from streamgauge.store.dead_letters import DeadLetter
    from streamgauge.store.kinesis import Record

TABLES = (
    "REGISTRY_TABLE",
    "STATUS_TABLE",
    "DEAD_LETTERS_TABLE",
    "COUNTERS_TABLE",
    "LIVE_TABLE",
    "SESSIONS_TABLE",
    "OUTBOX_TABLE",
    "SOCKETS_TABLE",
)
PLACES = {
    "81.2.69.142": Place("GB", "England", "London"),
    "89.160.20.112": Place("SE", "Östergötland County", "Linköping"),
    "216.160.83.56": Place("US", "Washington", "Milton"),
}
"""Where addresses are; everything else is nowhere."""

NOTHING = '{"type": "about:blank", "title": "Not found", "status": 404, "detail": "There is nothing at this path."}'
"""What is answered where there is no route."""


class Clock:
    """Stands in for the module `time` where a function asks what time it is; `now` in microseconds."""

    now = 0

    monotonic = staticmethod(time.monotonic)
    sleep = staticmethod(time.sleep)

    def time(self) -> float:
        return self.now / 1e6

    def time_ns(self) -> int:
        return self.now * 1000


class MemoryDynamo(FakeDynamo):
    """More of the store: partitions are read whole, and counters of progress are of no interest."""

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().install(monkeypatch)
        for name in ("query_all", "update_item", "delete_item", "batch_get"):
            monkeypatch.setattr(dynamo, name, getattr(self, name))

    def query_all(self, table: str, key_condition: str, *, values: Mapping[str, Any], **rest: Any) -> list[Any]:
        pk, since = (*values.values(), "")[:2]
        return [item for (one, sk), item in sorted(self.items.items()) if one == pk and sk >= since]

    def batch_get(self, table: str, keys: Sequence[Mapping[str, Any]], **rest: Any) -> list[Any]:
        found = (self.get_item(table, key) for key in keys)
        return [item for item in found if item is not None]

    def delete_item(self, table: str, key: Mapping[str, Any], **rest: Any) -> bool:
        return super().delete_item(table, key)

    def update_item(self, table: str, key: Mapping[str, Any], update: str, **rest: Any) -> bool:
        return True


class Answer:
    """What a function answered."""

    def __init__(self, answer: Mapping[str, Any]) -> None:
        self.status: int = answer["statusCode"]
        self.headers = {name.lower(): value for name, value in (answer.get("headers") or {}).items()}
        self.text: str = answer.get("body") or ""

    @property
    def json(self) -> Any:
        """Return the decoded body."""
        return json.loads(self.text)


class Service:
    """One stage. Requests to `ingest` are received, and reports asked, at `clock.now`."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.dynamo = MemoryDynamo()
        self.stream: list[Record] = []
        self.letters: list[DeadLetter] = []
        self.pipeline = Pipeline()
        self.routes = [
            (
                re.compile(re.sub(r"\{\w+(\+?)\}", lambda found: "(.+)" if found[1] else "([^/]+)", route.path)),
                route.method,
                function.handler.removesuffix(".handler"),
                re.findall(r"\{(\w+)\+?\}", route.path),
            )
            for function in CATALOG
            for route in function.routes
        ]
        self._sequence = 0

    def install(self, monkeypatch: pytest.MonkeyPatch, database_url: str, aws_url: str = "") -> None:
        """Stand in for AWS and the clock, until `monkeypatch` is undone; with `aws_url`, for the stream alone."""
        environment = {name: name.lower() for name in TABLES} | {
            "DATABASE_URL": database_url,
            "ORIGIN_SECRET": ORIGIN_SECRET,
            "STREAM_NAME": "events",
            "ARCHIVE_BUCKET": "archive",
            # A test sends in a moment what comes in hours.
            "ANALYTICS_RATE_LIMIT_PER_IP": "1000000",
            "ANALYTICS_RATE_LIMIT_PER_KEY": "1000000",
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        if aws_url:
            for name, value in {**ENVIRONMENT, "AWS_ENDPOINT_URL": aws_url}.items():
                monkeypatch.setenv(name, value)
        forget()
        monkeypatch.setattr(kinesis, "put_records", self._put)
        if not aws_url:
            self.dynamo.install(monkeypatch)
            monkeypatch.setattr(dead_letters, "record", self.letters.extend)
            monkeypatch.setattr(archive, "put", self._no_spill)
        monkeypatch.setattr(visitors, "place_of", lambda address: PLACES.get(address, NOWHERE))
        consumer = Consumer(Directory())
        monkeypatch.setattr(warehouse, "_consumer", lambda: consumer)
        for module in (warehouse_consumer, live):
            monkeypatch.setattr(module, "time", self.clock)
        for name in dict.fromkeys(module for _, method, module, _ in self.routes if method == "GET"):
            module = import_module(name)
            if hasattr(module, "time") and name != "functions.api.admin":
                monkeypatch.setattr(module, "time", self.clock)
            if hasattr(module, "_recent"):
                monkeypatch.setattr(module, "_recent", RecentEvents)

    def add_site(self, site_id: str, zone: str, domains: Sequence[str] = ()) -> dict[str, str]:
        """Make a site through the API and return its keys by scope."""
        body = {"name": site_id, "site_id": site_id, "timezone": zone, "domains": list(domains)}
        made = Answer(admin.handler(request("POST", "/api/v1/sites", caller=key("*", "admin"), body=body), None))
        assert made.status == 201, made.text
        keys: dict[str, str] = made.json["keys"]
        return keys

    def send(
        self,
        body: object,
        *,
        write_key: str,
        address: str = "203.0.113.7",
        agent: str = "",
        path: str = "/api/events",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request to `ingest`; its body is text, or written as JSON."""
        given = {
            "authorization": f"Bearer {write_key}",
            "user-agent": agent,
            "content-type": "application/json",
            "x-viewer-ip": address,
            **(headers or {}),
        }
        event = request("POST", path, body=body, headers=given)
        return Answer(ingest.respond(event, self.pipeline, self.clock.now))

    def flow(self, batch: int = 1000) -> None:
        """Hand what is on the stream to both consumers, in batches, as it came."""
        taken, self.stream = self.stream, []
        for start in range(0, len(taken), batch):
            event = {"Records": [self._kinesis(data) for _, data in taken[start : start + batch]]}
            warehouse.handler(event, SimpleNamespace(get_remaining_time_in_millis=lambda: 300_000))
            live.handler(event, None)

    def http(self, web_request: httpx.Request) -> httpx.Response:
        """Answer a client's whole HTTP request, as the transport of its `httpx.Client` does; keys are those of the registry."""
        headers = dict(web_request.headers)
        if web_request.method == "POST":
            event = request("POST", web_request.url.path, headers=headers)
            event |= {"body": b64encode(web_request.content).decode(), "isBase64Encoded": True}
            answer = Answer(ingest.respond(event, self.pipeline, self.clock.now))
        else:
            path, query = web_request.url.path, web_request.url.query.decode()
            known = authorizer.handler({"headers": headers}, None)["context"]
            event = request(web_request.method, path, caller=known, query=query, headers=headers)
            if web_request.content:
                event |= {"body": b64encode(web_request.content).decode(), "isBase64Encoded": True}
            answer = Answer(import_module(self.function_of(web_request.method, path)).handler(event, None))
        return httpx.Response(answer.status, headers=answer.headers, text=answer.text)

    def get(
        self, path: str, query: str = "", *, site: str, accept: str = "application/json", scope: str = "read"
    ) -> Answer:
        """Ask the function that serves a path, as a holder of a key of the site."""
        event = request("GET", path, caller=key(site, scope), query=query, headers={"accept": accept})
        return Answer(import_module(self.function_of("GET", path)).handler(event, None))

    def route(self, event: dict[str, Any]) -> Answer:
        """Give a request of the HTTP API to the function of its route, else to the one that answers for the rest."""
        path, method = event["rawPath"], event["requestContext"]["http"]["method"]
        for form, kind, module, names in self.routes:
            found = form.fullmatch(path)
            if kind == method and found:
                event["pathParameters"] = dict(zip(names, found.groups(), strict=True))
                if module == "functions.api.ingest":
                    return Answer(ingest.respond(event, self.pipeline, self.clock.now))
                return Answer(import_module(module).handler(event, None))
        return Answer({"statusCode": 404, "headers": {"content-type": "application/problem+json"}, "body": NOTHING})

    def function_of(self, method: str, path: str) -> str:
        """Return the module that serves a path."""
        return next(module for form, kind, module, _ in self.routes if kind == method and form.fullmatch(path))

    def _put(self, stream: str, records: Sequence[Record], *, attempts: int = 4) -> list[str | None]:
        self.stream += records
        return [None] * len(records)

    def _no_spill(self, *arguments: object, **named: object) -> None:
        raise AssertionError("nothing is spilled here: the stream takes all")

    def _kinesis(self, data: bytes) -> dict[str, Any]:
        self._sequence += 1
        sequence = f"{self._sequence:056d}"
        return {
            "eventID": f"shardId-000000000000:{sequence}",
            "kinesis": {
                "sequenceNumber": sequence,
                "approximateArrivalTimestamp": self.clock.now / 1e6,
                "data": b64encode(data).decode(),
            },
        }
