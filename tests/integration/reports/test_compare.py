"""Every website report beside the time before: equal to that time's own report, and cut at the same elapsed part."""

import pytest

from functions.api import journeys, web
from tests.integration.reports.conftest import get, store
from tests.integration.reports.test_filters import BASE, traffic
from tests.support.stamped import instant, stamped

LISTS = (
    "top-pages",
    "top-pages?by=entry",
    "top-pages?by=exit",
    "top-countries",
    "top-browsers",
    "top-referrers",
    "traffic-summary",
    "custom-events",
)
FILTERS = ("", "source=Google", "page=/a", "event=signup", "prop:plan=pro", "browser=Chrome&page=!/b")
NOW = "startDate=2026-03-28&endDate=2026-03-30"
THEN = "startDate=2026-03-25&endDate=2026-03-27"


@pytest.fixture
def at(monkeypatch):
    """Return what sets the time of day."""
    return lambda text: monkeypatch.setattr(web, "_now", lambda: instant(text))


@pytest.fixture(params=range(2))
def stored(request, connection, site):
    """Store a few days of mixed traffic."""
    store(connection, traffic(request.param, 60))


def ask(report, *query):
    path, _, by = report.partition("?")
    status, body, _ = get(web, f"{BASE}/{path}/blog", "&".join(filter(None, ("limit=1000", by, *query))))
    assert status == 200, body
    return body


def values(row):
    return {name: one["value"] for name, one in row["comparison"].items()}


@pytest.mark.parametrize("filters", FILTERS)
def test_past_days_are_compared_with_the_report_of_the_days_before(stored, at, filters):
    at("2026-06-01 12:00")
    body, was = ask("dashboard", NOW, filters, "compare=previous"), ask("dashboard", THEN, filters)
    assert values(body) == pytest.approx(was["metrics"])
    for report in LISTS:
        before = {row.pop("name"): row for row in ask(report, THEN, filters)["results"]}
        for row in ask(report, NOW, filters, "compare=previous")["results"]:
            there = before.get(row["name"], dict.fromkeys(row["comparison"], 0))
            wanted = {name: value for name, value in there.items() if value is not None}
            assert values(row) == pytest.approx(wanted), (report, row["name"])
            name = "visitors"
            change = (row[name] - there[name]) / there[name] * 100 if there[name] else None
            assert row["comparison"][name]["change"] == (None if change is None else pytest.approx(change))
        assert all("comparison" not in row for row in ask(report, NOW, filters)["results"])
    days = ask("daily-stats", THEN, filters)["results"]
    for row, before in zip(ask("daily-stats", NOW, filters, "compare=previous")["results"], days, strict=True):
        assert values(row) == {name: value for name, value in before.items() if name != "date"}


@pytest.mark.parametrize("bots", ["", "bots=include"])
def test_rows_are_cut_as_the_dashboard_is(stored, at, bots):
    at("2026-03-30 15:10")
    total = values(ask("dashboard", NOW, bots, "compare=previous"))
    for report in ("daily-stats", "hourly-stats"):
        rows = [values(row) for row in ask(report, NOW, bots, "compare=previous")["results"]]
        assert sum(row["pageviews"] for row in rows) == total["pageviews"]
        assert sum(row["visits"] for row in rows) == total["visits"]
    # Put together in another way: from rows of visits and events alone.
    for report in ("dashboard", *LISTS, "daily-stats", "hourly-stats"):
        plain, filtered = (
            ask(report, NOW, bots, "compare=previous", everything) for everything in ("", "country=!nowhere")
        )
        for body in (plain, filtered):
            body.pop("visitors_counted", None)
        assert filtered == plain, report


def test_hours_are_compared_by_their_local_time(connection, site, at):
    # The clocks go forward at two on the 29th: that day has no such hour, and the day after is compared with 23 hours.
    for when in ("2026-03-28 02:30", "2026-03-28 03:30", "2026-03-29 03:30", "2026-03-29 23:30"):
        store(connection, [stamped("page_view", when, site="blog", anonymous_id=when)])
    at("2026-06-01 12:00")
    rows = ask("hourly-stats", "startDate=2026-03-29&endDate=2026-03-29&compare=previous")["results"]
    assert [row["comparison"]["pageviews"]["value"] for row in rows][:4] == [0, 0, 1, 0]
    rows = ask("hourly-stats", "startDate=2026-03-30&endDate=2026-03-30&compare=previous")["results"]
    assert [number for number, row in enumerate(rows) if values(row)["pageviews"]] == [3, 23]


def test_lists_take_the_elapsed_share_of_a_day_without_raw_rows(connection, site, at):
    store(connection, [stamped("page_view", "2026-11-19 12:45", site="blog", anonymous_id=f"{n}") for n in range(10)])
    store(connection, [stamped("page_view", "2026-11-20 10:00", site="blog", anonymous_id="1")])
    connection.execute("UPDATE site_days SET closed = true, whole = false WHERE day = '2026-11-19'")
    at("2026-11-20 12:00")
    (row,) = ask("top-pages", "period=today&compare=previous")["results"]
    assert (values(row)["visitors"], values(row)["pageviews"]) == (5, 5)
    assert values(ask("dashboard", "period=today&compare=previous"))["visitors"] == 5


@pytest.mark.parametrize("report", ["retention", "paths?page=/a"])
def test_journeys_are_not_compared(site, report):
    path, _, more = report.partition("?")
    status, body, _ = get(journeys, f"{BASE}/{path}/blog", f"{more}&compare=previous")
    assert (status, body["errors"][0]["loc"]) == (422, ["query", "compare"])
