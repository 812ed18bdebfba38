"""The website reports: shapes, layers, ranges, lists and comparisons, from the request to the answer."""

from datetime import date, timedelta

import pytest
from streamgauge.dimensions import Dimension
from streamgauge.rollups.build import build_day
from streamgauge.rollups.ranges import Span
from streamgauge.settings import settings

from functions.api import web
from tests.integration.reports.conftest import get, store
from tests.support.stamped import instant, stamped

BASE = "/api/v1/analytics"
SPRING = "startDate=2026-03-28&endDate=2026-03-30"


@pytest.fixture
def at(monkeypatch):
    """Return what sets the time of day."""
    return lambda text: monkeypatch.setattr(web, "_now", lambda: instant(text))


def _three_days(rollups):
    for day, visits in ((date(2026, 3, 28), 2), (date(2026, 3, 30), 4)):
        rollups.day(day)
        amounts = {"visits": visits, "entries": visits, "bounces": 1, "duration": visits * 30_000_000}
        rollups.row(day, Dimension.TOTAL, "", visitors=visits, lasting=0, pageviews=3 * visits, events=1, **amounts)


def test_dashboard(rollups):
    _three_days(rollups)
    status, body, headers = get(web, f"{BASE}/dashboard/blog", SPRING)
    assert status == 200
    assert body == {
        "website_id": "blog",
        "range": {"start": "2026-03-28", "end": "2026-03-30", "timezone": "Europe/Berlin"},
        "metrics": {
            "visitors": 6,
            "visits": 6,
            "pageviews": 18,
            "events": 2,
            "views_per_visit": 3.0,
            "bounce_rate": pytest.approx(1 / 3),
            "visit_duration": 30.0,
        },
        "visitors_counted": "daily_sum",
        "timeseries": [
            {"bucket": "2026-03-28", "visitors": 2, "visits": 2, "pageviews": 6},
            {"bucket": "2026-03-29", "visitors": 0, "visits": 0, "pageviews": 0},
            {"bucket": "2026-03-30", "visitors": 4, "visits": 4, "pageviews": 12},
        ],
    }
    assert headers["Cache-Control"] == "private, max-age=60"


def test_dashboard_of_one_day_has_its_hours(connection, rollups):
    # The clocks went forward: the day has 23 hours.
    second = instant("2026-03-29 03:00") // 1_000_000
    connection.execute(
        "INSERT INTO rollup_hours (site_no, hour, bots, visitors, visits, pageviews) VALUES (%s, %s, false, 1, 2, 3)",
        [rollups.site_no, second],
    )
    _, body, _ = get(web, f"{BASE}/dashboard/blog/", "startDate=2026-03-29&endDate=2026-03-29")
    assert len(body["timeseries"]) == 23
    assert body["timeseries"][1]["bucket"] == "2026-03-29T01:00:00+01:00"
    assert body["timeseries"][2] == {"bucket": "2026-03-29T03:00:00+02:00", "visitors": 1, "visits": 2, "pageviews": 3}


def test_daily_and_hourly_rows_have_empty_buckets(rollups):
    _three_days(rollups)
    _, body, _ = get(web, f"{BASE}/daily-stats/blog", SPRING)
    empty = {"visitors": 0, "visits": 0, "pageviews": 0, "bounce_rate": 0.0, "visit_duration": 0.0}
    assert body["results"] == [
        {"date": "2026-03-28", "visitors": 2, "visits": 2, "pageviews": 6, "bounce_rate": 0.5, "visit_duration": 30.0},
        {"date": "2026-03-29", **empty},
        {
            "date": "2026-03-30",
            "visitors": 4,
            "visits": 4,
            "pageviews": 12,
            "bounce_rate": 0.25,
            "visit_duration": 30.0,
        },
    ]
    assert body["next_cursor"] is None
    _, body, _ = get(web, f"{BASE}/hourly-stats/blog", SPRING)
    assert len(body["results"]) == 24 + 23 + 24
    assert body["results"][0] == {"hour": "2026-03-28T00:00:00+01:00", **empty}
    status, body, _ = get(web, f"{BASE}/hourly-stats/blog", "startDate=2020-01-01&endDate=2026-01-01")
    assert (status, body["errors"][0]["loc"]) == (422, ["query", "startDate"])


