"""The realtime figures: pure functions of the last events and the present moment; `docs/definitions.md`, realtime."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

# pydantic, which publishes these shapes, cannot read typing's own before Python 3.12.
from typing_extensions import TypedDict

from streamgauge.events.facts import COMPLETE, CUSTOM, ERROR, PAGE_VIEW, PAUSE
from streamgauge.live.items import LONGEST_TEXT, STATELESS, LiveEvent

if TYPE_CHECKING:
    from collections.abc import Sequence

MINUTE: Final = 60
_KBIT_PER_GBIT: Final = 1_000_000
_PAGES: Final = 10


class RealtimeMetrics(TypedDict):
    """The five figures of a video platform over the last 60 s."""

    concurrent_viewers: int
    active_streams: int
    bandwidth_gbps: float
    events_per_second: float
    error_rate: float


class PageVisitors(TypedDict):
    """A page and how many visitors saw it in the last five minutes."""

    name: str
    visitors: int


class WebsiteRealtime(TypedDict):
    """Who is on a website."""

    visitors_5m: int
    visitors_1m: int
    pageviews_5m: int
    pages: list[PageVisitors]


def of_video(events: Sequence[LiveEvent], video_id: str) -> list[LiveEvent]:
    """Return the events of one video."""
    return [event for event in events if event.playback and event.video == video_id[:LONGEST_TEXT]]


def realtime_metrics(events: Sequence[LiveEvent], now_seconds: float) -> RealtimeMetrics:
    """Return the figures of the last 60 s; `events` are of the last five minutes, in order of time."""
    since = (now_seconds - MINUTE) * 1_000_000
    recent = [event for event in events if event.time > since]
    videos = [event for event in recent if event.kind > CUSTOM]
    playing = _playing(events, since)
    errors = sum(event.kind == ERROR for event in videos)
    return {
        "concurrent_viewers": len(playing),
        "active_streams": len({event.video for event, _ in playing.values()}),
        "bandwidth_gbps": sum(bitrate for _, bitrate in playing.values()) / _KBIT_PER_GBIT,
        "events_per_second": len(recent) / MINUTE,
        "error_rate": errors / len(videos) if videos else 0.0,
    }


def _playing(events: Sequence[LiveEvent], since: float) -> dict[int, tuple[LiveEvent, float]]:
    """Return the last event and last known bitrate of each playback that is live."""
    last: dict[int, LiveEvent] = {}
    stopped: dict[int, bool] = {}
    bitrates: dict[int, float] = {}
    for event in events:
        if not event.playback:
            continue
        last[event.playback] = event
        if event.bitrate is not None:
            bitrates[event.playback] = event.bitrate
        if event.kind not in STATELESS:
            stopped[event.playback] = event.kind in (PAUSE, COMPLETE) or (event.kind == ERROR and event.fatal)
    return {
        playback: (event, bitrates.get(playback, 0.0))
        for playback, event in last.items()
        if event.time > since and not stopped.get(playback, False)
    }


def website_realtime(events: Sequence[LiveEvent], now_seconds: float) -> WebsiteRealtime:
    """Return who is on a website; `events` are of the last five minutes, in order of time."""
    since = (now_seconds - MINUTE) * 1_000_000
    # A visit's visitor is the last user seen in it.
    users = {event.visit: event.user for event in events if event.user}
    visitors: set[int] = set()
    of_last_minute: set[int] = set()
    pages: defaultdict[str, set[int]] = defaultdict(set)
    for event in events:
        visitor = event.user or users.get(event.visit, event.visit)
        if visitor:
            visitors.add(visitor)
            if event.time > since:
                of_last_minute.add(visitor)
            if event.kind == PAGE_VIEW:
                pages[event.page].add(visitor)
    ranked = sorted(pages.items(), key=lambda page: (-len(page[1]), page[0]))
    return {
        "visitors_5m": len(visitors),
        "visitors_1m": len(of_last_minute),
        "pageviews_5m": sum(event.kind == PAGE_VIEW for event in events),
        "pages": [{"name": name, "visitors": len(people)} for name, people in ranked[:_PAGES]],
    }
