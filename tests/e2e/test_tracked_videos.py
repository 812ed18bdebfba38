"""Videos in Chromium: what the tracker tells of a real `<video>`, and the figures that this gives, beside what was played."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.web_server import make_clip

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.tracked import Tracked
    from tests.e2e.web_server import Website

pytestmark = pytest.mark.e2e

SECONDS = 40
# The tracker hears of a seek a moment after it began, and goes on from the last place that it saw.
EDGE = 0.1
VIDEO = '<video muted data-streamgauge-video="{0}" src="/clips/{1}"></video>'

# Notes each part that is played, [from, to), from the element itself: where it is before it is told to go elsewhere.
WATCH = """
window.parts = []; window.video = document.querySelector("video"); let from = null;
const open = () => { from = video.currentTime };
const close = () => { if (from !== null) parts.push([from, video.currentTime]); from = null };
window.heard = (name) => new Promise((done) => video.addEventListener(name, done, {once: true}));
window.play = async () => {
  const shown = heard("playing"); const asked = performance.now();
  await video.play(); await shown; open(); window.startup ??= (performance.now() - asked) / 1000;
};
window.pause = async () => { const over = heard("pause"); video.pause(); close(); await over };
window.seek = async (to) => {
  const over = heard("seeked"); const goes = from !== null;
  close(); video.currentTime = to; await over; if (goes) open();
};
window.reach = (place) => new Promise((done) => {
  const look = () => video.currentTime >= place || video.ended ? done() : requestAnimationFrame(look); look();
});
window.end = async () => { if (!video.ended) await heard("ended"); close() };
null;  // else a browser driver calls what comes last
"""


@pytest.fixture(scope="module")
def clip(website: Website) -> str:
    make_clip(website.clips / "clip.webm", SECONDS)
    return "clip.webm"


def told(tracked: Tracked, *kinds: str) -> list[dict[str, Any]]:
    """Return the properties of the video events of some kinds that went, in their order, each event once."""
    events = {one["event_id"]: one for one in tracked.sent if one["event_type"] in kinds}
    return [events[name]["properties"] for name in sorted(events)]


def covered(parts: list[list[float]]) -> float:
    """Return how many seconds of a video are in at least one part, counted by tenths of a millisecond."""
    held: set[int] = set()
    for begin, end in parts:
        held.update(range(round(begin * 10_000), round(end * 10_000)))
    return len(held) / 10_000


def test_a_recorded_session(tracked: Tracked, clip: str) -> None:
    """Played, sought, paused, watched again, twice as fast, to the end: all figures are those of the parts that were played."""
    tracked.put_tracker(body=VIDEO.format("film", clip))
    with tracked.visitor() as context:
        page = tracked.visit(context, "/watch")
        page.evaluate(WATCH)
        page.evaluate(
            """async () => {
                await play(); await reach(3);
                await seek(20); await reach(23);
                await pause(); await seek(21); await play(); await reach(24.5);
                await seek(1); video.playbackRate = 2; await reach(7);
                await seek(36.5); await end();
            }"""
        )
        parts, played, duration, startup = page.evaluate(
            """[parts, Array.from({length: video.played.length}, (_, n) => [video.played.start(n), video.played.end(n)]),
                video.duration, startup]"""
        )
        tracked.settle(context)
    near = EDGE * len(parts)
    watched, share = sum(end - begin for begin, end in parts), covered(parts) / duration
    assert covered(parts) == pytest.approx(covered(played), abs=near), "the test's own notes are wrong"

    figures = tracked.report("/api/metrics/video/film")
    waited = sum(one["buffer_seconds"] for one in told(tracked, "video_buffer"))
    ratio = waited / (waited + watched)
    assert (figures["views"], figures["unique_viewers"], figures["exits_before_start"]) == (1, 1, 0)
    assert figures["watch_time_seconds"] == pytest.approx(watched, abs=near)
    assert figures["avg_watch_percentage"] == pytest.approx(100 * share, abs=100 * near / duration)
    assert (figures["completion_rate"], figures["error_rate"]) == (1, 0)
    assert figures["qualified_views"] == 0  # not yet half of it, and not 30 s
    assert figures["startup_time_seconds"] == pytest.approx(startup, abs=EDGE)
    assert figures["rebuffer_ratio"] == pytest.approx(ratio, abs=0.01)
    score = 10 * (0.5 * share + 0.3 + 0.2 * (1 - min(1, ratio * 10)))
    assert figures["engagement_score"] == pytest.approx(score, abs=0.2)

    points = tracked.report("/api/metrics/video/film/retention")["points"]
    assert len(points) == 100
    edges = [edge for part in parts for edge in part]
    for point in points:
        instant = point["percent"] * duration / 100
        if all(abs(instant - edge) > EDGE for edge in edges):
            times = sum(begin <= instant < end for begin, end in parts)
            assert (point["audience"], point["watches_per_view"]) == (min(times, 1), times), point

    (first,) = told(tracked, "video_start")
    assert (first["position"], first["duration"], first["quality"]) == (pytest.approx(0, abs=EDGE), duration, "90p")
    assert [(one["from"], one["to"]) for one in told(tracked, "seek")] == [
        (pytest.approx(begin, abs=EDGE), pytest.approx(end, abs=EDGE))
        for begin, end in [(parts[0][1], 20), (parts[1][1], 21), (parts[2][1], 1), (parts[3][1], 36.5)]
    ]
    assert told(tracked, "video_complete")[0]["playback_rate"] == 2
    assert tracked.figures()["bounce_rate"] == 0
    assert tracked.said == []


def test_leaving_while_it_plays_loses_nothing(tracked: Tracked, clip: str, eventually: Callable[..., float]) -> None:
    tracked.put_tracker(body=VIDEO.format("film", clip))
    with tracked.visitor() as context:
        page = tracked.visit(context, "/watch")
        page.evaluate(WATCH)
        page.evaluate("async () => { await play(); await reach(3) }")
        least, asked = page.evaluate("video.currentTime"), time.monotonic()
        page.goto("about:blank")
        most = least + time.monotonic() - asked
        eventually(lambda: tracked.report("/api/metrics/video/film").get("watch_time_seconds", 0) > least - EDGE, 60)
    assert tracked.report("/api/metrics/video/film")["watch_time_seconds"] < most + EDGE


def test_waiting_for_data_is_told_with_its_seconds(tracked: Tracked, clip: str) -> None:
    tracked.put_tracker(body=VIDEO.format("film", clip))
    tracked.website.cut = (tracked.website.clips / clip).stat().st_size // 10
    with tracked.visitor() as context:
        page = tracked.visit(context, "/watch", wait_until="commit")
        page.evaluate(WATCH)
        page.evaluate("async () => { await play(); await heard('waiting'); window.since = performance.now() }")
        page.wait_for_timeout(1500)
        page.evaluate("window.shown = heard('playing').then(() => (performance.now() - since) / 1000); null")
        tracked.website.go_on.set()
        waited = page.evaluate("shown")
        page.evaluate("async () => { await reach(video.currentTime + 1); await pause() }")
        watched = page.evaluate("video.currentTime")
        tracked.settle(context)
    assert sum(one["buffer_seconds"] for one in told(tracked, "video_buffer")) == pytest.approx(waited, abs=EDGE)
    figures = tracked.report("/api/metrics/video/film")
    assert figures["watch_time_seconds"] == pytest.approx(watched, abs=EDGE)
    assert figures["rebuffer_ratio"] == pytest.approx(waited / (waited + watched), abs=0.02)


def test_a_video_that_comes_later_and_goes_while_it_plays(tracked: Tracked, clip: str) -> None:
    tracked.put_tracker(body='<div id="root"></div>')
    with tracked.visitor() as context:
        page = tracked.visit(context)
        last = page.evaluate(
            """async (clip) => {
                const heard = (video, name) => new Promise((done) => video.addEventListener(name, done, {once: true}));
                const root = document.querySelector("#root").attachShadow({mode: "open"});
                streamgauge.follow(root);
                let last;
                for (const place of [document.body, root]) {
                    const video = document.createElement("video");
                    video.src = `/clips/${clip}`; video.muted = true;
                    place.append(video);
                    await video.play(); await heard(video, "timeupdate");
                    video.remove();
                    await heard(video, "pause");
                    last = video.currentTime;
                }
                return last;
            }""",
            clip,
        )
        tracked.settle(context)
    assert [one["video_id"] for one in tracked.sent if one["event_type"] == "video_pause"] == [f"/clips/{clip}"] * 2
    assert told(tracked, "video_pause")[1]["position"] == pytest.approx(last, abs=EDGE)


def test_players_tell_renditions_and_failures(tracked: Tracked, clip: str) -> None:
    """Stand-ins raise what hls.js and video.js raise."""
    tracked.put_tracker(body=VIDEO.format("film", clip))
    with tracked.visitor() as context:
        page = tracked.visit(context)
        page.evaluate(WATCH)
        page.evaluate(
            """async () => {
                const levels = [{height: 360, bitrate: 800000}, {height: 1080, bitrate: 4500000}];
                const raiser = (more) => ({all: {}, on(name, heard) { this.all[name] = heard }, ...more});
                const hls = raiser({levels, media: video});
                streamgauge.hls(hls);
                hls.all.hlsLevelSwitched("hlsLevelSwitched", {level: 0});
                await play(); await reach(1);
                hls.all.hlsLevelSwitched("hlsLevelSwitched", {level: 1});
                hls.all.hlsError("hlsError", {fatal: false, details: "bufferStalledError"});
                await reach(2);
                const shown = raiser({...levels, selectedIndex: 0});
                const player = raiser({$: () => video, error: () => ({message: "refused"}), qualityLevels: () => shown});
                streamgauge.videojs(player);
                shown.all.change();
                player.all.error();
                await pause();
            }"""
        )
        tracked.settle(context)
    assert [(one["quality"], one["bitrate"]) for one in told(tracked, "video_start", "quality_change")] == [
        ("360p", 800),
        ("1080p", 4500),
        ("360p", 800),
    ]
    assert [one["message"] for one in told(tracked, "video_error")] == ["refused"]
    assert tracked.report("/api/metrics/video/film")["error_rate"] == 1
    seconds = {row["quality"]: row for row in tracked.report("/api/metrics/video/film/quality")["renditions"]}
    assert set(seconds) == {"360p", "1080p"}


@pytest.mark.parametrize(
    "body", ['<video muted src="/clips/none.webm"></video>', '<video muted><source src="/clips/none.webm"></video>']
)
def test_a_file_that_cannot_be_played_is_an_error(tracked: Tracked, body: str) -> None:
    tracked.put_tracker(body=body.replace("<video", '<video preload="none" data-streamgauge-video="film"'))
    with tracked.visitor() as context:
        page = tracked.visit(context)
        page.evaluate("document.querySelector('video').play().catch(() => null); null")
        tracked.settle(context)
    assert len(told(tracked, "video_error")) == 1
    figures = tracked.report("/api/metrics/video/film")
    assert (figures["views"], figures["error_rate"], figures["exits_before_start"]) == (1, 1, 0)