def test_top_pages_with_their_own_rates(rollups):
    day = date(2026, 3, 28)
    rollups.row(day, Dimension.TOTAL, "", visitors=10, visits=12, entries=12, pageviews=30)
    page = {"visits": 8, "entries": 4, "bounces": 1, "pageviews": 10, "duration": 80_000_000, "page_time": 50_000_000}
    rollups.row(day, Dimension.PAGE, "/a", visitors=5, **page)
    rollups.row(day, Dimension.PAGE, "/c", visitors=2, visits=2, pageviews=2)
    rollups.row(day, Dimension.PAGE, "/b", visitors=2, visits=2, pageviews=2)
    rollups.row(day, Dimension.PAGE, "/gone")
    rollups.row(day, Dimension.EXIT_PAGE, "/b", visitors=2, visits=2, entries=2, bounces=2)
    query = "startDate=2026-03-28&endDate=2026-03-28"
    _, body, _ = get(web, f"{BASE}/top-pages/blog", query)
    assert body["results"][0] == {
        "name": "/a",
        "visitors": 5,
        "visits": 8,
        "pageviews": 10,
        "bounce_rate": 0.25,
        "visit_duration": 20.0,
        "percentage": 50.0,
        "time_on_page": 5.0,
    }
    assert [row["name"] for row in body["results"]] == ["/a", "/b", "/c"]
    assert body["visitors_counted"] == "distinct"
    _, body, _ = get(web, f"{BASE}/top-pages/blog", query + "&by=exit")
    assert [(row["name"], row["bounce_rate"], "time_on_page" in row) for row in body["results"]] == [("/b", 1.0, False)]
    assert get(web, f"{BASE}/top-pages/blog", query + "&by=size")[0] == 422


