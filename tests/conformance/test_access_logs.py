"""The rules of access logs, line by line: through the command, the service and its reports."""

from __future__ import annotations

from tests.conformance.cases import moment
from tests.conformance.logs import import_log

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/40.0.2214.93 Safari/537.36"
PAGES = {
    ("GET /plain HTTP/1.1", 200): "/plain",
    ("GET /not-modified HTTP/1.1", 304): "/not-modified",
    ("GET /part HTTP/1.0", 206): "/part",
    ("GET /last HTTP/1.1", 299): "/last",
    ("GET /slash/ HTTP/1.1", 200): "/slash",
    ("GET /index.html HTTP/1.1", 200): "/index.html",
    ("GET /old.HTM HTTP/1.1", 200): "/old.HTM",
    ("GET /blog.Php?a=b.png HTTP/1.1", 200): "/blog.Php",
    ("GET /a.asp HTTP/1.1", 200): "/a.asp",
    ("GET /a.aspx HTTP/1.1", 200): "/a.aspx",
    ("GET /a.jsp HTTP/1.1", 200): "/a.jsp",
    ("GET /v1.2/notes HTTP/1.1", 200): "/v1.2/notes",
    ("GET http://example.org/absolute HTTP/1.1", 200): "/absolute",
    ("GET http://example.org/absolute.HTML?x HTTP/1.1", 200): "/absolute.HTML",
    ("GET http://example.org HTTP/1.1", 200): "/",
}
SKIPPED = [
    ("GET /moved HTTP/1.1", 301),
    ("GET /gone HTTP/1.1", 404),
    ("GET /broken HTTP/1.1", 500),
    ("GET /choices HTTP/1.1", 300),
    ("POST /form HTTP/1.1", 200),
    ("HEAD /head HTTP/1.1", 200),
    ("get /lower HTTP/1.1", 200),
    ("GET /logo.png HTTP/1.1", 200),
    ("GET /robots.txt HTTP/1.1", 200),
    ("GET /a.html.gz HTTP/1.1", 200),
    ("GET http://example.org/logo.PNG HTTP/1.1", 200),
    ("GET /feed.xml?page=x.html HTTP/1.1", 200),
]
DAY = "startDate=2015-05-17&endDate=2015-05-17"


def line(request, status, *, at="17/May/2015:10:05:03 +0000", address="192.0.2.1", referrer="-", agent=CHROME):
    return f'{address} - - [{at}] "{request}" {status} 12 "{referrer}" "{agent}"\n'


def new_log(service, folder, site, rows, zone="UTC", domains=()):
    service.clock.now = moment("2026-05-10 12:00", "UTC")
    keys = service.add_site(site, zone, domains)
    log = folder / "access.log"
    log.write_text("".join(rows))
    return log, keys["server"]


def rows_of(service, report, site, query=DAY):
    return {
        row["name"]: row for row in service.get(f"/api/v1/analytics/{report}/{site}", query, site=site).json["results"]
    }


def test_which_lines_are_page_views(service, tmp_path):
    broken = ["rubbish\n", '192.0.2.1 - - [17/May/2015:10:05:03 +0000] "GET /open HTTP/1.1" 200 12 "-" "Mozilla\n']
    rows = [line(*one) for one in (*PAGES, *SKIPPED)]
    log, key = new_log(service, tmp_path, "lines", rows + broken)
    assert import_log(service, log, key, tmp_path) == {
        "lines": len(rows) + 2,
        "page_views": len(PAGES),
        "accepted": len(PAGES),
        "duplicates": 0,
        "refused": 0,
        "skipped": len(SKIPPED),
        "unreadable": 2,
    }
    assert "".join(next(tmp_path.glob("*.unreadable")).read_text()) == "".join(broken)
    found = rows_of(service, "top-pages", "lines", DAY + "&limit=100")
    assert {name: row["pageviews"] for name, row in found.items()} == dict.fromkeys(PAGES.values(), 1)


def test_visitors_of_a_log_are_address_and_agent_of_a_day(service, tmp_path):
    rows = [
        # The log's own time: 23:30 in New York is the next day in UTC, and 23:30 of the site's day.
        line("GET /a HTTP/1.1", 200, at="16/May/2015:23:30:00 -0400"),
        line("GET /b HTTP/1.1", 200, at="17/May/2015:03:45:00 +0000"),
        line("GET /c HTTP/1.1", 200, at="17/May/2015:14:00:00 +0000"),
        line("GET /c HTTP/1.1", 200, at="17/May/2015:14:00:00 +0000", agent=f"{CHROME} Edge/12"),
        line("GET /c HTTP/1.1", 200, at="17/May/2015:14:00:00 +0000", address="192.0.2.2"),
        line("GET /c HTTP/1.1", 200, at="17/May/2015:14:10:00 +0000", address="192.0.2.2"),
        # Nobody said which agent, which is no bot; and a bot.
        line("GET /c HTTP/1.1", 200, at="17/May/2015:14:00:00 +0000", address="192.0.2.3", agent="-"),
        line("GET /c HTTP/1.1", 200, at="17/May/2015:14:00:00 +0000", address="192.0.2.4", agent="Googlebot/2.1"),
    ]
    log, key = new_log(service, tmp_path, "people", rows, zone="America/New_York")
    import_log(service, log, key, tmp_path)
    again = import_log(service, log, key, tmp_path)
    assert again["page_views"] == 8
    query = "startDate=2015-05-16&endDate=2015-05-17"
    days = service.get("/api/v1/analytics/daily-stats/people", query, site="people").json["results"]
    assert days == [
        {"date": "2015-05-16", "visitors": 1, "visits": 1, "pageviews": 2, "bounce_rate": 0.0, "visit_duration": 900.0},
        {
            "date": "2015-05-17",
            "visitors": 4,
            "visits": 4,
            "pageviews": 5,
            "bounce_rate": 0.75,
            "visit_duration": 150.0,
        },
    ]


def test_a_dash_is_no_referrer(service, tmp_path):
    rows = [
        line("GET /a HTTP/1.1", 200),
        line("GET /a HTTP/1.1", 200, address="192.0.2.2", referrer="http://www.google.com/search?q=x"),
        line("GET /a HTTP/1.1", 200, address="192.0.2.3", referrer="http://example.org/b"),
    ]
    log, key = new_log(service, tmp_path, "referrers", rows, domains=["example.org"])
    import_log(service, log, key, tmp_path)
    found = rows_of(service, "top-referrers", "referrers")
    assert {name: row["visitors"] for name, row in found.items()} == {"(direct)": 2, "Google": 1}
