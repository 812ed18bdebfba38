"""PostHog's clients: what they need back, and the events that they meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
