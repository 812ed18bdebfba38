"""Bad inputs: a 4xx problem or a refusal of that event alone; never 5xx, never a lost neighbour, never memory without bounds."""

from __future__ import annotations

import base64
import json
import tracemalloc
from typing import TYPE_CHECKING

import pytest

from tests.unit.ingestion.bad_inputs import BODIES, EVENTS, GOOD, of_batch

if TYPE_CHECKING:
    from tests.support.ingest_door import Door, Reply

_GOOD = json.dumps(GOOD).encode()


def _send(door: Door, body: bytes, path: str = "/api/events") -> Reply:
    return door.send(base64.b64encode(body).decode(), path=path, encoded=True)


def test_there_are_two_hundred() -> None:
    assert len(EVENTS) + len(BODIES) + len(of_batch()) >= 200


@pytest.mark.parametrize("name", EVENTS)
def test_a_bad_event_is_refused_and_loses_no_neighbour(door: Door, name: str) -> None:
    raw = EVENTS[name]
    after = json.dumps({**GOOD, "event_id": "after"}).encode()
    for path, body in (
        ("/api/events", b"[" + _GOOD + b"," + raw + b" , " + after + b"]"),
        ("/api/v1/analytics/event/batch", b'{"events": [' + _GOOD + b"," + raw + b"," + after + b"]}"),
    ):
        door.records.clear()
        door.letters.clear()
        answer = _send(door, body, path)
        assert answer.status == 207, answer.text
        assert [result["status"] for result in answer.json["results"]] == ["accepted", "rejected", "accepted"]
        assert answer.json["results"][1]["code"]
        assert [event.id for event in door.events] == ["good", "after"]
        assert [letter.body for letter in door.letters] == [raw], "kept uncut"
        assert door.letters[0].reason == answer.json["results"][1]["code"]


@pytest.mark.parametrize("name", EVENTS)
def test_a_bad_event_alone_is_a_problem(door: Door, name: str) -> None:
    answer = _send(door, EVENTS[name], "/api/v1/analytics/event")
    single_in_list = name == "list of events"
    assert (answer.status == 202) if single_in_list else (400 <= answer.status < 500), answer.text
    assert len(door.records) == single_in_list
    if not single_in_list:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json["status"] == answer.status
        kept = [letter.body for letter in door.letters]
        assert kept == ([] if answer.status == 413 or name == "list" else [EVENTS[name]])


@pytest.mark.parametrize("path", ["/api/events", "/api/v1/analytics/event/batch"])
@pytest.mark.parametrize("name", BODIES)
def test_a_bad_body_is_a_problem(door: Door, name: str, path: str) -> None:
    body = BODIES[name]
    answer = _send(door, body, path)
    assert 400 <= answer.status < 500, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert not door.records
    assert len(door.letters) <= 1


@pytest.mark.parametrize("name", of_batch())
def test_what_is_no_batch_is_a_problem(door: Door, name: str) -> None:
    answer = _send(door, of_batch()[name], "/api/v1/analytics/event/batch")
    assert 400 <= answer.status < 500, answer.text
    assert not door.records


def test_memory_stays_within_bounds(door: Door) -> None:
    worst = max(BODIES.values(), key=len)
    _send(door, _GOOD)
    tracemalloc.start()
    try:
        for body in (BODIES["gzip bomb"], BODIES["brackets without end"], BODIES["half a million numbers"], worst):
            _send(door, body)
        assert tracemalloc.get_traced_memory()[1] < 120_000_000
    finally:
        tracemalloc.stop()


def test_a_body_that_is_no_text_is_kept_whole(door: Door) -> None:
    answer = _send(door, b"<events/>")
    assert answer.status == 400
    (letter,) = door.letters
    assert (letter.body, letter.reason, letter.site) == (b"<events/>", "unreadable", "blog")


def test_text_bodies_with_half_characters_are_refused(door: Door) -> None:
    answer = door.send('[{"event_type": "a", "title": "\ud800"}, {"event_type": "b"}]')
    assert answer.status == 207
    assert [result["status"] for result in answer.json["results"]] == ["rejected", "accepted"]


def test_broken_base64_is_a_problem(door: Door) -> None:
    assert door.send("abc", encoded=True).status == 400
    assert door.send("!!!!", encoded=True).status == 400
