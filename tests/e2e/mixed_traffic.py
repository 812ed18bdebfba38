"""A stream of mixed events over HTTP, some sent twice and some bad, and what must have become of them."""

from __future__ import annotations

import random
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx

BAD = (
    {"event_type": "page_view"},
    {"event_type": "page_view", "url": 17, "anonymous_id": "x"},
    {"event_type": "video_start", "anonymous_id": "x"},
    {"url": "/no-type"},
    "no event at all",
    {"event_type": "page_view", "url": "/x", "anonymous_id": "x", "timestamp": "yesterday"},
    {"event_type": "video_progress", "video_id": "v", "properties": {"position": "far"}},
)


@dataclass
class Sent:
    """What was sent, and what the answers said; `pages` are the page views that must count."""

    received: int = 0
    accepted: int = 0
    refused: int = 0
    repeats: int = 0
    unique: set[str] = field(default_factory=set)
    pages: set[str] = field(default_factory=set)


def make_events(seed: int, count: int) -> list[Any]:
    """Return `count` events: 5 % are sent a second time somewhere later, 1 % are bad."""
    chance = random.Random(seed)
    run = uuid.UUID(int=chance.getrandbits(128)).hex[:8]
    now = datetime.now(UTC)
    events: list[Any] = []
    while len(events) < count:
        draw = chance.random()
        if draw < 0.01:
            events.append(chance.choice(BAD))
        elif draw < 0.06 and len(events) > 100:
            events.append(chance.choice(events[-5000:]))
        else:
            events.append(_event(chance, run, len(events), now))
    return events


def _event(chance: random.Random, run: str, n: int, now: datetime) -> dict[str, Any]:
    event: dict[str, Any] = {
        "event_id": f"{run}-{n}",
        "anonymous_id": f"visitor-{chance.randrange(400)}",
        "timestamp": (now - timedelta(seconds=chance.randrange(7200))).isoformat(),
    }
    match chance.randrange(10):
        case 0 | 1:
            event |= {"event_type": "signup", "properties": {"plan": chance.choice(("free", "pro"))}}
        case 2 | 3 | 4:
            kind = chance.choice(("video_start", "video_progress", "video_pause", "seek", "video_complete"))
            properties = {"position": chance.randrange(600), "duration": 600}
            event |= {"event_type": kind, "video_id": f"video-{chance.randrange(30)}", "properties": properties}
        case _:
            event |= {"event_type": "page_view", "url": f"/page-{chance.randrange(200)}"}
    return event


def send(client: httpx.Client, key: str, events: list[Any], *, lanes: int = 4) -> Sent:
    """Send events in batches of up to 500, several at a time, each until it is answered."""
    sent = Sent()
    batches = [events[start : start + 400] for start in range(0, len(events), 400)]
    with ThreadPoolExecutor(lanes) as pool:
        for batch, answer in zip(batches, pool.map(lambda batch: _post(client, key, batch), batches), strict=True):
            sent.received += len(batch)
            sent.accepted += answer["accepted"]
            sent.repeats += answer["duplicates"]
            sent.refused += len(answer["rejected"])
    good = [event for event in events if isinstance(event, dict) and "event_id" in event]
    sent.unique = {event["event_id"] for event in good}
    sent.pages = {event["event_id"] for event in good if event["event_type"] == "page_view"}
    return sent


def _post(client: httpx.Client, key: str, batch: list[Any]) -> dict[str, Any]:
    for _ in range(100):
        answer = client.post(
            "/api/v1/analytics/event/batch", json={"events": batch}, headers={"authorization": f"Bearer {key}"}
        )
        if answer.status_code in {202, 207}:
            return answer.json()
        assert answer.status_code in {429, 503}, answer.text
        time.sleep(float(answer.headers.get("retry-after", "1")))
    raise AssertionError("a batch was never taken")


def accounts(client: httpx.Client, site: str) -> dict[str, int]:
    """Return the accounts of a site, summed over its hours."""
    answer = client.get("/api/v1/accounting", params={"website_id": site, "period": "7d"})
    assert answer.status_code == 200, answer.text
    names = ("received", "accepted", "stored", "duplicates", "dead_lettered", "in_flight")
    return {name: sum(row[name] for row in answer.json()["results"]) for name in names}
