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


def traffic(seed: int, count: int = 150):
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


def test_unknown_names_and_wrong_filters_are_told(site):
    for query, name in (("colour=red", "colour"), ("country=~", "country"), ("prop:=x", "prop:")):
        status, body, _ = get(web, f"{BASE}/dashboard/blog", query)
        assert (status, body["errors"][0]["loc"]) == (422, ["query", name])
