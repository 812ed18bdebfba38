"""PostHog's clients: what they need back, and the events that they meant."""

from __future__ import annotations

import gzip
import json
from base64 import b64encode
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

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
        quote_plus(event),
        quote(b64encode(gzip.compress(event))),
    ):
        headers = {"content-type": "application/x-www-form-urlencoded"}
        assert door.send(f"data={data}&ip=1", path="/e/", key=None, headers=headers).status == 200
        taken = door.events.pop()
        assert (taken.name, taken.user_id) == ("Signed Up", "ü?>")
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


def test_older_libraries_name_an_event_by_other_names(door: Door) -> None:
    batch = [
        {"event": "x", "distinct_id": "u", "messageId": "m-1", "properties": {"$insert_id": "i-1"}},
        {"event": "x", "distinct_id": "u", "uuid": None, "properties": {"$insert_id": "i-2"}},
        {"event": "x", "distinct_id": "u", "uuid": "u-3", "messageId": "m-3"},
    ]
    assert door.send({"api_key": "w", "batch": batch}, path="/batch/", key=None).status == 200
    assert [event.id for event in door.events] == ["m-1", "i-2", "u-3"]


def test_a_back_end_that_speaks_of_a_group_is_no_visitor(door: Door) -> None:
    group = {"$group_type": "company", "$group_key": 5, "$group_set": {"plan": "pro"}, "$lib": "posthog-go"}
    batch = [
        {"event": "$groupidentify", "distinct_id": distinct, "properties": group} for distinct in ("$company_5", "u")
    ]
    assert door.send({"api_key": "s", "batch": batch}, path="/batch/", key=None).status == 200
    assert [(event.kind, event.user_id, event.anonymous_id) for event in door.events] == [
        ("identify", None, None),
        ("identify", "u", None),
    ]


@pytest.mark.parametrize("known", [{"$device_id": "anon"}, {"$is_identified": False}])
def test_an_alias_of_somebody_nobody_knows_yet_is_the_user(known: dict[str, Any], door: Door) -> None:
    properties = {"token": "w", "alias": "u", "distinct_id": "anon", **known}
    assert door.send({"event": "$create_alias", "properties": properties}, path="/e/", key=None).status == 200
    assert [(event.user_id, event.anonymous_id) for event in door.events] == [("u", "anon")]


def test_one_event_that_is_none_loses_no_other(door: Door) -> None:
    good, bad = '{"event":"x","distinct_id":"u"}', '{"event":"x","uuid":"b","properties":{"price":NaN}}'
    body = f'{{"api_key":"w","batch":[{good},{bad},7,{good}],"sent_at":"2026-05-28T20:26:40Z"}}'
    assert door.send(body, path="/batch/", key=None).status == 200
    assert door.send(f"[{good},{bad},7,{good}]", path="/e/").status == 200
    assert (len(door.events), len(door.letters)) == (4, 4)


def test_a_time_of_another_form_is_taken_and_one_of_sending_left_out(door: Door) -> None:
    event = {"event": "x", "distinct_id": "u", "timestamp": door.now // 1000 - 4000}
    for sent_at in (None, "soon", door.now // 1000):
        assert door.send({"api_key": "w", "batch": [event], "sent_at": sent_at}, path="/batch", key=None).status == 200
    assert {door.now - one.time for one in door.events} == {4_000_000}


@pytest.mark.parametrize(("told", "device"), [("Mobile", "mobile"), ("Tablet", "tablet"), ("Watch", None), (7, None)])
def test_an_app_says_what_it_runs_on(told: Any, device: str | None, door: Door) -> None:
    properties = {"$lib": "posthog-ios", "$os_name": "iOS", "$device_type": told, "$screen_name": "Main Menu"}
    body = {
        "api_key": "w",
        "event": "$screen",
        "distinct_id": "u",
        "properties": {**properties, "$is_identified": False},
    }
    assert door.send(body, path="/batch", key=None, headers={"user-agent": "posthog-ios/3.31"}).status == 200
    event = door.events[0]
    assert (event.surroundings.device, event.surroundings.os, event.bot) == (device, "iOS", False)
    assert (event.anonymous_id, event.user_id, event.page and event.page.path) == ("u", None, "/Main%20Menu")


@pytest.mark.parametrize(
    ("name", "told", "user", "anonymous"),
    [
        # A page, before and after; after a reset its device is the id of somebody before.
        ("x", {"$lib": "web", "$device_id": "a", "distinct_id": "a"}, None, "a"),
        ("x", {"$lib": "web", "$device_id": "d", "distinct_id": "a", "$is_identified": False}, None, "a"),
        ("$identify", {"$lib": "web", "$device_id": "d", "distinct_id": "u", "$anon_distinct_id": "a"}, "u", "a"),
        ("x", {"$lib": "web", "$device_id": "a", "distinct_id": "u", "$user_id": "u"}, "u", "a"),
        # An app's device is none of both.
        ("x", {"$lib": "posthog-ios", "$device_id": "d", "distinct_id": "a", "$is_identified": False}, None, "d"),
        (
            "$identify",
            {"$lib": "posthog-ios", "$device_id": "d", "distinct_id": "u", "$anon_distinct_id": "a"},
            "u",
            "d",
        ),
        ("x", {"$lib": "posthog-ios", "$device_id": "d", "distinct_id": "u", "$is_identified": True}, "u", "d"),
        # A back end's distinct id is a user's.
        ("x", {"$lib": "posthog-go", "distinct_id": "u"}, "u", None),
        ("x", {"distinct_id": "u"}, "u", None),
    ],
)
def test_who_is_known(name: str, told: dict[str, Any], user: str | None, anonymous: str | None, door: Door) -> None:
    assert door.send([{"event": name, "api_key": "w", "properties": told}], path="/e/", key=None).status == 200
    assert [(event.user_id, event.anonymous_id) for event in door.events] == [(user, anonymous)]


def test_what_older_libraries_send_again_is_the_same_event(door: Door) -> None:
    """Those for Python and Node gave no id: what the event says is its id, and two that say the same in one batch are two."""
    said = {"event": "x", "distinct_id": "u", "properties": {"$lib": "posthog-python"}}
    fine, coarse = (
        {**said, "timestamp": "2026-05-28T20:26:30.123456+00:00"},
        {**said, "timestamp": "2026-05-28T20:26:30Z"},
    )
    by_hand = {**fine, "properties": {}}
    for sent_at in ("2026-05-28T20:26:38.1Z", "2026-05-28T20:26:39.1Z"):
        body = {"api_key": "w", "batch": [fine, fine, coarse, by_hand], "sent_at": sent_at}
        assert door.send(body, path="/batch/", key=None).status == 200
    ids = [event.id for event in door.events]
    assert ids[:2] == ids[4:6]
    assert len(set(ids)) == 6
