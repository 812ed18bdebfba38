"""Batches of Segment's and RudderStack's clients: what they say for all their calls, and calls that are none."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.ingest_door import NOW

if TYPE_CHECKING:
    from tests.support.ingest_door import Door


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
