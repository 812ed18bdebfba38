"""Realtime figures by example: who is live, how fast, with how many errors; who is on a website."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from streamgauge.events.facts import KIND_NUMBERS
from streamgauge.live.figures import realtime_metrics, website_realtime
from streamgauge.live.items import LiveEvent

NOW = 1_800_000_000.0


def event(ago: float, kind: str, n: int = 0, **more) -> LiveEvent:
    given = {"fatal": True, "visit": 1, "user": 0, "playback": 0, "video": "", "bitrate": None, "page": ""} | more
    return LiveEvent(
        digest=n or hash((ago, kind, n)), time=int((NOW - ago) * 1_000_000), kind=KIND_NUMBERS[kind], **given
    )


def watching(ago: float, kind: str, playback: int, video: str = "v", bitrate: float | None = None, **more) -> LiveEvent:
    return event(ago, kind, playback=playback, video=video, bitrate=bitrate, **more)


def test_a_playback_is_live_until_it_pauses_completes_or_fails():
    for last, live in {
        "video_start": 1,
        "video_progress": 1,
        "video_resume": 1,
        "video_buffer": 1,
        "seek": 1,
        "video_pause": 0,
        "video_complete": 0,
        "video_error": 0,
    }.items():
        events = [watching(30, "video_progress", 5), watching(10, last, 5)]
        assert realtime_metrics(events, NOW)["concurrent_viewers"] == live, last


def test_an_error_that_is_not_fatal_leaves_the_playback_live():
    events = [watching(30, "video_progress", 5), watching(10, "video_error", 5, fatal=False)]
    assert realtime_metrics(events, NOW)["concurrent_viewers"] == 1
    assert realtime_metrics(events, NOW)["error_rate"] == 0.5


def test_a_seek_while_paused_does_not_resume():
    events = [watching(30, "video_pause", 5), watching(10, "seek", 5)]
    assert realtime_metrics(events, NOW)["concurrent_viewers"] == 0


def test_a_playback_that_fell_silent_is_not_live():
    assert realtime_metrics([watching(61, "video_progress", 5)], NOW)["concurrent_viewers"] == 0
    assert realtime_metrics([watching(59, "video_progress", 5)], NOW)["concurrent_viewers"] == 1


def test_streams_are_distinct_videos_and_bandwidth_the_last_known_bitrates():
    events = [
        watching(200, "video_start", 1, "a", 2000.0),
        watching(100, "video_start", 2, "a", 1000.0),
        watching(50, "video_progress", 1, "a"),
        watching(40, "video_progress", 2, "a", 3000.0),
        watching(20, "video_progress", 3, "b"),
    ]
    found = realtime_metrics(events, NOW)
    assert found["concurrent_viewers"] == 3
    assert found["active_streams"] == 2
    assert found["bandwidth_gbps"] == 5000 / 1_000_000
    assert found["events_per_second"] == 3 / 60


def test_nothing_is_zero():
    assert realtime_metrics([], NOW) == {
        "concurrent_viewers": 0,
        "active_streams": 0,
        "bandwidth_gbps": 0.0,
        "events_per_second": 0.0,
        "error_rate": 0.0,
    }
    assert website_realtime([], NOW) == {"visitors_5m": 0, "visitors_1m": 0, "pageviews_5m": 0, "pages": []}


def test_a_visit_that_is_identified_is_one_visitor():
    events = [
        event(200, "page_view", 1, visit=7, page="/a"),
        event(100, "custom", 2, visit=7, user=9),
        event(10, "page_view", 3, visit=7, page="/b"),
        event(5, "page_view", 4, visit=8, page="/b"),
    ]
    found = website_realtime(events, NOW)
    assert (found["visitors_5m"], found["visitors_1m"], found["pageviews_5m"]) == (2, 2, 3)
    assert found["pages"] == [{"name": "/b", "visitors": 2}, {"name": "/a", "visitors": 1}]


@given(st.lists(st.tuples(st.floats(0, 299), st.sampled_from(sorted(set(KIND_NUMBERS) - {"view"})), st.integers(1, 4))))
def test_no_figure_leaves_its_bounds(drawn):
    events = sorted(
        (
            watching(ago, kind, playback, f"v{playback % 2}", 100.0, n=n + 1)
            for n, (ago, kind, playback) in enumerate(drawn)
        ),
        key=lambda found: (found.time, found.digest),
    )
    found = realtime_metrics(events, NOW)
    assert 0 <= found["active_streams"] <= found["concurrent_viewers"] <= 4
    assert 0 <= found["error_rate"] <= 1
    assert found["events_per_second"] * 60 <= len(events) + 1e-9