def test_pages_of_a_list_follow_each_other(rollups):
    day = date(2026, 3, 28)
    for number in range(7):
        rollups.row(day, Dimension.PAGE, f"/{number}", visitors=1 + number // 2)
    query, names = "startDate=2026-03-28&endDate=2026-03-28&limit=3", []
    cursor = ""
    while cursor is not None:
        _, body, _ = get(web, f"{BASE}/top-pages/blog", query + (f"&cursor={cursor}" if cursor else ""))
        names += [row["name"] for row in body["results"]]
        cursor = body["next_cursor"]
    assert names == ["/6", "/4", "/5", "/2", "/3", "/0", "/1"]
    assert get(web, f"{BASE}/top-pages/blog", query + "&cursor=x")[0] == 422


def test_a_month_is_its_row_and_its_open_days(connection, rollups):
    for day, closed, visitors in (
        (date(2026, 2, 3), True, 2),
        (date(2026, 2, 28), False, 3),
        (date(2026, 3, 1), False, 5),
    ):
        rollups.day(day, closed=closed)
        rollups.row(day, Dimension.PAGE, "/a", visitors=visitors, lasting=0, pageviews=visitors)
        rollups.row(day, Dimension.TOTAL, "", visitors=visitors, lasting=0)
    # The month layer is told apart by its amounts: it alone is read for the closed day.
    code = connection.execute("SELECT code FROM rollup_days WHERE dimension = 1").fetchall()[0][0]
    connection.execute(
        "INSERT INTO rollup_months (site_no, dimension, month, bots, code, name, visitors, pageviews) "
        "VALUES (%s, 1, '2026-02-01', false, %s, '/a', 2, 100)",
        [rollups.site_no, code],
    )
    _, body, _ = get(web, f"{BASE}/top-pages/blog", "startDate=2026-02-01&endDate=2026-03-31")
    assert [(row["visitors"], row["pageviews"], row["percentage"]) for row in body["results"]] == [(10, 108, 100.0)]
    # Of most of a month: the month, less its closed days outside. Of a few days: those.
    _, body, _ = get(web, f"{BASE}/top-pages/blog", "startDate=2026-02-02&endDate=2026-02-28")
    assert [(row["visitors"], row["pageviews"]) for row in body["results"]] == [(5, 103)]
    _, body, _ = get(web, f"{BASE}/top-pages/blog", "startDate=2026-02-04&endDate=2026-02-28")
    assert [(row["visitors"], row["pageviews"]) for row in body["results"]] == [(3, 101)]
    _, body, _ = get(web, f"{BASE}/top-pages/blog", "startDate=2026-02-20&endDate=2026-02-28")
    assert [(row["visitors"], row["pageviews"]) for row in body["results"]] == [(3, 3)]


def test_lasting_visitors_count_once_over_days(connection, site, rollups):
    everywhere, home = (Dimension.TOTAL, ""), (Dimension.PAGE, "/")
    for step, people in enumerate(({1, 2}, {1, 3}, {1, 2})):
        day = date(2026, 3, 1) + timedelta(days=step)
        rollups.people(day, {who: {everywhere, home} if who != 3 else {everywhere} for who in people})
        rollups.day(day, closed=step < 2)
        if step < 2:
            build_day(connection, site.site_no, day)
    query = "startDate=2026-03-01&endDate=2026-03-03"
    _, body, _ = get(web, f"{BASE}/dashboard/blog", query)
    assert (body["metrics"]["visitors"], body["visitors_counted"]) == (3, "distinct")
    # A month as a whole has no month rows here: the days alone are asked.
    _, body, _ = get(web, f"{BASE}/top-pages/blog", query)
    assert [(row["visitors"], row["percentage"]) for row in body["results"]] == [(2, pytest.approx(200 / 3))]


def test_bots(rollups):
    for bots, visitors in ((False, 2), (True, 3)):
        rollups.row(date(2026, 3, 28), Dimension.TOTAL, "", bots=bots, visitors=visitors, lasting=0)

    def visitors(asked):
        return get(web, f"{BASE}/dashboard/blog", SPRING + asked)[1]["metrics"]["visitors"]

    assert (visitors(""), visitors("&bots=include"), visitors("&bots=only")) == (2, 5, 3)


def test_csv(rollups):
    _three_days(rollups)
    rollups.row(date(2026, 3, 28), Dimension.PAGE, "=cmd()", visitors=1, lasting=0)
    status, body, headers = get(web, f"{BASE}/top-pages/blog", SPRING, accept="text/csv")
    assert status == 200
    assert headers["Content-Type"] == "text/csv; charset=utf-8"
    assert body.splitlines()[0].startswith("name,visitors,visits,pageviews,bounce_rate,visit_duration,percentage")
    assert body.splitlines()[1].startswith("'=cmd(),1,")
    _, body, _ = get(web, f"{BASE}/dashboard/blog", SPRING, accept="text/csv")
    assert body.splitlines() == [
        "bucket,visitors,visits,pageviews",
        "2026-03-28,2,2,6",
        "2026-03-29,0,0,0",
        "2026-03-30,4,4,12",
    ]


def test_others_may_not_read(rollups):
    assert get(web, f"{BASE}/dashboard/blog", site="shop")[0] == 403


def test_comparison_of_past_days_is_with_whole_days(rollups, at):
    at("2026-06-01 12:00")
    _three_days(rollups)
    _, body, _ = get(web, f"{BASE}/dashboard/blog", "startDate=2026-03-30&endDate=2026-03-31&compare=previous")
    assert body["comparison"]["visits"] == {"value": 2, "change": 100.0}
    assert body["comparison"]["bounce_rate"] == {"value": 0.5, "change": -50.0}
    assert set(body["comparison"]) == set(body["metrics"])
    _, body, _ = get(web, f"{BASE}/dashboard/blog", "startDate=2026-03-28&endDate=2026-03-28&compare=previous")
    assert body["comparison"]["visits"] == {"value": 0, "change": None}


def test_comparison_with_today_is_cut_to_the_instant(connection, site, at):
    def seen(when, person, kind="page_view"):
        store(connection, [stamped(kind, when, site="blog", anonymous_id=person)])

    for when, person in (
        ("2026-11-18 23:50", "over midnight"),
        ("2026-11-19 00:05", "over midnight"),
        ("2026-11-19 09:00", "early"),
        ("2026-11-19 12:10", "again"),
        ("2026-11-19 12:29:59.999999", "just before"),
        ("2026-11-19 12:30", "just after"),
        ("2026-11-19 12:31", "just before"),
        ("2026-11-19 20:00", "late"),
        ("2026-11-20 08:00", "today"),
    ):
        seen(when, person)
    seen("2026-11-19 12:12", "again", "custom")
    seen("2026-11-19 12:40", "again", "custom")
    at("2026-11-20 12:30")
    _, body, headers = get(web, f"{BASE}/dashboard/blog", "period=today&compare=previous")
    values = {name: one["value"] for name, one in body["comparison"].items()}
    assert values["visitors"] == 4
    assert values["visits"] == 3
    assert values["pageviews"] == 4
    assert values["events"] == 1
    assert values["bounce_rate"] == pytest.approx(1 / 3)
    assert headers["Cache-Control"] == "private, max-age=2"
    # Over two days the one who came over midnight is one; the first day counts whole.
    at("2026-11-21 12:30")
    _, body, _ = get(web, f"{BASE}/dashboard/blog", "startDate=2026-11-20&endDate=2026-11-21&compare=previous")
    assert {name: body["comparison"][name]["value"] for name in ("visitors", "visits", "pageviews")} == {
        "visitors": 4,
        "visits": 4,
        "pageviews": 5,
    }


def test_comparison_without_raw_rows_takes_a_share_of_the_hour(connection, site, at):
    store(connection, [stamped("page_view", "2026-11-19 12:45", site="blog", anonymous_id=f"{n}") for n in range(10)])
    connection.execute("UPDATE site_days SET closed = true, whole = false")
    at("2026-11-20 12:30")
    _, body, _ = get(web, f"{BASE}/dashboard/blog", "period=today&compare=previous")
    assert body["comparison"]["pageviews"]["value"] == 5


def test_a_range_of_ten_years_has_every_day(site):
    _, body, _ = get(web, f"{BASE}/daily-stats/blog", "startDate=2017-01-01&endDate=2026-12-31")
    assert len(body["results"]) == len(Span(date(2017, 1, 1), date(2026, 12, 31)).days)


@pytest.mark.parametrize(
    ("path", "dimension"),
    [
        ("top-referrers", Dimension.SOURCE),
        ("top-referrers?by=url", Dimension.REFERRER),
        ("top-countries", Dimension.COUNTRY),
        ("top-countries?by=region", Dimension.REGION),
        ("top-countries?by=city", Dimension.CITY),
        ("top-browsers", Dimension.BROWSER),
        ("top-devices", Dimension.DEVICE),
        ("top-devices?by=screen", Dimension.SCREEN),
        ("top-devices?by=language", Dimension.LANGUAGE),
        ("top-os", Dimension.OS),
        ("traffic-summary", Dimension.CHANNEL),
        ("traffic-summary?by=utm_campaign", Dimension.UTM_CAMPAIGN),
    ],
)
def test_each_dimension_has_a_list(rollups, path, dimension):
    day = date(2026, 3, 28)
    rollups.row(day, Dimension.TOTAL, "", visitors=8, visits=9, entries=9, pageviews=9)
    for name, visitors in (("b", 2), ("a", 2), ("c", 4)):
        rollups.row(day, dimension, name, visitors=visitors, visits=4, entries=4, bounces=1, duration=8_000_000)
    report, _, query = path.partition("?")
    _, body, _ = get(web, f"{BASE}/{report}/blog", f"startDate=2026-03-28&endDate=2026-03-28&limit=2&{query}")
    assert [row["name"] for row in body["results"]] == ["c", "a"]
    assert body["results"][0] == {
        "name": "c",
        "visitors": 4,
        "visits": 4,
        "pageviews": 0,
        "bounce_rate": 0.25,
        "visit_duration": 2.0,
        "percentage": 50.0,
    }
    assert body["next_cursor"]


@pytest.mark.parametrize("text", ["IP Geolocation by DB-IP (https://db-ip.com)", ""])
def test_places_are_attributed_where_their_database_asks_for_it(rollups, monkeypatch, text):
    monkeypatch.setenv("PLACES_ATTRIBUTION", text)
    settings.cache_clear()
    for path, shown in (("top-countries", text), ("top-countries?by=city", text), ("top-browsers", "")):
        report, _, query = path.partition("?")
        _, body, _ = get(web, f"{BASE}/{report}/blog", query)
        assert body.get("attribution", "") == shown


def test_custom_events(rollups):
    day = date(2026, 3, 28)
    rollups.row(day, Dimension.EVENT, "signup", visitors=3, events=7)
    rollups.row(day, Dimension.EVENT, "login", visitors=5, events=6)
    _, body, _ = get(web, f"{BASE}/custom-events/blog", "startDate=2026-03-28&endDate=2026-03-28")
    assert body["results"] == [
        {"name": "login", "events": 6, "visitors": 5},
        {"name": "signup", "events": 7, "visitors": 3},
    ]
    assert (body["next_cursor"], body["visitors_counted"]) == (None, "distinct")
