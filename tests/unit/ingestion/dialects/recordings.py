"""Recorded requests of real clients, sent to ingest."""

from __future__ import annotations

import gzip
import json
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from streamgauge.access import registry
from streamgauge.access.registry import KeyRecord

if TYPE_CHECKING:
    from tests.support.ingest_door import Door, Reply

FOLDER = Path(__file__).parents[5] / "shared" / "data" / "client-recordings"
RECORDED_AT = 1_795_173_500_000_000
"""2026-11-20T11:18:20Z: after the last of them."""

needs_recordings = pytest.mark.skipif(
    not FOLDER.exists(), reason="the recordings of clients are not beside the checkout"
)


def let_in(door: Door, monkeypatch: pytest.MonkeyPatch, scope: str = "write") -> None:
    """Make the keys of the recordings those of the site `blog`."""
    key = KeyRecord("key_rec", "blog", scope)  # type: ignore[arg-type]
    monkeypatch.setattr(registry, "find_key", {"WRITE_KEY_abc": key, "wk": key, "phc_WRITEKEY": key}.get)
    door.now = RECORDED_AT


def requests_of(client: str) -> list[dict[str, Any]]:
    """Return a client's requests."""
    found: list[dict[str, Any]] = json.loads((FOLDER / f"{client}.json").read_text())["requests"]
    return found


def replay(door: Door, recorded: dict[str, Any]) -> Reply:
    """Send a recorded request as the gateway hands it on."""
    address = urlsplit(recorded["path"])
    headers = {name.lower(): value for name, value in recorded["headers"]}
    body = json.dumps(recorded["body_json"]).encode() if "body_json" in recorded else recorded["body_text"].encode()
    if recorded["body_is_gzip"]:
        body = gzip.compress(body)
    return door.send(
        b64encode(body).decode(),
        encoded=True,
        path=address.path,
        key=None,
        method=recorded["method"],
        headers=headers,
        query=dict(parse_qsl(address.query)),
    )
