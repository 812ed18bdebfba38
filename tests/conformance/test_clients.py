"""What clients of others tell, folded to the figures that the definitions give it; worked out by hand."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.conformance.cases import AGENTS

if TYPE_CHECKING:
    from tests.support.service import Service

SPEC = Path(__file__).parents[3] / "shared" / "data" / "video-events" / "segment_video_spec_calls.json"
NOON = round(datetime(2026, 5, 10, 12, tzinfo=UTC).timestamp() * 1e6)
DAY = "startDate=2026-05-10&endDate=2026-05-11"
ELAPSED = (0, 278, 279, 280, 285, 286, 287, 290, 404, 405, 600, 610, 670, 671, 676, 701)
"""Seconds after noon of the sixteen calls; the examples of the spec say where they are in the film, and not when."""


def send(service: Service, site: str, calls: list[dict[str, Any]], at: list[float] | tuple[float, ...]) -> str:
    """Make a site and send calls, each by itself at a number of seconds after noon; return the site's write key."""
    key = service.add_site(site, "UTC")["write"]
    for seconds, call in zip(at, calls, strict=True):
        tell(service, key, call, seconds)
    service.flow()
    return key


def tell(service: Service, key: str, call: dict[str, Any], seconds: float, path: str = "/v1/batch") -> None:
    service.clock.now = NOON + round(seconds * 1e6)
    body = {"batch": [{"type": "track", **call}]} if path == "/v1/batch" else call
    answer = service.send(body, write_key=key, path=path, agent=AGENTS["chrome"])
    assert answer.status == 200, answer.text


def figures(service: Service, site: str, video: str) -> dict[str, Any]:
    answer = service.get(f"/api/metrics/video/{video}", DAY, site=site)
    assert answer.status == 200, answer.text
    found: dict[str, Any] = answer.json
    return found


@pytest.mark.skipif(not SPEC.exists(), reason="the calls of the video spec are not beside the checkout")
@pytest.mark.parametrize("backwards", [False, True])
def test_the_calls_of_segments_video_spec_are_one_playback(service: Service, backwards: bool) -> None:
    site = f"spec-{backwards}"
    calls = json.loads(SPEC.read_text())["calls"]
    key = service.add_site(site, "UTC")["write"]
    for seconds, call in zip(ELAPSED, calls, strict=True):
        tell(service, key, call, seconds)
    if backwards:
        service.stream.reverse()
    service.flow(batch=1 if backwards else 1000)
    found = figures(service, site, "0129370")
    wanted = {
        # Playback and content started in one session: one view, of one user.
        "views": 1,
        "unique_viewers": 1,
        "qualified_views": 1,
        # Watched: 0 to 278 until the pause; nothing while it was paused, buffered and sought; 278 to 392 after it was resumed (114 s
        # in 114 s); then the content from 0 to its heartbeat at 10. Its completion at 3600 a minute later is a jump, and ads are none of it.
        "watch_time_seconds": 278 + 114 + 10,
        # The last length told is the content's, 3600 s; covered is 0 to 392.
        "avg_watch_percentage": pytest.approx(100 * 392 / 3600, abs=1e-4),
        "completion_rate": 1,
        # Interrupted.
        "error_rate": 1,
        # The first heartbeat came 610 s after the start, at 10 s of the film; what was buffered before it is startup.
        "startup_time_seconds": 600,
        "rebuffer_ratio": 0,
        "exits_before_start": 0,
        "engagement_score": pytest.approx(10 * (0.5 * 392 / 3600 + 0.3 + 0.2)),
    }
    assert {name: found[name] for name in wanted} == wanted
    events = service.get(f"/api/v1/analytics/custom-events/{site}", DAY, site=site).json["results"]
    assert {row["name"]: row["events"] for row in events} == {
        "Video Ad Started": 1,
        "Video Ad Playing": 1,
        "Video Ad Completed": 1,
    }


def film(name: str, position: float, **more: Any) -> dict[str, Any]:
    return {
        "event": f"Video {name}",
        "anonymousId": "a",
        "properties": {"session_id": "s", "asset_id": "film", "total_length": 100, "position": position, **more},
    }


def test_buffering_quality_and_exit_of_segments_calls(service: Service) -> None:
    calls = [
        film("Playback Started", 0, quality="720p"),
        film("Content Playing", 10),
        film("Playback Buffer Started", 10),
        film("Playback Buffer Completed", 10),
        film("Content Playing", 20),
        film("Quality Updated", 20, quality="1080p"),
        film("Content Playing", 30),
        film("Playback Seek Started", 30, seek_position=60),
        film("Playback Seek Completed", 60),
        film("Content Playing", 70),
        film("Playback Exited", 70),
        # Whatever is told of a playback after its exit, nobody watched on to it.
        film("Content Playing", 80),
    ]
    send(service, "exit", calls, (0, 10, 11, 15, 25, 26, 36, 37, 39, 49, 50, 60))
    found = figures(service, "exit", "film")
    # 0 to 30, and 60 to 70; four seconds of buffering.
    assert found["watch_time_seconds"] == 40
    assert found["rebuffer_ratio"] == pytest.approx(4 / 44)
    assert (found["views"], found["completion_rate"], found["startup_time_seconds"]) == (1, 0, 0)
    quality = service.get("/api/metrics/video/film/quality", DAY, site="exit").json
    assert (quality["buffering_seconds"], quality["failed_views"]) == (4, 0)


