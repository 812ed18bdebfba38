"""Segment's and RudderStack's clients: what they need back, and the events that they meant."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.ingest_door import CHROME, NOW
from tests.unit.ingestion.dialects.recordings import FOLDER, let_in, needs_recordings, replay, requests_of

if TYPE_CHECKING:
    from streamgauge.events.models import StampedEvent

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


def send(door: Door, call: dict[str, Any], path: str = "/v1/batch", key: str = "w") -> StampedEvent:
    """Send a call by itself or as a batch, and return its event."""
    body = {"batch": [call], "sentAt": "2026-05-28T20:26:40Z"} if path.endswith(("batch", "/b")) else call
    reply = door.send(body, path=path, key=key)
    assert (reply.status, reply.json) == (200, {"success": True})
    return door.events[-1]


def test_a_clock_is_corrected_by_when_the_batch_was_sent(door: Door) -> None:
    body = {
        "batch": [{"type": "track", "event": "Signed Up", "userId": "u", "timestamp": "2020-01-01T00:00:00Z"}],
        "sentAt": "2020-01-01T00:00:10Z",
    }
    assert door.send(body, path="/v1/batch").status == 200
    assert door.events[0].time == NOW - 10_000_000


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


@pytest.mark.parametrize(
    "call",
    [
        {"type": "track", "userId": "u"},
        {"type": "who", "userId": "u"},
        {"type": "page", "userId": "u"},
        {"type": "track", "event": "x", "timestamp": "yesterday"},
        {"type": "track", "event": "x", "userId": "u" * 201},
        {"type": 5, "event": ["x"], "context": [], "properties": "none"},
    ],
)
def test_a_refused_call_of_a_batch_is_kept_and_the_rest_goes_on(door: Door, call: dict[str, Any]) -> None:
    good = {"type": "track", "event": "y", "messageId": "m-2", "properties": None}
    assert door.send({"batch": [{"messageId": "m-1", **call}, good]}, path="/v1/batch").status == 200
    assert [event.id for event in door.events] == ["m-2"]
    assert [letter.event_id for letter in door.letters] == ["m-1"]


@pytest.mark.parametrize("body", ["", "[]", "{", '{"batch": 1}', '{"batch": [1', "data=x"])
def test_a_body_without_calls_is_unreadable(door: Door, body: str) -> None:
    assert door.send(body, path="/v1/batch").status == 400


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


def test_calls_of_one_millisecond_keep_their_order(door: Door) -> None:
    stamp = "2026-05-28T20:26:39.500Z"
    calls = [{"type": "track", "event": "x", "messageId": number, "timestamp": stamp} for number in ("c", "a", "b")]
    assert door.send({"batch": calls, "sentAt": "2026-05-28T20:26:40Z"}, path="/v1/batch").status == 200
    assert [(event.id, event.time - NOW + 500_000) for event in door.events] == [("c", 0), ("a", 1), ("b", 2)]


def test_the_library_for_dot_net_calls_a_batch_an_import(door: Door) -> None:
    call = {
        "type": "track",
        "event": "x",
        "userId": "u",
        "timestamp": "2026-05-28T22:26:30.1234567+02:00",
        "context": {"library": {"name": "Analytics.NET", "version": "3.8.0"}},
    }
    body = {"writeKey": "w", "messageId": "b", "sentAt": "2026-05-28T22:26:39.1234567+02:00", "batch": [call]}
    assert door.send(body, path="/v1/import", key=None, headers={"user-agent": "analytics-.NET/3.8"}).status == 200
    event = door.events[0]
    assert (event.name, event.bot, event.hash, NOW - event.time) == ("x", False, None, 9_000_000)


def test_a_beacon_of_rudderstack_names_its_key_in_the_query(door: Door) -> None:
    body = json.dumps({"batch": [{"type": "track", "event": "x", "anonymousId": "a"}]})
    headers = {"content-type": "text/plain"}
    reply = door.send(body, path="/beacon/v1/batch", key=None, query={"writeKey": "w"}, headers=headers)
    assert (reply.status, len(door.events)) == (200, 1)


def test_a_batch_speaks_for_all_its_calls(door: Door) -> None:
    """The libraries for Go and Java say in the batch alone which library they are."""
    body = {
        "batch": [
            {
                "type": "track",
                "event": "x",
                "userId": "u",
                "timestamp": "2020-01-01T00:00:00.123456789Z",
                "sentAt": None,
            },
            {
                "type": "track",
                "event": "y",
                "userId": "u",
                "context": {"locale": "de", "library": {"name": "analytics.js"}},
            },
        ],
        "sentAt": "2020-01-01T00:00:10.123456789Z",
        "context": {"library": {"name": "analytics-go", "version": "3.0.0"}, "locale": "fr"},
    }
    assert door.send(body, path="/v1/batch", headers={"user-agent": "Go-http-client/1.1"}).status == 200
    first, second = door.events
    assert (first.time, first.bot, first.hash) == (NOW - 10_000_000, False, None)
    assert (first.surroundings.language, second.surroundings.language, second.bot) == ("fr", "de", True)


@pytest.mark.parametrize("context", ["{" + '"a":{' * 300 + "}" * 301, '"x"', "[]", "NaN", '{"x":"' + "y" * 3000 + '"}'])
def test_what_a_batch_says_of_its_calls_may_be_anything(door: Door, context: str) -> None:
    body = f'{{"context":{context},"sentAt":[],"batch":[{{"type":"track","event":"x","userId":"u"}}]}}'
    assert door.send(body, path="/v1/batch").status == 200
    assert [event.name for event in door.events] == ["x"]


def test_one_call_that_is_none_loses_no_other(door: Door) -> None:
    good = '{"type":"track","event":"x","userId":"u"}'
    # Python writes a number that is none so.
    bad = '{"type":"track","event":"x","messageId":"m-2","properties":{"price":NaN}}'
    headers = {"authorization": "Basic " + b64encode(b"w:").decode()}
    for body in (
        f'{{"batch":[{good},{bad},1,"x",null,{good}],"sentAt":"2026-05-28T20:26:40Z"}}',
        f'{{"writeKey":"w","batch":[{good},{bad},1,"x",null,{good}]}}',
    ):
        reply = door.send(body, path="/v1/batch", key=None, headers={} if "writeKey" in body else headers)
        assert (reply.status, len(door.events), len(door.letters)) == (200, 2, 4)
        assert {letter.reason for letter in door.letters} == {"unreadable", "invalid"}
        door.records.clear()
        door.letters.clear()


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
    ("given", "seconds"),
    [
        ("2026-05-28T20:25:40Z", 60),
        ("2026-05-28T22:25:40+0200", 60),
        ("2026-05-28T22:25:40+02", 60),
        ("2026-05-28 20:25:40", 60),
        ("2026-05-28 20:25:40 UTC", 60),
        ("2026-05-28T20:25:40,5Z", 59.5),
        ("2026-05-28T20:25Z", 100),
        ("20260528T202540Z", 60),
        ("2026-05-28", 73_600),
        ("20260528", 73_600),
        (1_779_999_940, 60),
        (1_779_999_940.5, 59.5),
        (1_779_999_940_000, 60),
        ("1779999940000", 60),
        ("", 0),
        (None, 0),
        ("0001-01-01T00:00:00Z", 0),
    ],
)
@pytest.mark.parametrize("name", ["timestamp", "originalTimestamp"])
def test_a_time_in_whatever_form(door: Door, name: str, given: Any, seconds: float) -> None:
    event = send(door, {"type": "track", "event": "x", "userId": "u", name: given})
    assert (NOW - event.time) / 1e6 == seconds


@pytest.mark.parametrize("sent_at", ["", "soon", None, 0, {}, "0001-01-01T00:00:00Z", 1_779_999_995_000])
def test_a_time_of_sending_that_is_none_corrects_nothing(door: Door, sent_at: Any) -> None:
    call = {"type": "track", "event": "x", "userId": "u", "timestamp": "2026-05-28T20:26:30Z", "sentAt": sent_at}
    ago = 5 if isinstance(sent_at, int) and sent_at else 10
    assert NOW - send(door, call).time == ago * 1_000_000
    assert NOW - send(door, call, "/v1/t").time == ago * 1_000_000


def test_a_time_that_the_caller_gives_goes_before_that_of_the_call(door: Door) -> None:
    """RudderStack's libraries add `originalTimestamp` to every call, also where it tells of the past."""
    now = "2026-05-28T20:26:40Z"
    call = {"type": "track", "event": "x", "userId": "u", "originalTimestamp": now, "sentAt": now}
    event = send(door, call | {"timestamp": "2026-05-27T20:26:40Z"})
    assert NOW - event.time == 86_400_000_000
    assert door.send({"batch": [call | {"timestamp": "2020-05-27T20:26:40Z"}]}, path="/v1/batch").status == 200
    assert [letter.reason for letter in door.letters] == ["too_late"]


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
