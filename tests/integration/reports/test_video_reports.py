"""Lists, series, quality, retention, breakdown, users and peaks of videos, from events through the warehouse to the answer."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from streamgauge.events.models import Surroundings
from streamgauge.jobs.closing import close_day

from functions.api import video
from tests.integration.reports.conftest import get, store
from tests.support.stamped import stamped

VIDEO = "/api/metrics/video/v"
DAYS = "startDate=2026-11-18&endDate=2026-11-19"
GERMAN = Surroundings(country="DE", browser="Firefox")
SWEDISH = Surroundings(country="SE", browser="Firefox")


@pytest.fixture
def played(connection, site):
    """Two views of a video of 100 s (one watches its first half twice), one of a live stream, one of a bot."""
    one = {"site": "blog", "session_id": "1", "user_id": "ann", "duration": 100.0, "surroundings": GERMAN}
    two = {"site": "blog", "session_id": "2", "anonymous_id": "b", "duration": 100.0, "surroundings": SWEDISH}
    live = {"site": "blog", "session_id": "3", "user_id": "ann", "video_id": "live", "surroundings": GERMAN}
    store(
        connection,
        [
            stamped(
                "video_start",
                "2026-11-18 12:00:00",
                position=0.0,
                startup_time=1.0,
                quality="720p",
                bitrate=1000.0,
                **one,
            ),
            stamped("video_progress", "2026-11-18 12:00:50", position=50.0, quality="1080p", bitrate=3000.0, **one),
            stamped("seek", "2026-11-18 12:00:50", seek_from=50.0, seek_to=0.0, **one),
            stamped("video_progress", "2026-11-18 12:01:40", position=50.0, **one),
            stamped("video_start", "2026-11-19 13:30:00", position=0.0, startup_time=2.0, **two),
            stamped("video_progress", "2026-11-19 13:30:25", position=25.0, **two),
            stamped("video_buffer", "2026-11-19 13:30:25", position=25.0, buffer_seconds=5.0, **two),
            stamped("video_start", "2026-11-19 13:30:10", position=0.0, **live),
            stamped("video_progress", "2026-11-19 13:30:50", position=40.0, **live),
            stamped("video_start", "2026-11-19 13:30:10", site="blog", session_id="9", bot=True, position=0.0),
        ],
    )
    return site


def test_retention_counts_shares_and_repetitions(played):
    status, body, _ = get(video, f"{VIDEO}/retention", DAYS)
    assert status == 200
    assert body["views"] == 2
    points = {point["percent"]: (point["audience"], point["watches_per_view"]) for point in body["points"]}
    assert list(points) == list(range(100))
    assert points[0] == points[24] == (1.0, 1.5)
    assert points[25] == points[49] == (0.5, 1.0)
    assert points[50] == points[99] == (0.0, 0.0)
    _, day, _ = get(video, f"{VIDEO}/retention", "startDate=2026-11-19&endDate=2026-11-19")
    assert (day["views"], day["points"][24]["audience"], day["points"][25]["audience"]) == (1, 1.0, 0.0)


def test_a_live_stream_has_no_curve(played):
    _, body, _ = get(video, "/api/metrics/video/live/retention", DAYS)
    assert body["views"] == 0
    assert {(point["audience"], point["watches_per_view"]) for point in body["points"]} == {(0.0, 0.0)}


def test_retention_as_csv(played):
    _, body, headers = get(video, f"{VIDEO}/retention", DAYS, accept="text/csv")
    assert headers["Content-Type"].startswith("text/csv")
    assert body.splitlines()[:2] == ["percent,audience,watches_per_view", "0,1.0,1.5"]


def test_quality(played):
    _, body, _ = get(video, f"{VIDEO}/quality", DAYS)
    assert body["startup_time_seconds"] == 1.5
    assert body["startup_time_p90_seconds"] == pytest.approx(1.9)
    assert body["startup_time_mean_seconds"] == 1.5
    assert body["mean_bitrate_kbps"] == 2000.0
    assert body["renditions"] == [
        {"quality": "1080p", "watch_time_seconds": 50.0, "percentage": 50.0},
        {"quality": "720p", "watch_time_seconds": 50.0, "percentage": 50.0},
    ]
    assert (body["buffering_seconds"], body["rebuffer_ratio"]) == (5.0, pytest.approx(5 / 130))


def test_the_list_by_views_and_by_watch_time(played):
    _, body, _ = get(video, "/api/metrics/videos", DAYS)
    assert [(row["video_id"], row["views"], row["unique_viewers"]) for row in body["results"]] == [
        ("v", 2, 2),
        ("live", 1, 1),
    ]
    _, first, _ = get(video, "/api/metrics/videos", f"{DAYS}&limit=1&sort=watch_time")
    assert [row["video_id"] for row in first["results"]] == ["v"]
    _, second, _ = get(video, "/api/metrics/videos", f"{DAYS}&limit=1&sort=watch_time&cursor={first['next_cursor']}")
    assert ([row["video_id"] for row in second["results"]], second["next_cursor"]) == (["live"], None)


def test_breakdown(played):
    _, body, _ = get(video, f"{VIDEO}/breakdown", f"{DAYS}&by=country")
    assert [
        (row["name"], row["views"], row["unique_viewers"], row["watch_time_seconds"], row["percentage"])
        for row in body["results"]
    ] == [("DE", 1, 1, 100.0, 50.0), ("SE", 1, 1, 25.0, 50.0)]
    _, body, _ = get(video, f"{VIDEO}/breakdown", f"{DAYS}&by=browser")
    (row,) = body["results"]
    assert (row["name"], row["views"], row["startup_time_seconds"]) == ("Firefox", 2, 1.5)
    _, body, _ = get(video, f"{VIDEO}/breakdown", f"{DAYS}&by=device&bots=only")
    assert [(row["name"], row["views"]) for row in body["results"]] == [(None, 1)]
    assert get(video, f"{VIDEO}/breakdown", DAYS)[0] == 422


def test_days_whose_playbacks_are_gone_are_refused(connection, played):
    connection.execute("UPDATE site_days SET whole = false WHERE day = '2026-11-18'")
    for path, query in (
        (f"{VIDEO}/breakdown", "&by=os"),
        (f"{VIDEO}/timeseries", "&interval=hour"),
        ("/api/metrics/users/ann", ""),
        ("/api/metrics/realtime/peaks", "&video_id=v"),
    ):
        status, body, _ = get(video, path, DAYS + query)
        assert (status, "2026-11-19" in body["detail"]) == (422, True)


def test_days_and_hours(played):
    _, body, _ = get(video, f"{VIDEO}/timeseries", DAYS)
    assert [(row["bucket"], row["views"], row["unique_viewers"]) for row in body["results"]] == [
        ("2026-11-18", 1, 1),
        ("2026-11-19", 1, 1),
    ]
    _, body, _ = get(video, f"{VIDEO}/timeseries", f"{DAYS}&interval=hour")
    assert len(body["results"]) == 48
    assert {
        row["bucket"]: (row["views"], row["unique_viewers"], row["watch_time_seconds"])
        for row in body["results"]
        if row["views"]
    } == {"2026-11-18T12:00:00+01:00": (1, 1, 100.0), "2026-11-19T13:00:00+01:00": (1, 1, 25.0)}


def test_what_a_user_watched(played):
    _, body, _ = get(video, "/api/metrics/users/ann", DAYS)
    assert [(row["date"], row["views"], row["videos"], row["watch_time_seconds"]) for row in body["results"]] == [
        ("2026-11-18", 1, 1, 100.0),
        ("2026-11-19", 1, 1, 40.0),
    ]
    assert body["results"][0]["engagement_score"] == pytest.approx(10 * (0.5 * 0.5 + 0.2))
    assert body["engagement_score"] == pytest.approx(10 * (0.5 * 0.5 + 0.2))


def test_peaks_of_open_and_closed_days(connection, played):
    expected = [
        {"date": "2026-11-18", "concurrent_viewers": 1, "at": "2026-11-18T12:00:00+01:00"},
        {"date": "2026-11-19", "concurrent_viewers": 2, "at": "2026-11-19T13:30:10+01:00"},
    ]
    assert get(video, "/api/metrics/realtime/peaks", DAYS)[1]["results"] == expected
    for row in expected:
        close_day(connection, played.site_no, datetime.fromisoformat(row["date"]).replace(tzinfo=UTC).date())
    assert connection.execute("SELECT viewers FROM video_peaks ORDER BY day").fetchall() == [(1,), (2,)]
    assert get(video, "/api/metrics/realtime/peaks", DAYS)[1]["results"] == expected
    one = get(video, "/api/metrics/realtime/peaks", f"{DAYS}&video_id=live")[1]["results"]
    assert [row["concurrent_viewers"] for row in one] == [0, 1]


def test_a_pause_ends_what_is_live_and_a_seek_in_it_does_not_begin_it_again(connection, site):
    one, two = ({"site": "blog", "session_id": name} for name in "12")
    store(
        connection,
        [
            stamped("video_start", "2026-11-18 12:00:00", **one),
            stamped("video_pause", "2026-11-18 12:00:10", **one),
            stamped("seek", "2026-11-18 12:00:20", seek_to=50.0, **one),
            stamped("video_start", "2026-11-18 12:00:10", **two),
            stamped("video_start", "2026-11-18 12:01:10", site="blog", session_id="3"),
        ],
    )
    (row,) = get(video, "/api/metrics/realtime/peaks", "startDate=2026-11-18&endDate=2026-11-18")[1]["results"]
    assert row["concurrent_viewers"] == 1
    # A late event on a closed day is seen at once.
    close_day(connection, site.site_no, datetime(2026, 11, 18, tzinfo=UTC).date())
    store(connection, [stamped("video_progress", "2026-11-18 12:01:05", **two)])
    (row,) = get(video, "/api/metrics/realtime/peaks", "startDate=2026-11-18&endDate=2026-11-18")[1]["results"]
    assert (row["concurrent_viewers"], row["at"]) == (2, "2026-11-18T12:01:10+01:00")


def test_the_time_before(played):
    _, body, _ = get(video, VIDEO, "startDate=2026-11-19&endDate=2026-11-19&compare=previous")
    assert body["comparison"]["views"] == {"value": 1, "change": 0.0}
    assert body["comparison"]["watch_time_seconds"] == {"value": 100.0, "change": -75.0}
    assert body["comparison"]["startup_time_seconds"] == {"value": 1.0, "change": 100.0}
    assert body["comparison"]["unique_viewers"]["value"] == 1


def test_the_time_before_is_cut_where_today_stands(played, monkeypatch):
    for at, views, viewers in (("12:01", 1, 1), ("11:59", 0, 0)):
        now = datetime.fromisoformat(f"2026-11-19T{at}:00+01:00")
        monkeypatch.setattr(video, "_now", lambda now=now: int(now.timestamp()) * 1_000_000)
        comparison = get(video, VIDEO, "period=today&compare=previous")[1]["comparison"]
        assert (comparison["views"]["value"], comparison["unique_viewers"]["value"]) == (views, viewers)
        assert comparison["startup_time_seconds"]["value"] == views


def test_what_is_not_applied_is_refused(played):
    assert get(video, VIDEO, f"{DAYS}&country=DE")[0] == 422
    assert get(video, f"{VIDEO}/retention", f"{DAYS}&compare=previous")[0] == 422
    assert get(video, "/api/metrics/videos", f"{DAYS}&sort=completion")[0] == 422
