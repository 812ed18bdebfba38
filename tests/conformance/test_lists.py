"""Lists as such: their pages put together are the whole, and their CSV says what their JSON says."""

from __future__ import annotations

import csv
import io

import pytest

from tests.conformance.cases import AGENTS, moment

LISTS = [
    "top-pages",
    "top-pages?by=entry",
    "top-pages?by=exit",
    "top-referrers",
    "top-referrers?by=url",
    "top-countries",
    "top-countries?by=city",
    "top-browsers",
    "top-os",
    "top-devices",
    "top-devices?by=screen",
    "traffic-summary",
    "traffic-summary?by=utm_campaign",
    "custom-events",
]
SERIES = ["daily-stats", "hourly-stats"]
RANGE = "startDate=2026-05-09&endDate=2026-05-10"


@pytest.fixture(scope="module")
def site(service):
    """Send 40 visits of two days with names of every kind, ties and spreadsheet formulas among them."""
    keys = service.add_site("lists", "Europe/Berlin", ["example.org"])
    places = ["81.2.69.142", "89.160.20.112", "216.160.83.56", "203.0.113.1"]
    for number in range(40):
        service.clock.now = moment(f"2026-05-{9 + number % 2:02d} {8 + number // 4:02d}:{number:02d}", "Europe/Berlin")
        visitor = {"anonymous_id": f"v{number % 23}", "screen": f"{800 + 100 * (number % 9)}x600"}
        first = {
            "event_type": "page_view",
            "url": f'/=page,{number % 13}"?utm_campaign=@c{number % 7}',
            "referrer": f"https://r{number % 11}.example.net/p{number % 5}",
            **visitor,
        }
        agent = list(AGENTS.values())[number % 3]
        for event in (first, {"event_type": f"-event {number % 12}", **visitor}, {**first, "url": f"/b/{number % 3}"}):
            sent = service.send(event, write_key=keys["write"], address=places[number % 4], agent=agent)
            assert sent.status == 202, sent.text
            service.clock.now += 60_000_000
    service.flow()
    service.clock.now = moment("2026-05-20 12:00", "Europe/Berlin")
    return "lists"


def ask(service, site, report, query="", accept="application/json"):
    name, _, by = report.partition("?")
    asked = "&".join(part for part in (RANGE, by, query) if part)
    answer = service.get(f"/api/v1/analytics/{name}/{site}", asked, site=site, accept=accept)
    assert answer.status == 200, answer.text
    return answer


@pytest.mark.parametrize("report", LISTS)
@pytest.mark.parametrize("limit", [1, 3, 7])
def test_pages_of_a_list_are_the_list(service, site, report, limit):
    whole = ask(service, site, report, "limit=1000").json
    assert whole["next_cursor"] is None
    assert whole["results"]
    visitors = [row["visitors"] for row in whole["results"]]
    assert visitors == sorted(visitors, reverse=True)
    rows, cursor = [], ""
    while cursor is not None:
        page = ask(service, site, report, f"limit={limit}{cursor}").json
        assert len(page["results"]) <= limit
        rows += page["results"]
        cursor = None if page["next_cursor"] is None else f"&cursor={page['next_cursor']}"
    assert rows == whole["results"]


@pytest.mark.parametrize("report", [*LISTS, *SERIES])
def test_csv_says_what_json_says(service, site, report):
    rows = ask(service, site, report, "limit=1000").json["results"]
    answer = ask(service, site, report, "limit=1000", accept="text/csv")
    assert answer.headers["content-type"].startswith("text/csv")
    read = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert len(read) == len(rows)
    for written, row in zip(read, rows, strict=True):
        for name, value in row.items():
            if isinstance(value, str):
                # A formula is defused by an apostrophe.
                assert written[name] == (f"'{value}" if value[0] in "=+-@" else value)
            else:
                assert float(written[name]) == pytest.approx(value)


@pytest.mark.parametrize("report", LISTS)
def test_rows_add_up_to_the_dashboard(service, site, report):
    """Each visit has one value of these dimensions, so that their visits and page views are all there are."""
    metrics = ask(service, site, "dashboard").json["metrics"]
    rows = ask(service, site, report, "limit=1000").json["results"]
    if report in {"top-referrers", "top-browsers", "top-os", "top-devices", "traffic-summary", "top-pages?by=entry"}:
        assert sum(row["visits"] for row in rows) == metrics["visits"]
        assert sum(row["pageviews"] for row in rows) == metrics["pageviews"]
    if report == "custom-events":
        assert sum(row["events"] for row in rows) == metrics["events"]
    if report == "top-pages":
        assert sum(row["pageviews"] for row in rows) == metrics["pageviews"]
    assert all(row["visitors"] <= metrics["visitors"] for row in rows)
