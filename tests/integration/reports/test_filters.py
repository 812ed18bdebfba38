"""Website reports with filters: equal to those without when all meets them, and to a count of the events alone."""

from __future__ import annotations

import random

import pytest
from streamgauge.events.models import Acquisition, Page, Surroundings

from functions.api import web
from tests.integration.reports.conftest import get, store
from tests.support.stamped import instant, person_hash, stamped

BASE = "/api/v1/analytics"
RANGE = "startDate=2026-03-27&endDate=2026-03-30"
HOUR = 3_600_000_000
REPORTS = (
    "dashboard",
    "daily-stats",
    "hourly-stats",
    "top-pages",
    "top-pages?by=entry",
    "top-pages?by=exit",
    "top-countries",
    "top-browsers",
    "top-referrers",
    "custom-events",
)
EVERYTHING = (
    "country=!nowhere",
    "event=!nothing",
    "prop:plan=!none",
    "browser=!~none&prop:x=",
    "source=!none&event=!no",
)


def traffic(seed: int, count: int = 60):
    """Return a few days of mixed traffic over a change of clocks."""
    chance = random.Random(seed)
    begin = instant("2026-03-26 20:00")
    events = []
    for _ in range(count):
        person = f"p{chance.randrange(6)}"
        at = begin + chance.randrange(100) * HOUR + chance.randrange(0, 7000) * 1_000_000
        for _ in range(chance.randrange(1, 4)):
            at += chance.randrange(1, 1500) * 1_000_000 + len(events)
            kind = chance.choice(("page_view", "page_view", "page_view", "custom", "custom", "video_progress"))
            path = chance.choice(("/", "/a", "/b", "/blog/x"))
            values = {
                "acquisition": chance.choice((Acquisition(), Acquisition(source="Google", channel="search"))),
                "surroundings": Surroundings(
                    country=chance.choice((None, "DE", "FR")), browser=chance.choice(("Chrome", "Firefox"))
                ),
                "properties": chance.choice((None, {"plan": "pro"}, {"plan": "free", "n": 1})),
                "interactive": chance.random() < 0.7,
                "bot": person == "p5",
            }
            if kind != "video_progress":
                values["page"] = Page(f"https://x.test{path}", path)
            if kind == "custom":
                values["name"] = chance.choice(("signup", "login"))
            if person in {"p1", "p2"}:
                values["anonymous_id"] = person
            if person == "p2" and chance.random() < 0.5:
                values["user_id"] = chance.choice(("u1", "u2"))
            if person == "p4":
                values |= {"touches_visit": False, "user_id": "server"}
            events.append(stamped(kind, at, site="blog", person=person, path=path, **values))
    events.sort(key=lambda event: event.time)
    assert person_hash("p0", begin, "Europe/Berlin")
    return events


def ask(report, query):
    path, _, more = report.partition("?")
    status, body, _ = get(web, f"{BASE}/{path}/blog", "&".join(filter(None, (RANGE, "limit=1000", more, query))))
    assert status == 200, body
    return body


@pytest.fixture(scope="module", params=range(2))
def seed(request):
    """Return which traffic."""
    return request.param


def test_a_filter_that_all_meet_changes_nothing(connection, site, seed):
    store(connection, traffic(seed))
    for report in REPORTS:
        for bots in ("", "bots=include"):
            wanted = ask(report, bots)
            for everything in EVERYTHING:
                found = ask(report, f"{everything}&{bots}")
                if "prop" in everything or "event" in everything:
                    for rows in (wanted, found):
                        for row in rows.get("results", []):
                            if "time_on_page" in row:
                                del row["time_on_page"]
                assert found == wanted, (report, everything, bots)


@pytest.mark.parametrize(
    ("query", "report", "row"),
    [
        ("country=DE", "top-countries", "DE"),
        ("browser=Chrome", "top-browsers", "Chrome"),
        ("source=Google", "top-referrers", "Google"),
        ("entry_page=/a/", "top-pages?by=entry", "/a"),
        ("exit_page=/b", "top-pages?by=exit", "/b"),
        ("page=/a", "top-pages", "/a"),
        ("page=~BLOG", "top-pages", "/blog/x"),
        ("country=!FR|&country=DE", "top-countries", "DE"),
    ],
)
def test_a_dashboard_of_a_value_is_its_row(connection, site, seed, query, report, row):
    store(connection, traffic(seed))
    rows = {one["name"]: one for one in ask(report, "")["results"]}
    metrics = ask("dashboard", query)["metrics"]
    for name in ("visitors", "visits", "pageviews", "bounce_rate", "visit_duration"):
        assert metrics[name] == pytest.approx(rows[row][name]), name
    found = ask(report, query)["results"]
    assert {name: found[0][name] for name in ("name", "visitors", "visits", "pageviews")} == {
        name: rows[row][name] for name in ("name", "visitors", "visits", "pageviews")
    }
    assert found[0]["percentage"] == 100


def test_filters_of_events_against_a_plain_count(connection, site, seed):
    events = traffic(seed)
    store(connection, events)
    begin, end = instant("2026-03-27 00:00"), instant("2026-03-31 00:00")
    held = [event for event in events if begin <= event.time < end and not event.bot]
    for query, met in (
        ("event=signup", lambda event: event.name == "signup"),
        ("event=signup|login", lambda event: event.kind == "custom"),
        ("event=!", lambda event: event.kind == "custom"),
        ("event=~SIGN", lambda event: event.name == "signup"),
        ("page=/a&event=signup", lambda event: event.name == "signup" and event.page.path == "/a"),
        ("prop:plan=pro", lambda event: (event.properties or {}).get("plan") == "pro"),
        ("prop:n=1&event=login", lambda event: event.name == "login" and "n" in (event.properties or {})),
        ("page=/a|/b", lambda event: event.kind == "page_view" and event.page.path in {"/a", "/b"}),
        ("page=!", lambda event: event.kind == "page_view"),
    ):
        mine = [event for event in held if met(event)]
        # Visitors outside visits meet filters of events alone.
        metrics = ask("dashboard", query)["metrics"]
        assert metrics["pageviews"] == sum(event.kind == "page_view" for event in mine), query
        assert metrics["events"] == sum(event.kind == "custom" for event in mine), query
        rows = ask("custom-events", query)["results"]
        if "page=/a|" not in query and query != "page=!":
            names = [event.name for event in mine if event.kind == "custom"]
            assert {row["name"]: row["events"] for row in rows} == {name: names.count(name) for name in set(names)}


def test_days_without_raw_rows_are_refused(connection, site):
    store(connection, traffic(0))
    connection.execute("UPDATE site_days SET whole = false WHERE day <= '2026-03-28'")
    status, body, _ = get(web, f"{BASE}/top-os/blog", f"{RANGE}&os=!x")
    assert status == 422
    assert "2026-03-29" in body["detail"]
    assert get(web, f"{BASE}/top-os/blog", "startDate=2026-03-29&endDate=2026-03-30&os=!x")[0] == 200


def test_unknown_names_and_wrong_filters_are_told(site):
    for query, name in (("colour=red", "colour"), ("country=~", "country"), ("prop:=x", "prop:")):
        status, body, _ = get(web, f"{BASE}/dashboard/blog", query)
        assert (status, body["errors"][0]["loc"]) == (422, ["query", name])
