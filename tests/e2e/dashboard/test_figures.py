"""The figures on the page are the API's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.e2e.dashboard.look import Look
    from tests.e2e.dashboard.traffic import Site

pytestmark = pytest.mark.e2e


def whole(value: float) -> str:
    return f"{value:,.0f}"


def rate(value: float) -> str:
    return f"{value * 100:.{1 if 0 < value < 0.1 else 0}f} %"


def test_overview(wide: Look, site: Site) -> None:
    wide.go("overview?period=7d")
    metrics = site.report(f"dashboard/{site.site_id}?period=7d")["metrics"]
    shown = wide.figures("Website")
    assert (shown["Visitors"], shown["Page views"]) == (whole(metrics["visitors"]), whole(metrics["pageviews"]))
    videos = site.get(f"/api/metrics/videos?period=7d&website_id={site.site_id}")["results"]
    assert wide.rows("Videos", 0, 1) == [(one["video_id"], whole(one["views"])) for one in videos]


def test_website(wide: Look, site: Site) -> None:
    wide.go("website?period=7d")
    metrics = site.report(f"dashboard/{site.site_id}?period=7d")["metrics"]
    shown = wide.figures("Figures")
    assert {name: shown[name] for name in ("Visitors", "Visits", "Page views", "Events", "Bounce rate")} == {
        "Visitors": whole(metrics["visitors"]),
        "Visits": whole(metrics["visits"]),
        "Page views": whole(metrics["pageviews"]),
        "Events": whole(metrics["events"]),
        "Bounce rate": rate(metrics["bounce_rate"]),
    }
    for card, report in [("Pages", "top-pages"), ("Sources", "top-referrers"), ("Technology", "top-browsers")]:
        rows = site.report(f"{report}/{site.site_id}?period=7d")["results"]
        assert wide.rows(card, 0, 1) == [(one["name"], whole(one["visitors"])) for one in rows]
    events = site.report(f"custom-events/{site.site_id}?period=7d")["results"]
    assert wide.rows("Events", 0, 1, 2) == [(e["name"], whole(e["events"]), whole(e["visitors"])) for e in events]
    goals = site.report(f"goals/{site.site_id}?period=7d")["results"]
    assert wide.rows("Goals", 0, 1) == [(one["name"], whole(one["visitors"])) for one in goals]


def test_one_video(wide: Look, site: Site) -> None:
    wide.go("videos/film?period=7d")
    video = site.get(f"/api/metrics/video/film?period=7d&website_id={site.site_id}")
    shown = wide.figures("Figures")
    assert shown["Views"] == whole(video["views"])
    assert shown["Viewers"] == whole(video["unique_viewers"])
    assert shown["Completed"] == rate(video["completion_rate"])
    parts = site.get(f"/api/metrics/video/film/breakdown?by=device&period=7d&website_id={site.site_id}")["results"]
    wide.card("Who watches").get_by_role("button", name="Device").click()
    wide.wait()
    assert wide.rows("Who watches", 0, 1) == [(one["name"] or "(unknown)", whole(one["views"])) for one in parts]


def test_media_server(wide: Look, site: Site) -> None:
    wide.go("media?period=7d")
    server = site.report(f"server?website_id={site.site_id}")
    shown = wide.figures("The server")
    assert (shown["Plays"], shown["Users"]) == (whole(server["total_plays"]), whole(server["total_users"]))
    now = site.report(f"sessions/active?website_id={site.site_id}")["results"]
    assert {row[0] for row in wide.rows("Who watches now", 0)} == {one["user_id"] for one in now}


def test_one_user(wide: Look, site: Site) -> None:
    wide.go("media/sharer?period=7d")
    user = site.report(f"users/sharer?period=7d&website_id={site.site_id}")
    assert wide.figures("Figures")["Plays"] == whole(user["plays"])
    sessions = site.report(f"sessions/user/sharer?limit=100&website_id={site.site_id}")["results"]
    assert len(wide.rows("Sessions")) == len(sessions)


def test_funnels(wide: Look, site: Site) -> None:
    funnels = site.get(f"/api/v1/funnels?website_id={site.site_id}&limit=200")["results"]
    (made,) = (one for one in funnels if one["name"] == "Sign up")
    wide.go("funnels?period=7d")
    wide.page.get_by_role("link", name="Sign up", exact=True).click()
    wide.page.get_by_role("heading", level=1, name="Sign up").wait_for()
    wide.wait()
    found = site.get(f"/api/v1/funnels/{made['funnel_id']}/analytics/detailed?period=7d")
    assert wide.figures("Figures") == {
        "Entered": whole(found["entries"]),
        "Converted": whole(found["conversions"]),
        "Conversion": rate(found["conversion_rate"]),
    }
    assert found["conversions"] > 0


def test_operation(wide: Look, site: Site) -> None:
    wide.go("operation?period=7d")
    letters = site.get(f"/api/v1/dead-letters?website_id={site.site_id}&limit=50")
    assert len(wide.rows("Dead letters")) == len(letters["results"]) > 0
    health = site.get("/api/metrics/health")["dependencies"]
    assert {row[0]: row[1] for row in wide.rows("Health", 0, 1)} == health


def test_a_click_filters_and_the_address_shows_the_same_to_others(wide: Look, site: Site) -> None:
    wide.go("website?period=7d")
    wide.card("Pages").get_by_role("button", name="/page-1").click()
    chip = wide.page.get_by_role("button", name=re.compile("Remove the filter page"))
    chip.wait_for()
    address = wide.page.url
    assert "page=%2Fpage-1" in address
    assert site.keys["admin"] not in address
    wide.go("overview")
    wide.page.goto(address)
    chip.wait_for()
    wide.wait()
    answer = site.report(f"dashboard/{site.site_id}?period=7d&page=/page-1")
    assert wide.figures("Figures")["Visitors"] == whole(answer["metrics"]["visitors"])
    chip.click()
    chip.wait_for(state="detached")


def test_a_list_is_downloaded_as_csv(wide: Look) -> None:
    wide.go("website?period=7d")
    with wide.page.expect_download() as waiting:
        wide.page.get_by_role("button", name="Download top-pages as CSV").click()
    assert waiting.value.path().read_text().startswith("name,")
    assert waiting.value.suggested_filename == "top-pages.csv"
