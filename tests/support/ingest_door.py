# ruff: noqa: ARG002 - fakes take what the real ones take
"""Ingest without a network: a site, its keys and salts, and lists in place of the stream, the spill and the dead letters."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from streamgauge.access import registry
from streamgauge.access.registry import KeyRecord, SiteRecord
from streamgauge.events.models import StampedEvent, decode
from streamgauge.ingestion import catalogue, visitors
from streamgauge.ingestion.dialects import PREFIXES
from streamgauge.ingestion.pipeline import Pipeline
from streamgauge.settings import settings
from streamgauge.store import archive, dead_letters, dynamo, kinesis
from streamgauge.store.errors import StoreAwayError

from functions.api import ingest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    import pytest
    from streamgauge.store.dead_letters import DeadLetter
    from streamgauge.store.kinesis import Record

NOW = 1_780_000_000_000_000
"""2026-05-28T20:26:40Z, in microseconds."""

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
)
KEYS = {
    "w": KeyRecord("key_w", "blog", "write"),
    "s": KeyRecord("key_s", "blog", "server"),
    "r": KeyRecord("key_r", "blog", "read"),
    "a": KeyRecord("key_a", "blog", "admin"),
    "all": KeyRecord("key_all", "*", "server"),
    "gone": KeyRecord("key_gone", "gone", "write"),
}


class Door:
    """The handler of ingest between fakes. `refuse` gives the stream's error code for a record, None to take it."""

    def __init__(self) -> None:
        self.now = NOW
        self.sites = {
            "blog": SiteRecord("blog", 1, "Blog", "Europe/Berlin", ("example.org",), {}, b"secret"),
            "shop": SiteRecord("shop", 2, "Shop", "UTC", (), {"catalog_strict": True}, b"other"),
        }
        self.records: list[Record] = []
        self.letters: list[DeadLetter] = []
        self.spilled: dict[str, bytes] = {}
        self.catalogue: set[tuple[str, str]] = set()
        self.refuse: Any = lambda _record: None
        self.spill_away = False
        self.pipeline = Pipeline()
        self.lost_salts: set[date] = set()

    def install(self, monkeypatch: pytest.MonkeyPatch, **environment: str) -> None:
        """Stand in for all stores."""
        monkeypatch.setenv("STREAM_NAME", "events")
        monkeypatch.setenv("ARCHIVE_BUCKET", "archive")
        monkeypatch.setenv("REGISTRY_TABLE", "registry")
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()
        ingest.origin_secret.cache_clear()
        catalogue.forget()
        monkeypatch.setattr(registry, "find_key", KEYS.get)
        monkeypatch.setattr(registry, "find_site", self.sites.get)
        of_domains = {domain: site.site_id for site in self.sites.values() for domain in site.domains}
        monkeypatch.setattr(registry, "find_domain", of_domains.get)
        monkeypatch.setattr(visitors, "salt", self._salt)
        monkeypatch.setattr(kinesis, "put_records", self._put)
        monkeypatch.setattr(archive, "put", self._spill)
        monkeypatch.setattr(dead_letters, "record", self.letters.extend)
        monkeypatch.setattr(dynamo, "get_item", self._item)

    def send(
        self,
        body: object = None,
        *,
        path: str = "/api/events",
        key: str | None = "w",
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        method: str = "POST",
        encoded: bool = False,
        address: str = "203.0.113.7",
    ) -> Reply:
        """Send a request; bytes and texts go as they are, anything else as JSON."""
        text = body.decode("utf-8", "surrogateescape") if isinstance(body, bytes) else body
        if text is not None and not isinstance(text, str):
            text = json.dumps(text)
        given = {"user-agent": CHROME, "content-type": "application/json", **(headers or {})}
        if key is not None:
            given["authorization"] = f"Bearer {key}"
        event: dict[str, Any] = {
            "version": "2.0",
            "rawPath": path,
            "headers": given,
            "requestContext": {"http": {"method": method, "path": path, "sourceIp": address}},
            "isBase64Encoded": encoded,
        }
        if text is not None:
            event["body"] = text
        if query:
            event["queryStringParameters"] = dict(query)
        for prefix in PREFIXES:
            if path.startswith(prefix):
                event["pathParameters"] = {"videoId": path.removeprefix(prefix).rstrip("/")}
        return Reply(ingest.respond(event, self.pipeline, self.now))

    @property
    def events(self) -> list[StampedEvent]:
        """Return what is on the stream."""
        return [decode(data) for _, data in self.records]

    def _salt(self, site: SiteRecord, day: date, now: int) -> bytes | None:
        return None if day in self.lost_salts else f"{site.site_id} {day}".encode()

    def _put(self, stream: str, records: Sequence[Record], *, attempts: int = 4) -> list[str | None]:
        codes = [self.refuse(record) for record in records]
        self.records += [record for record, code in zip(records, codes, strict=True) if code is None]
        return codes

    def _spill(self, bucket: str, key: str, body: bytes, content_type: str = "", *, attempts: int = 4) -> None:
        if self.spill_away:
            raise StoreAwayError("A store is away at the moment; please try again.")
        self.spilled[key] = body

    def _item(self, table: str, key: Mapping[str, str], *, consistent: bool = False) -> dict[str, str] | None:
        return dict(key) if (key["pk"], key["sk"]) in self.catalogue else None


class Reply:
    """An answer of the handler."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.status: int = answer["statusCode"]
        self.headers: dict[str, str] = answer["headers"]
        self.text: str = answer.get("body", "")

    @property
    def json(self) -> Any:
        """Return the decoded body."""
        return json.loads(self.text)
