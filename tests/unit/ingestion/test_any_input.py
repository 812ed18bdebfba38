"""Any input whatever: an answer below 500, its results in order, and as many of them as events."""

import base64
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from streamgauge.events.models import VIDEO_KINDS
from streamgauge.ingestion.models import SentEvent, VideoProperties

from tests.support.ingest_door import Door

values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(),
        st.sampled_from(
            ["page_view", "", "-", "https://example.org/a?utm_source=b#c", "1.2.3.4", "2026-05-28T20:26:00Z"]
        ),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=9), inner, max_size=3)),
    max_leaves=6,
)
properties = st.dictionaries(st.sampled_from([*VideoProperties.__struct_encode_fields__, "own"]), values, max_size=4)
context = st.dictionaries(st.sampled_from(["ip", "user_agent", "other"]), values, max_size=3)
events = st.dictionaries(
    st.sampled_from([*SentEvent.__struct_fields__, "writeKey", "other"]), values, max_size=8
).flatmap(
    lambda known: st.fixed_dictionaries(
        {
            **{name: st.just(value) for name, value in known.items()},
            "event_type": st.one_of(values, st.sampled_from(["page_view", "signup", *sorted(VIDEO_KINDS)])),
            "properties": st.one_of(values, properties),
            "context": st.one_of(values, context),
        }
    )
)
anything = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def open_door(door: Door, environment: pytest.MonkeyPatch) -> Door:
    door.install(environment, ANALYTICS_RATE_LIMIT_PER_IP="0", ANALYTICS_RATE_LIMIT_PER_KEY="0")
    return door


@anything
@given(st.lists(st.one_of(events, values), min_size=1, max_size=6), st.sampled_from(["w", "s", "all"]))
def test_any_events(open_door: Door, sent: list[object], key: str) -> None:
    open_door.records.clear()
    open_door.letters.clear()
    answer = open_door.send(sent, key=key)
    assert answer.status in {202, 207}, answer.text
    results = answer.json["results"]
    assert [result["index"] for result in results] == list(range(len(sent)))
    statuses = [result["status"] for result in results]
    assert statuses.count("accepted") == answer.json["accepted"] == len(open_door.events)
    assert statuses.count("rejected") == len(answer.json["rejected"]) == len(open_door.letters)
    assert statuses.count("duplicate") == answer.json["duplicates"]
    assert sum(event.receipt.repeats for event in open_door.events) == answer.json["duplicates"]


@anything
@given(st.one_of(events, values), st.sampled_from(["w", "s", "all"]))
def test_any_single_event(open_door: Door, sent: object, key: str) -> None:
    answer = open_door.send(sent, key=key, path="/api/v1/analytics/event")
    assert answer.status < 500, answer.text


@anything
@given(
    st.one_of(st.binary(max_size=400), values.map(lambda value: json.dumps(value).encode())),
    st.sampled_from(["/api/events", "/api/v1/analytics/event/batch", "/api/analytics/view/v"]),
)
def test_any_body(open_door: Door, body: bytes, path: str) -> None:
    answer = open_door.send(base64.b64encode(body).decode(), path=path, encoded=True)
    assert answer.status < 500, answer.text


@anything
@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=30))
def test_any_headers(open_door: Door, key: str, agent: str, path: str) -> None:
    for headers in ({"user-agent": agent, "x-write-key": key}, {"authorization": f"{agent} {key}"}):
        answer = open_door.send({"event_type": "x"}, key=None, headers=headers, path=f"/api/analytics/view/{path}")
        assert answer.status < 500, answer.text
