"""Live items through DynamoDB: repeated and re-cut batches count an event once, poison and bots are passed over."""

from __future__ import annotations

import time

from streamgauge.events.models import Page, Receipt, StampedEvent, VideoFields, encode
from streamgauge.events.records import StreamRecord
from streamgauge.live import items
from streamgauge.live.realtime import RecentEvents


def page_view(site: str, n: int, now: float, **more) -> StampedEvent:
    given = {"kind": "page_view", "page": Page("/a", "/a"), "anonymous_id": f"p{n}"} | more
    moment = int(now * 1_000_000) - n
    return StampedEvent(
        site=site, zone="UTC", id=f"e{n}", time=moment, received=moment, receipt=Receipt(1, 0, n), **given
    )


def records(events: list[StampedEvent | bytes], now: float, first: int = 0) -> list[StreamRecord]:
    return [
        StreamRecord("shard-0", f"{first + n:020d}", now, event if isinstance(event, bytes) else encode(event))
        for n, event in enumerate(events)
    ]


def put(batch: list[StreamRecord], now: float) -> int:
    return items.store(batch, items.recent_events(batch, now), now)


def test_an_event_counts_once_however_often_and_with_whom_it_comes():
    now = time.time()
    events = [page_view("once", n, now) for n in range(5)]
    assert put(records(events, now), now) == 5
    put(records(events, now), now)
    put(records(events[2:], now, first=2), now + 0.1)
    assert len(items.load("once", now + 1)) == 5


def test_bots_view_calls_old_events_and_poison_are_passed_over():
    now = time.time()
    good = page_view("strict", 1, now)
    rest = [
        page_view("strict", 2, now, bot=True),
        page_view("strict", 3, now, kind="view", page=None, video=VideoFields("v")),
        page_view("strict", 4, now - 301),
        b"\xff no event",
    ]
    assert put(records([*rest, good], now), now) == 1
    assert [event.page for event in items.load("strict", now)] == ["/a"]


def test_events_leave_the_window():
    now = time.time()
    put(records([page_view("window", 1, now)], now), now)
    assert len(items.load("window", now + 299)) == 1
    assert items.load("window", now + 301) == []


def test_sites_are_kept_apart_and_a_large_batch_is_cut():
    now = time.time()
    events = [page_view("large", n, now) for n in range(3200)] + [page_view("small", 1, now)]
    assert put(records(events, now), now) == 3201
    assert len(items.load("large", now + 1)) == 3200
    assert len(items.load("small", now + 1)) == 1


def test_what_is_read_is_held_for_a_second():
    asked = []
    recent = RecentEvents(lambda site, now: asked.append((site, now)) or [])
    recent.of("a", 100.0, fresh=False)
    recent.of("a", 100.9, fresh=False)
    recent.of("a", 100.9, fresh=True)
    recent.of("a", 102.0, fresh=False)
    recent.of("b", 102.0, fresh=False)
    assert asked == [("a", 100.0), ("a", 100.9), ("a", 102.0), ("b", 102.0)]
