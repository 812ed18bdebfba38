"""PostHog's clients: what they need back, and the events that they meant."""

from __future__ import annotations

import gzip
import json
from base64 import b64encode
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from tests.unit.ingestion.dialects.recordings import FOLDER, let_in, needs_recordings, replay, requests_of

if TYPE_CHECKING:
    from tests.support.ingest_door import Door

CLIENTS = sorted(path.name.removesuffix(".json") for path in FOLDER.glob("*posthog*.json")) if FOLDER.exists() else []


@needs_recordings
@pytest.mark.parametrize("client", CLIENTS)
def test_each_recording_gets_what_its_client_needs(client: str, door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    let_in(door, monkeypatch)
    meant = set()
    for one in requests_of(client):
        reply = replay(door, one)
        assert reply.status == 200, reply.text
        if one["path"].startswith("/decide"):
            assert reply.json["featureFlags"] == {}
            continue
        assert reply.json == {"success": True}
        body = one["body_json"]
        events = body if isinstance(body, list) else body.get("batch", [body])
        meant |= {event["uuid"] for event in events}
    assert door.letters == []
    assert {event.id for event in door.events} == meant


def test_an_offset_is_how_long_ago_it_was(door: Door) -> None:
    body = [{"event": "x", "offset": 2987, "properties": {"token": "w", "distinct_id": "d", "$device_id": "d"}}]
    assert door.send(body, path="/e/", key=None).status == 200
    assert door.now - door.events[0].time == 2_987_000
    assert (door.events[0].anonymous_id, door.events[0].user_id) == ("d", None)


@pytest.mark.parametrize("path", ["/e/", "/i/v0/e/", "/batch/", "/capture/", "/track/"])
@pytest.mark.parametrize(
    "form", [lambda body: body, lambda body: [body], lambda body: {"batch": [body], "api_key": "w"}]
)
def test_every_path_takes_an_event_a_list_and_a_batch(path: str, form: Any, door: Door) -> None:
    body = form({"event": "Signed Up", "api_key": "w", "properties": {"distinct_id": "u", "plan": "pro"}})
    assert door.send(body, path=path, key=None).status == 200
    assert [(event.name, event.user_id, event.properties) for event in door.events] == [
        ("Signed Up", "u", {"plan": "pro"})
    ]


def test_a_beacon_is_a_form_with_base64(door: Door) -> None:
    event = json.dumps({"event": "Signed Up", "properties": {"token": "w", "distinct_id": "ü?>"}}).encode()
    for data in (
        quote(b64encode(event)),
        b64encode(event).decode(),
        quote(event),
        quote(b64encode(gzip.compress(event))),
    ):
        headers = {"content-type": "application/x-www-form-urlencoded"}
        assert door.send(f"data={data}&ip=1", path="/e/", key=None, headers=headers).status == 200
        assert door.events.pop().user_id == "ü?>"
    assert door.send("data=%%%", path="/e/", headers=headers).status == 400


def test_an_engagement_call_sets_what_is_known_of_a_person(door: Door) -> None:
    assert (
        door.send({"$token": "w", "$distinct_id": "u", "$set": {"plan": "pro"}}, path="/engage/", key=None).status
        == 200
    )
    assert [(event.kind, event.user_id, event.properties) for event in door.events] == [
        ("identify", "u", {"plan": "pro"})
    ]


def test_an_alias_joins_whom_it_names_whichever_way_its_client_says_it(door: Door) -> None:
    said = [
        {"$lib": "posthog-node", "distinct_id": "u", "alias": "anon"},
        {"$lib": "posthog-python", "distinct_id": "anon", "alias": "u"},
    ]
    batch = [{"event": "$create_alias", "distinct_id": one["distinct_id"], "properties": one} for one in said]
    assert door.send({"api_key": "w", "batch": batch}, path="/batch/", key=None).status == 200
    assert [(event.kind, event.user_id, event.anonymous_id) for event in door.events] == [("identify", "u", "anon")] * 2


def test_there_are_no_flags_and_no_recordings(door: Door) -> None:
    for path in ("/decide/", "/flags/"):
        told = door.send({"token": "w"}, path=path, key=None).json
        assert (told["featureFlags"], told["flags"], told["sessionRecording"]) == ({}, {}, False)
    assert door.send(b"\x00", path="/s/", key=None).status == 200
    assert door.send(method="GET", path="/array/w/config", key=None).json["sessionRecording"] is False
    script = door.send(method="GET", path="/array/w/config.js", key=None)
    assert script.headers["content-type"].startswith("text/javascript")
    assert json.loads(script.text.partition("] = ")[2])["config"]["token"] == "w"
    assert door.send(method="GET", path='/array/"x/config.js', key=None).status == 404
    assert door.events == []


def test_what_is_no_event_is_refused_and_kept(door: Door) -> None:
    assert door.send({"api_key": "w", "batch": [1, {"event": "x"}]}, path="/batch/", key=None).status == 200
    assert [letter.reason for letter in door.letters] == ["invalid"]
    assert door.send("x", path="/batch/").status == 400
    assert door.send([], path="/e/").status == 422


@pytest.mark.parametrize("told", [{"$lib": "posthog-python"}, {"$lib": "posthog-server", "$is_server": True}])
def test_the_agent_of_a_back_end_is_nobodys(told: dict[str, Any], door: Door) -> None:
    body = {"api_key": "w", "event": "x", "distinct_id": "u", "properties": told}
    assert door.send(body, path="/e", key=None, headers={"user-agent": "python-requests/2.31"}).status == 200
    assert (door.events[0].bot, door.events[0].hash, door.events[0].user_id) == (False, None, "u")
