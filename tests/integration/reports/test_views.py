"""View counters: who may read them, for how long they may be kept, and closing past periods by hand."""

import json
from dataclasses import replace

import pytest
from streamgauge.access import registry
from streamgauge.store import dynamo
from streamgauge.views.reports import HeldStats

from functions.api import views
from tests.integration.reports.conftest import get
from tests.support.requests import key, request

PATH = "/api/analytics/stats/v"


@pytest.fixture
def counters(site, monkeypatch):
    """Return the counters of the site, by video."""
    held: dict[str, int] = {}

    def batch_get(table, keys):
        assert table == "counters"
        return [{**one, "n": held[one["pk"]]} for one in keys if one["pk"] in held]

    monkeypatch.setattr(dynamo, "batch_get", batch_get)
    monkeypatch.setattr(dynamo, "get_item", lambda *_: None)
    monkeypatch.setattr(views, "held", HeldStats())
    return held


def test_stats(counters):
    counters["blog#view#v"] = 2**40
    status, body, headers = get(views, PATH)
    assert (status, body) == (200, {"viewsToday": 2**40, "viewsMonth": 2**40, "viewsTotal": 2**40})
    assert headers["Cache-Control"] == "max-age=30"
    counters["blog#view#v"] = 1
    assert get(views, PATH + "/")[1]["viewsTotal"] == 2**40
    assert get(views, PATH, **{"cache-control": "no-cache"})[1]["viewsTotal"] == 1


def test_an_unknown_video(counters):
    status, body, headers = get(views, PATH)
    assert (status, body["detail"]) == (404, "Video not found")
    assert headers["Cache-Control"] == "no-store"


def test_only_a_site_that_says_so_shows_them_to_anybody(site, counters, monkeypatch):
    counters["blog#view#v"] = 3

    def status(query, caller=None):
        return views.handler(request("GET", PATH, query=query, caller=caller), None)["statusCode"]

    assert status("website_id=blog") == 401
    assert status("website_id=blog", key("blog", "write")) == 403
    public = replace(site, settings={"public_view_stats": True})
    monkeypatch.setattr(registry, "find_site", {"blog": public}.get)
    assert status("website_id=blog") == 200
    assert status("website_id=blog", key("blog", "write")) == 200
    assert status("") == 401
    assert status("website_id=another") == 401


@pytest.mark.parametrize("caller", [key("blog", "admin"), key("*", "admin")])
@pytest.mark.parametrize(("period", "past"), [("daily", "day#2020-01-01"), ("monthly", "month#2020-01")])
def test_a_reset_closes_what_is_past_once(connection, site, caller, period, past):
    for video in ("v", "w"):
        connection.execute(
            "INSERT INTO view_counters VALUES (%s, %s, %s, 5, 1), (%s, %s, %s, 5, 1)",
            [site.site_no, video, past, site.site_no, video, "total"],
        )
    # Its raw views have left long ago.
    connection.execute("INSERT INTO site_days VALUES (%s, '2020-01-01', true, false, false)", [site.site_no])

    def reset():
        answer = views.handler(request("POST", f"/api/analytics/reset/{period}", caller=caller), None)
        assert answer["statusCode"] == 200
        return json.loads(answer["body"])

    assert reset() == {"message": f"Reset {period} views for 2 videos"}
    assert reset() == {"message": f"Reset {period} views for 0 videos"}
    assert connection.execute("SELECT DISTINCT n FROM view_counters").fetchall() == [(5,)]


def test_only_an_administrator_may_reset(site):
    answer = views.handler(request("POST", "/api/analytics/reset/daily", caller=key("blog", "read")), None)
    assert answer["statusCode"] == 403
