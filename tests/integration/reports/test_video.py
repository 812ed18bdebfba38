"""The figures of a video, from events through the warehouse to the answer."""

from datetime import date

import pytest
from streamgauge.rollups.build import build_day

from functions.api import video
from tests.integration.reports.conftest import get, store
from tests.support.stamped import stamped

PATH = "/api/metrics/video/v"
DAYS = "startDate=2026-11-18&endDate=2026-11-19"
SEED = (
    "video_id",
    "views",
    "unique_viewers",
    "watch_time_seconds",
    "avg_watch_percentage",
    "completion_rate",
    "engagement_score",
)
BEYOND = ("qualified_views", "startup_time_seconds", "rebuffer_ratio", "error_rate", "exits_before_start")


@pytest.fixture
def played(connection, site):
    """Three playbacks of a video of 100 s: one to the end, one that fails at 50 s, one that never begins."""
    one = {"site": "blog", "session_id": "1", "user_id": "ann", "duration": 100.0}
    two = {"site": "blog", "session_id": "2", "user_id": "ann", "duration": 100.0}
    three = {"site": "blog", "session_id": "3", "user_id": "bob"}
    store(
        connection,
        [
            stamped("video_start", "2026-11-18 12:00:00", position=0.0, startup_time=1.0, **one),
            stamped("video_progress", "2026-11-18 12:01:00", position=60.0, **one),
            stamped("video_buffer", "2026-11-18 12:01:00", position=60.0, buffer_seconds=2.0, **one),
            stamped("video_complete", "2026-11-18 12:01:42", position=100.0, **one),
            stamped("video_start", "2026-11-19 12:00:00", position=0.0, startup_time=2.0, **two),
            stamped("video_progress", "2026-11-19 12:00:25", position=25.0, **two),
            stamped("video_error", "2026-11-19 12:00:50", position=50.0, **two),
            stamped("video_start", "2026-11-19 13:00:00", startup_time=6.0, **three),
        ],
    )
    build_day(connection, site.site_no, date(2026, 11, 18))
    connection.execute("UPDATE site_days SET closed = true WHERE day = '2026-11-18'")
    return site


def test_all_figures(played):
    status, body, headers = get(video, PATH, DAYS)
    assert status == 200
    assert body == {
        "video_id": "v",
        "range": {"start": "2026-11-18", "end": "2026-11-19", "timezone": "Europe/Berlin"},
        "views": 3,
        "unique_viewers": 2,
        "watch_time_seconds": 150.0,
        "avg_watch_percentage": 75.0,
        "completion_rate": pytest.approx(1 / 3),
        "engagement_score": pytest.approx(10 * (0.5 * 0.75 + 0.3 / 3 + 0.2 * (1 - 10 * 2 / 152))),
        "qualified_views": 2,
        "startup_time_seconds": 2.0,
        "rebuffer_ratio": pytest.approx(2 / 152),
        "error_rate": pytest.approx(1 / 3),
        "exits_before_start": 1,
        "viewers_counted": "distinct",
    }
    assert {*SEED, *BEYOND} <= set(body)
    assert headers["Cache-Control"].startswith("private, max-age=")


def test_a_day_by_itself(played):
    _, body, _ = get(video, PATH + "/", "startDate=2026-11-19&endDate=2026-11-19")
    assert (body["views"], body["unique_viewers"], body["startup_time_seconds"]) == (2, 2, 4.0)


def test_a_video_that_nobody_has_played_has_zeros(played):
    status, body, _ = get(video, "/api/metrics/video/another", DAYS)
    assert status == 200
    assert {value for name, value in body.items() if name in {*SEED[1:], *BEYOND}} == {0}


@pytest.mark.parametrize(
    ("part", "named"), [("/films/a.webm", "/films/a.webm"), ("a/b", "a/b"), ("100%25 fun", "100% fun")]
)
@pytest.mark.parametrize("report", ["", "/retention", "/quality", "/timeseries", "/breakdown"])
def test_an_id_is_any_text_such_as_the_path_of_a_file(site, part, named, report):
    query = f"{DAYS}&by=country" if report == "/breakdown" else DAYS
    status, body, _ = get(video, f"/api/metrics/video/{part}{report}", query)
    assert (status, body["video_id"]) == (200, named)


def test_bots_are_left_out(connection, played):
    store(connection, [stamped("video_start", "2026-11-19 15:00", site="blog", session_id="9", bot=True)])
    assert get(video, PATH, DAYS)[1]["views"] == 3
    assert get(video, PATH, DAYS + "&bots=only")[1]["views"] == 1


def test_csv(played):
    _, body, headers = get(video, PATH, DAYS, accept="text/csv")
    assert headers["Content-Type"] == "text/csv; charset=utf-8"
    assert body.splitlines()[0].startswith("video_id,views,unique_viewers,watch_time_seconds")
    assert body.splitlines()[1].startswith("v,3,2,150.0,75.0,")


def test_the_site_is_the_callers(played):
    assert get(video, PATH, "website_id=shop")[0] == 403
    assert get(video, PATH, "website_id=blog", site="*")[0] == 200
    assert get(video, PATH, "", site="*")[0] == 422
