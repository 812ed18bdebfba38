"""What live messages carry: no persons, sessions that really began or ended, a bounded number of events."""

from __future__ import annotations

import json

import msgspec
from streamgauge.live.payloads import MOST_EVENTS, event_messages, session_messages

from tests.support.stamped import session_call, stamped

NOW = 1_780_000_000_000_000


def told(messages):
    return [(message.type, message.payload["id"], message.payload["status"]) for message in messages]


def test_an_event_is_told_without_its_person():
    event = stamped("page_view", NOW, user_id="anna@example.org", anonymous_id="phone-1", session_id="visit-1")
    (message,) = event_messages([event], 1)
    text = msgspec.json.encode(message).decode()
    assert json.loads(text)["payload"]["event_type"] == "page_view"
    assert not [secret for secret in ("anna", "phone-1", "visit-1", event.id) if f'"{secret}' in text]


def test_the_newest_events_are_told_in_order_and_fewer_to_many():
    events = [stamped("page_view", NOW + n * 1000) for n in range(MOST_EVENTS + 10)]
    times = [message.payload["timestamp"] for message in event_messages(events[::-1], 1)]
    assert len(times) == MOST_EVENTS
    assert times == sorted(times)
    assert len(event_messages(events, 1000)) == 2
    assert len(event_messages(events, 5000)) == 1


def test_bots_and_calls_of_other_counts_are_not_told():
    events = [stamped("page_view", NOW, bot=True), session_call("start", NOW)]
    assert event_messages(events, 1) == []


def test_a_session_is_told_when_it_begins_and_ends_though_the_list_is_behind():
    calls = [session_call("start", NOW), session_call("beat", NOW + 1000), session_call("stop", NOW + 2000)]
    assert told(session_messages(calls, {}, NOW + 3000)) == [
        ("session_started", "s", "playing"),
        ("session_ended", "s", "ended"),
    ]


def test_a_start_that_goes_on_begins_nothing():
    again = [session_call("start", NOW), session_call("start", NOW + 1000)]
    assert told(session_messages(again, {}, NOW + 1000)) == [("session_started", "s", "playing")]
