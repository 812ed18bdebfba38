"""Umami's and Plausible's trackers: what they need back, and the events that they meant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from streamgauge.access import registry
from streamgauge.access.registry import SiteRecord

from tests.unit.ingestion.dialects.recordings import RECORDED_AT, needs_recordings, replay, requests_of

if TYPE_CHECKING:
    from tests.support.ingest_door import Door

WEBSITE = "e676c9b4-11e4-4ef1-a4d7-87001773e9f2"


@pytest.fixture(autouse=True)
def named(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the site the names of the recordings."""
    door.sites[WEBSITE] = SiteRecord(WEBSITE, 3, "Film", "UTC", (), {}, b"third")
    monkeypatch.setattr(registry, "find_domain", {"example.com": "blog"}.get)
    door.now = RECORDED_AT


@needs_recordings
@pytest.mark.parametrize(
    ("client", "meant"),
    [
        ("plausible-tracker-0.3.9", ["page_view", "Video Start", "page_view"]),
        ("browser.plausible-tracker-0.3.9", ["page_view", "Video Start", "page_view"]),
        (
            "browser.plausible-analytics-tracker-0.4.6",
            ["page_view", "Video Start", "engagement", "page_view", "engagement"],
        ),
        ("plausible-analytics-tracker-0.4.6", None),
        ("umami-analytics-py-1.0.0", ["Video Start", "page_view"]),
        ("umami-node-0.4.0", ["page_view", "Video Start", "Video Complete", "identify"]),
    ],
)
def test_each_recording_gets_what_its_client_needs(client: str, meant: list[str] | None, door: Door) -> None:
    recorded = requests_of(client)
    for one in recorded:
        reply = replay(door, one)
        assert (reply.status, reply.headers["access-control-allow-origin"]) == (one["response_status"], "*"), reply.text
        if one["path"] == "/api/send":
            assert reply.json == {"success": True}
        else:
            assert reply.text == "ok"
    got = [event.name or event.kind for event in door.events]
    assert len(got) == len(recorded)
    assert meant is None or got == meant
    assert {event.site for event in door.events} == {WEBSITE if "umami" in client else "blog"}
    for event in door.events:
        if event.name == "Video Start":
            assert (event.properties or {})["video_id"] == "v-9"


def test_a_path_of_umami_gets_its_host(door: Door) -> None:
    payload = {"website": "blog", "url": "/a?x=1", "hostname": "example.org", "screen": "800x600", "language": "de"}
    assert door.send({"type": "event", "payload": payload}, path="/api/send", key="None").status == 200
    page = door.events[0].page
    assert page is not None
    assert (page.url, page.path) == ("https://example.org/a?x=1", "/a")


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/send", {"type": "event", "payload": {"website": "nobody", "url": "/"}}, 401),
        ("/api/send", {"type": "event", "payload": "x"}, 401),
        ("/api/send", {"type": "x", "payload": {"website": "blog"}}, 422),
        ("/api/send", {"type": "event", "payload": {"website": "blog"}}, 422),
        ("/api/event", {"n": "pageview", "d": "nobody.example", "u": "/"}, 401),
        ("/api/event", {"n": "pageview", "d": "example.com"}, 422),
        ("/api/event", {"d": "example.com", "u": "/"}, 422),
        ("/api/event", "{", 401),
    ],
)
def test_what_is_not_taken(door: Door, path: str, body: Any, status: int) -> None:
    assert door.send(body, path=path, key=None).status == status
    assert door.events == []


def test_the_long_names_of_plausible(door: Door) -> None:
    body = {"name": "Signup", "domain": "EXAMPLE.com", "url": "https://example.com/a", "props": {"plan": "pro"}}
    assert door.send(body, path="/api/event", key=None).status == 202
    assert (door.events[0].name, door.events[0].properties) == ("Signup", {"plan": "pro"})


def test_engagement_is_seconds_on_the_page(door: Door) -> None:
    body = {"n": "engagement", "d": "example.com", "u": "https://example.com/a", "e": 4012, "sd": 80}
    assert door.send(body, path="/api/event", key=None).status == 202
    assert door.events[0].kind == "identify"
    assert door.events[0].properties == {"engaged_seconds": 4.012, "scroll_depth": 80}
