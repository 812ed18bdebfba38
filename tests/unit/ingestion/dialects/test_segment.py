"""Segment's and RudderStack's clients: what they need back, and the events that they meant."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.ingest_door import CHROME
from tests.unit.ingestion.dialects.calls import send
from tests.unit.ingestion.dialects.recordings import FOLDER, let_in, needs_recordings, replay, requests_of

if TYPE_CHECKING:
    from tests.support.ingest_door import Door

CLIENTS = (
    sorted(
        path.name.removesuffix(".json")
        for pattern in ("*segment*", "*rudder*", "analytics-node*")
        for path in FOLDER.glob(f"{pattern}.json")
    )
    if FOLDER.exists()
    else []
)
CALLS = FOLDER.parent / "video-events" / "segment_video_spec_calls.json"


def meant(recorded: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the calls of a recording by their id: a repeated batch brings the same ones."""
    bodies = [one["body_json"] for one in recorded if one["method"] == "POST"]
    return {call["messageId"]: call for body in bodies for call in body.get("batch", [body])}


@needs_recordings
@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("scope", ["write", "server"])
def test_each_recording_gets_what_its_client_needs(
    client: str, scope: str, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_in(door, monkeypatch, scope)
    recorded = requests_of(client)
    for one in recorded:
        reply = replay(door, one)
        assert reply.status == (204 if one["method"] == "OPTIONS" else 200), reply.text
        assert reply.headers["access-control-allow-origin"] == "*"
        wanted = dict(one["headers"]).get("Access-Control-Request-Headers", "")
        if one["method"] == "OPTIONS":
            allowed = reply.headers["access-control-allow-headers"].split(", ")
            assert set(filter(None, wanted.split(","))) <= set(allowed)
        elif one["method"] == "POST":
            assert reply.json == {"success": True}
    calls = meant(recorded)
    late = {number for number, call in calls.items() if call.get("timestamp", "").startswith("2024")}
    assert {event.id for event in door.events} == set(calls) - late
    assert {(letter.event_id, letter.reason) for letter in door.letters} == {(number, "too_late") for number in late}
    kinds = {
        "page": "page_view",
        "screen": "page_view",
        "identify": "identify",
        "group": "identify",
        "alias": "identify",
    }
    for event in door.events:
        call = calls[event.id]
        assert event.user_id == (call.get("userId") or None)
        if call["type"] in kinds:
            assert event.kind == kinds[call["type"]]


@needs_recordings
def test_settings_name_the_key(door: Door) -> None:
    assert (
        door.send(path="/v1/projects/k/settings", method="GET", key=None).json["integrations"]["Segment.io"]["apiKey"]
        == "k"
    )
    source = door.send(path="/sourceConfig/", method="GET", key=None, query={"writeKey": "k"}).json["source"]
    assert source["enabled"] is True
    assert source["destinations"] == []


def test_a_track_call_is_a_custom_event_with_its_properties(door: Door) -> None:
    event = send(door, {"event": "page_view", "anonymousId": "a", "properties": {"plan": "pro"}}, "/v1/t")
    assert (event.kind, event.name, event.anonymous_id, event.properties) == (
        "custom",
        "page_view",
        "a",
        {"plan": "pro"},
    )


def test_a_page_call_is_a_page_view(door: Door) -> None:
    context = {
        "page": {"url": "https://example.org/a?x=1", "referrer": "https://www.google.com/", "title": "A"},
        "campaign": {"source": "news", "name": "may"},
        "locale": "de-CH",
        "screen": {"width": 800, "height": 600},
    }
    event = send(door, {"userId": None, "anonymousId": "a", "context": context}, "/v1/page")
    assert event.page is not None
    assert (event.kind, event.page.path, event.page.title) == ("page_view", "/a", "A")
    assert (event.acquisition.utm_source, event.acquisition.utm_campaign) == ("news", "may")
    assert (event.surroundings.language, event.surroundings.screen) == ("de-CH", "800x600")


def test_a_screen_has_its_name_for_a_path(door: Door) -> None:
    event = send(door, {"type": "screen", "name": "Main Menu", "userId": "u"})
    assert event.page is not None
    assert (event.page.path, event.page.title) == ("/Main%20Menu", "Main Menu")


def test_an_alias_joins_the_id_before(door: Door) -> None:
    event = send(door, {"type": "alias", "previousId": "anon-1", "userId": "u"})
    assert (event.kind, event.anonymous_id, event.user_id) == ("identify", "anon-1", "u")


@pytest.mark.parametrize(("key", "touches"), [("w", True), ("s", True)])
def test_an_address_counts_from_server_keys_alone(door: Door, key: str, touches: bool) -> None:
    call = {"type": "track", "event": "x", "userId": "u", "context": {"ip": "198.51.100.9", "userAgent": "curl/8"}}
    event = send(door, call, key=key)
    assert event.bot is (key == "s")
    assert event.touches_visit is touches


def test_an_unknown_key_is_turned_away(door: Door) -> None:
    assert door.send({"batch": [{"type": "track", "event": "x"}]}, path="/v1/batch", key="nobody").status == 401


@pytest.mark.skipif(not CALLS.exists(), reason="the calls of the video spec are not beside the checkout")
def test_the_calls_of_the_video_spec(door: Door) -> None:
    calls = json.loads(CALLS.read_text())["calls"]
    for call in calls:
        send(door, call, "/v1/track")
    assert [event.name or event.kind for event in door.events] == [
        *(
            "video_start",
            "video_pause",
            "video_error",
            "video_buffer",
            "video_resume",
            "seek",
            "seek",
            "video_resume",
        ),
        *("video_complete", "video_pause", "video_start", "video_progress", "video_complete"),
        *("Video Ad Started", "Video Ad Playing", "Video Ad Completed"),
    ]
    films = [event for event in door.events if event.video is not None]
    assert {(event.session_id, event.video.video_id) for event in films if event.video} == {("12345", "0129370")}
    ads = door.events[13:]
    assert not any(event.interactive for event in ads)
    started, ended = (event.video for event in door.events[5:7])
    assert started is not None
    assert ended is not None
    assert (started.seek_from, started.seek_to, ended.seek_from, ended.seek_to) == (278, 320, None, 320)
    first = door.events[0].video
    assert first is not None
    assert (first.position, first.duration, first.quality, first.bitrate) == (0, 392, "hd1080", 100)


@pytest.mark.parametrize(
    ("library", "agent", "told", "bot", "device"),
    [
        ("analytics-go", "Go-http-client/1.1", None, False, None),
        ("analytics-python", "python-requests/2.31", CHROME, False, "desktop"),
        ("analytics-python", "analytics-python/2.4.0", "Googlebot/2.1", True, None),
        ("analytics-kotlin", "okhttp/4.12", None, False, None),
        # A page speaks for itself, whatever its call says.
        ("analytics.js", "Googlebot/2.1", CHROME, True, None),
        (None, "python-requests/2.31", CHROME, True, None),
    ],
)
def test_the_agent_of_a_library_is_nobodys(
    door: Door, library: str | None, agent: str, told: str | None, bot: bool, device: str | None
) -> None:
    context = {"library": {"name": library}, "userAgent": told}
    call = {"type": "track", "event": "x", "userId": "u", "context": context}
    assert door.send({"batch": [call]}, path="/v1/batch", headers={"user-agent": agent}).status == 200
    event = door.events[0]
    assert (event.bot, event.surroundings.device, event.touches_visit) == (bot, device, True)
    # With a public key a back end is no visitor by its address; an app is.
    assert (event.hash is None) is (library in {"analytics-go", "analytics-python"})


def test_an_app_says_what_it_runs_on(door: Door) -> None:
    context = {"library": {"name": "analytics-ios"}, "device": {"type": "ios"}, "os": {"name": "iOS"}}
    event = send(door, {"type": "screen", "name": "Main", "anonymousId": "a", "context": context})
    assert (event.surroundings.device, event.surroundings.os, event.surroundings.browser) == ("mobile", "iOS", None)


def test_traits_stand_in_the_context_of_rudderstacks_calls(door: Door) -> None:
    call = {
        "type": "identify",
        "userId": "u",
        "traits": {"plan": "pro"},
        "context": {"traits": {"plan": "x", "age": 7}},
    }
    assert send(door, call).properties == {"plan": "pro", "age": 7}


def test_rudderstacks_apps_show_their_key_as_a_user_name(door: Door) -> None:
    headers = {"authorization": "Basic " + b64encode(b"w:").decode()}
    source = door.send(path="/sourceConfig", method="GET", key=None, headers=headers).json["source"]
    assert source["writeKey"] == "w"


def test_half_a_character_is_no_reason_to_lose_a_call(door: Door) -> None:
    """What JavaScript and Python leave of an emoji that a text's end cuts through."""
    half, whole = r"half \ud83d", r"whole \ud83d\ude00 and \\ud83d"
    calls = f'{{"type":"track","event":"{half}","userId":"u","properties":{{"a":"{whole}"}}}}'
    for path, body in (("/v1/batch", f'{{"batch":[{calls}]}}'), ("/v1/t", calls)):
        assert door.send(body, path=path).status == 200
        event = door.events.pop()
        door.records.clear()
        assert (event.name, event.properties) == ("half \ufffd", {"a": "whole 😀 and \\ud83d"})


@pytest.mark.parametrize(
    ("address", "touches"),
    [("198.51.100.9", True), ("198.51.100.9, 10.0.0.1", True), ("unknown", False), ("", False), (7, False)],
)
def test_what_is_no_address_is_left_out(door: Door, address: Any, touches: bool) -> None:
    event = send(door, {"type": "track", "event": "x", "userId": "u", "context": {"ip": address}}, key="s")
    assert event.touches_visit is touches


@pytest.mark.parametrize(
    ("call", "path"),
    [
        ({"type": "screen", "event": "Main", "properties": {"automatic": True}}, "/Main"),
        ({"type": "screen", "event": "Main", "properties": {"name": "Home"}}, "/Home"),
        ({"type": "page", "context": {"page": {"path": "/docs/"}}}, "/docs"),
        ({"type": "page", "properties": {"name": "Docs"}}, "/Docs"),
    ],
)
def test_a_view_may_be_named_in_several_places(door: Door, call: dict[str, Any], path: str) -> None:
    event = send(door, {"userId": "u", "channel": "mobile", **call})
    assert event.page is not None
    assert (event.kind, event.page.path) == ("page_view", path)


def test_a_basic_user_name_may_lack_its_padding(door: Door) -> None:
    headers = {"authorization": "Basic " + b64encode(b"w:").decode().rstrip("=")}
    body = {"batch": [{"type": "track", "event": "x", "userId": "u"}]}
    assert door.send(body, path="/v1/batch", key=None, headers=headers).status == 200


def test_retries_of_browser_libraries_pass_their_preflight(door: Door) -> None:
    """Segment's and RudderStack's say with a retry that it is one."""
    asked = {"authorization", "x-retry-count", "rsa-retry-attempt", "rsa-retry-reason", "rsa-since-last-attempt"}
    reply = door.send(path="/v1/batch", method="OPTIONS", key=None)
    assert asked <= set(reply.headers["access-control-allow-headers"].split(", "))


def test_the_configuration_of_rudderstacks_apps_is_whole(door: Door) -> None:
    """Its libraries for Kotlin and Swift read it strictly."""
    source = door.send(path="/sourceConfig", method="GET", query={"writeKey": "w"}).json["source"]
    assert {"id", "name", "writeKey", "enabled", "workspaceId", "updatedAt", "destinations", "config"} <= set(source)