@pytest.mark.parametrize(
    ("calls", "at", "watched"),
    [
        # 0 to 20, 2 s more until it was sought, then 35 to 45: the way between was not watched.
        (
            [film("Content Playing", 20), film("Playback Seek Completed", 35), film("Content Playing", 45)],
            (20, 22, 32),
            32,
        ),
        ([film("Playback Seek Started", 12, seek_position=60), film("Content Playing", 70)], (12, 23), 22),
        (
            [film("Playback Seek Started", 12), film("Playback Seek Completed", 60), film("Content Playing", 70)],
            (12, 13, 23),
            22,
        ),
        # Fifteen seconds of buffering, up to the next heartbeat.
        ([film("Playback Buffer Started", 15), film("Content Playing", 25)], (15, 30), 25),
        ([film("Playback Buffer Completed", 15), film("Content Playing", 25)], (20, 30), 25),
    ],
)
def test_one_half_of_a_pair_tells_what_both_do(
    service: Service, calls: list[dict[str, Any]], at: tuple[float, ...], watched: float
) -> None:
    site = f"half-{calls[0]['event'].replace(' ', '-')}-{len(calls)}"
    send(service, site, [film("Playback Started", 0), film("Content Playing", 10), *calls], (0, 10, *at))
    found = figures(service, site, "film")
    assert (found["views"], found["watch_time_seconds"]) == (1, watched)
    waited = 15 if "Buffer Started" in calls[0]["event"] else 0
    assert found["rebuffer_ratio"] == pytest.approx(waited / (waited + watched))


def test_ads_between_two_parts_are_no_watch_time(service: Service) -> None:
    """The example lifecycle of Segment's video spec, with its mid-roll ad."""
    ads = [("Ad Started", 0), ("Ad Playing", 10), ("Ad Playing", 20), ("Ad Completed", 21)]
    calls = [
        {"event": "Video Playback Started", "properties": {"content_asset_ids": ["film"], "position": 0}},
        film("Content Started", 0, pod_id="segA"),
        film("Content Playing", 10),
        film("Content Playing", 20),
        film("Playback Paused", 21, content_asset_id="film", ad_asset_id=None),
        film("Playback Resumed", 21),
        *(film(name, position, asset_id="ad123", total_length=21) for name, position in ads),
        film("Content Playing", 30, pod_id="segB"),
        film("Content Completed", 100),
        film("Playback Completed", 100),
    ]
    calls[0]["anonymousId"], calls[0]["properties"]["session_id"] = "a", "s"
    send(service, "midroll", calls, (0, 0.1, 10, 20, 21, 30, 31, 41, 51, 52, 61, 131, 131.1))
    found = figures(service, "midroll", "film")
    assert {
        name: found[name] for name in ("views", "watch_time_seconds", "avg_watch_percentage", "completion_rate")
    } == {
        "views": 1,
        "watch_time_seconds": 100,
        "avg_watch_percentage": 100,
        "completion_rate": 1,
    }
    assert service.get("/api/metrics/video/ad123", DAY, site="midroll").json.get("views", 0) == 0


PAGE = {"type": "page", "anonymousId": "a", "properties": {"url": "https://example.org/"}}
JOINING = {
    "identify": ("/v1/batch", {"type": "identify", "anonymousId": "a", "userId": "u", "traits": {"plan": "pro"}}),
    "alias": ("/v1/batch", {"type": "alias", "previousId": "a", "userId": "u"}),
    "group": ("/v1/batch", {"type": "group", "anonymousId": "a", "userId": "u", "groupId": "g"}),
    "$identify": ("/e", {"event": "$identify", "distinct_id": "u", "properties": {"$anon_distinct_id": "a"}}),
    "$create_alias": ("/e", {"event": "$create_alias", "distinct_id": "u", "properties": {"alias": "a"}}),
}


