"""Umami's and Plausible's trackers: what they need back, and the events that they meant."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from streamgauge.access import registry
from streamgauge.access.registry import SiteRecord

from tests.unit.ingestion.dialects.recordings import RECORDED_AT, needs_recordings, replay, requests_of

if TYPE_CHECKING:
    from streamgauge.events.models import StampedEvent

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


@pytest.mark.parametrize("domain", ["www.example.com", "example.com", "WWW.Example.com, other.org"])
def test_www_makes_no_difference_to_a_domain(door: Door, domain: str) -> None:
    assert door.send({"n": "pageview", "d": domain, "u": "/"}, path="/api/event", key=None).status == 202


def test_a_domain_with_www_answers_to_its_bare_name(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "find_domain", {"www.example.com": "blog"}.get)
    assert door.send({"n": "pageview", "d": "example.com", "u": "/"}, path="/api/event", key=None).status == 202


def test_revenue_and_pages_behind_a_hash_of_plausible(door: Door) -> None:
    body = {
        "n": "Buy",
        "d": "example.com",
        "u": "https://example.com/#/shop",
        "h": 1,
        "$": {"amount": 9.5, "currency": "EUR"},
    }
    assert door.send(body, path="/api/event", key=None).status == 202
    assert door.events[0].properties == {"revenue_amount": 9.5, "revenue_currency": "EUR"}
    page = door.events[0].page
    assert page is not None
    assert page.path == "/%23/shop"


def test_the_older_tracker_of_plausible_writes_objects_as_texts(door: Door) -> None:
    body = {"n": "Buy", "d": "example.com", "u": "https://example.com/", "m": '{"plan": "pro"}'}
    worth = '{"currency": "EUR", "amount": "9.50"}'
    assert door.send(json.dumps(body | {"$": worth}), path="/api/event", key=None).status == 202
    assert door.events[0].properties == {"plan": "pro", "revenue_amount": "9.50", "revenue_currency": "EUR"}
    assert door.send(body | {"$": "{", "p": "7"}, path="/api/event", key=None).status == 202


def test_half_a_character_at_the_end_of_a_title(door: Door) -> None:
    body = r'{"type":"event","payload":{"website":"blog","url":"/","title":"So \ud83d"}}'
    assert door.send(body, path="/api/send", key=None).status == 200
    page = door.events[0].page
    assert page is not None
    assert page.title == "So \ufffd"


def umami(door: Door, kind: str = "event", **payload: Any) -> StampedEvent:
    body = {"type": kind, "payload": {"website": "blog", "hostname": "example.org", "url": "/a", **payload}}
    assert door.send(body, path="/api/send", key=None).status == 200
    return door.events[-1]


def test_what_older_trackers_of_umami_encode_twice(door: Door) -> None:
    page = umami(door, title="Caf%C3%A9%20%26%20more", url="/caf%25C3%25A9?a=100%25").page
    assert page is not None
    assert (page.title, page.path) == ("Café & more", "/caf%C3%A9")
    page = umami(door, title="100 %41").page
    assert page is not None
    assert page.title == "100 %41"


def test_who_and_when_of_umami(door: Door) -> None:
    then = door.now // 1_000_000 - 60
    event = umami(door, id="u", vid="v-1", timestamp=then)
    assert (event.user_id, event.anonymous_id, event.time) == ("u", "v-1", then * 1_000_000)
    event = umami(door, "engagement", engagement=4000)
    assert (event.kind, event.name, event.properties) == ("identify", "engagement", {"engagement": 4000})


def test_a_batch_of_umami_gets_its_account(door: Door) -> None:
    good, bad = ({"type": kind, "payload": {"website": "blog", "url": "/a"}} for kind in ("event", "x"))
    reply = door.send([good, bad], path="/api/batch", key=None)
    assert (reply.status, reply.json["size"], reply.json["processed"], reply.json["errors"]) == (200, 2, 1, 1)
    assert reply.json["details"][0]["index"] == 1
    reply = door.send([1, good], path="/api/batch", key="w")
    assert (reply.status, reply.json["processed"], reply.json["errors"]) == (200, 1, 1)
    assert door.send("[1", path="/api/batch", key="w").status == 400
    assert door.send([], path="/api/batch", key="w").status == 422
    assert door.send("[]", path="/api/batch", key=None).status == 401