@pytest.mark.parametrize("name", JOINING)
@pytest.mark.parametrize("backwards", [False, True])
def test_who_is_identified_is_the_user_of_the_whole_visit(service: Service, name: str, backwards: bool) -> None:
    site = f"join-{list(JOINING).index(name)}-{backwards}"
    key = service.add_site(site, "UTC")["write"]
    # The user of another device, on the day before; then a visit that is anonymous before and after it is identified.
    tell(service, key, PAGE | {"anonymousId": "b", "userId": "u"}, -86_400)
    tell(service, key, PAGE, 0)
    path, call = JOINING[name]
    tell(service, key, call, 60, path)
    tell(service, key, PAGE, 120)
    tell(service, key, PAGE | {"anonymousId": "c"}, 180)
    if backwards:
        service.stream.reverse()
    service.flow(batch=1 if backwards else 1000)
    told = service.get(f"/api/v1/analytics/dashboard/{site}", "startDate=2026-05-09&endDate=2026-05-10", site=site).json
    # u and c; a is u.
    assert {name: told["metrics"][name] for name in ("visitors", "visits", "pageviews", "events")} == {
        "visitors": 2,
        "visits": 3,
        "pageviews": 4,
        "events": 0,
    }
    users = service.get(f"/api/v1/analytics/dashboard/{site}", "period=today", site=site).json["metrics"]
    assert (users["visitors"], users["visits"], users["visit_duration"]) == (2, 2, 60.0)


def profile(service: Service, site: str, user: str = "u") -> dict[str, Any] | int:
    answer = service.get(f"/api/v1/users/{user}", site=site)
    return answer.json if answer.status == 200 else answer.status


@pytest.mark.parametrize("backwards", [False, True])
def test_of_each_trait_the_latest_value_is_kept(service: Service, backwards: bool) -> None:
    site = f"traits-{backwards}"
    key = service.add_site(site, "Europe/Berlin")["write"]

    def identify(seconds: float, message_id: str, **traits: Any) -> None:
        call = {"type": "identify", "userId": "u", "messageId": message_id, "traits": traits}
        tell(service, key, call, seconds)

    identify(0, "1", plan="free", age=30, address={"city": "Bonn"}, note="x")
    identify(60, "2", plan="pro", note=None)
    identify(60, "3", plan="team")
    # Again, and later than everything: an event counts once, at its own time.
    identify(90, "1", plan="free", age=99)
    group = {"type": "group", "userId": "u", "groupId": "g", "traits": {"plan": "group's"}}
    tell(service, key, group, 70)
    other = {
        "event": "$identify",
        "distinct_id": "w",
        "$set": {"plan": "w's"},
        "properties": {"$anon_distinct_id": "a"},
    }
    tell(service, key, other, 70, "/e")
    service.flow(batch=3)
    assert profile(service, site) == {
        "user_id": "u",
        "traits": {"address": {"city": "Bonn"}, "age": 30, "plan": "team"},
        "updated_at": "2026-05-10T14:01:00+02:00",
    }
    assert profile(service, site, "w")["traits"] == {"plan": "w's"}  # type: ignore[index,call-overload]
    assert profile(service, site, "nobody") == 404


@pytest.mark.parametrize("backwards", [False, True])
def test_who_identifies_to_umami_is_the_user_of_the_whole_visit(service: Service, backwards: bool) -> None:
    site = f"umami-{backwards}"
    service.add_site(site, "UTC")

    def told(seconds: float, kind: str = "event", **payload: Any) -> None:
        service.clock.now = NOON + round(seconds * 1e6)
        body = {"type": kind, "payload": {"website": site, "hostname": "example.org", "url": "/a", **payload}}
        answer = service.send(body, write_key="None", path="/api/send", agent=AGENTS["chrome"])
        assert (answer.status, answer.json) == (200, {"success": True})

    # Umami keeps no id of a visitor: address and agent tell that it is the same one.
    told(0)
    told(10, "identify", id="u", data={"plan": "pro", "tags": ["a", "é😀"]})
    told(20, url="/b", id="u")
    told(25, name="signup", id="u", data={"revenue": 9.5, "currency": "EUR"})
    told(30, "performance", id="u", lcp=1200, cls=0.1)
    told(40, "engagement", id="u", engagement=15_000)
    if backwards:
        service.stream.reverse()
    service.flow(batch=1 if backwards else 1000)
    metrics = service.get(f"/api/v1/analytics/dashboard/{site}", DAY, site=site).json["metrics"]
    assert {name: metrics[name] for name in ("visitors", "visits", "pageviews", "events", "visit_duration")} == {
        "visitors": 1,
        "visits": 1,
        "pageviews": 2,
        "events": 1,
        "visit_duration": 40,
    }
    found = profile(service, site)
    assert isinstance(found, dict)
    assert found["traits"] == {"plan": "pro", "tags": ["a", "é😀"]}


def test_a_group_that_a_back_end_speaks_of_is_no_visitor(service: Service) -> None:
    key = service.add_site("groups", "UTC")["server"]
    group = {"$group_type": "company", "$group_key": "5", "$lib": "posthog-go"}
    batch = [
        {"event": "$groupidentify", "distinct_id": "$company_5", "properties": group},
        {"event": "signup", "distinct_id": "u", "properties": {"$lib": "posthog-go", "plan": None, "of": {"a": [1]}}},
    ]
    service.clock.now = NOON
    assert service.send({"api_key": key, "batch": batch}, write_key=key, path="/batch").status == 200
    service.flow()
    metrics = service.get("/api/v1/analytics/dashboard/groups", DAY, site="groups").json["metrics"]
    assert (metrics["visitors"], metrics["events"]) == (1, 1)
