"""Two public logs, counted by GoAccess and by the service: equal where both count the same, and the differences by number.

`docs/goaccess.md` gives the reasons; the numbers there are held here.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import unquote

import pytest

from tests.conformance.cases import moment
from tests.conformance.logs import import_log
from tests.oracle.access_log import open_log, scan

ROOT = Path(__file__).resolve().parents[2]
WEBLOGS = ROOT.parent / "shared" / "data" / "weblogs"
LOGS = {
    # log: (zone of its lines, first and last day, lines that GoAccess reads and we do not, by day)
    "semicomplete_apache_2015": ("UTC", "2015-05-17", "2015-05-20", {"2015-05-20": 1}),
    "hackers_access_2015": ("Europe/Amsterdam", "2015-10-25", "2015-10-30", {}),
}

pytestmark = pytest.mark.skipif(not WEBLOGS.is_dir(), reason="the public logs are not beside this checkout")


def goaccess(log, kind=""):
    return json.loads((WEBLOGS / f"{log}.goaccess{kind}.json").read_text())


def days_of(panels):
    """Return {day: (requests, visitors)}."""
    rows = panels["visitors"]["data"]
    return {
        f"{row['data'][:4]}-{row['data'][4:6]}-{row['data'][6:]}": (row["hits"]["count"], row["visitors"]["count"])
        for row in rows
    }


def page(target):
    """Return the page of a target, absolute or not, decoded as GoAccess shows it."""
    path = unquote(target.partition("#")[0].partition("?")[0]).strip()
    if re.match("[a-z]+://", path):
        path = "/" + path.partition("://")[2].partition("/")[2]
    return path.rstrip("/") or "/"


@pytest.fixture(scope="module", params=LOGS)
def counted(request, service, tmp_path_factory):
    """Send every line as GoAccess counts it; and import the log as the command does."""
    zone, first, last, _ = LOGS[request.param]
    service.clock.now = moment("2026-05-10 12:00", "UTC")
    raw = service.add_site(f"all-{request.param}", zone)["server"]
    lines = [fields for row in open_log(WEBLOGS / f"{request.param}.log") if (fields := scan(row.decode("latin-1")))]
    events = [event_of(*fields) for fields in lines]
    for start in range(0, len(events), 500):
        body = {"events": events[start : start + 500]}
        answer = service.send(body, write_key=raw, path="/api/v1/analytics/event/batch")
        assert answer.json["accepted"] == len(body["events"]), answer.text
    service.flow()
    imported = f"import-{request.param}"
    key = service.add_site(imported, zone, ["semicomplete.com"])["server"]
    counts = import_log(service, WEBLOGS / f"{request.param}.log", key, tmp_path_factory.mktemp("log"))

    def ask(report, kind="all", **query):
        site = {"all": f"all-{request.param}", "import": imported}[kind]
        asked = "&".join(f"{name}={value}" for name, value in {"startDate": first, "endDate": last, **query}.items())
        rows, cursor = [], ""
        while cursor is not None:
            answer = service.get(f"/api/v1/analytics/{report}/{site}", asked + cursor, site=site)
            assert answer.status == 200, answer.text
            rows += answer.json["results"]
            cursor = answer.json["next_cursor"] and f"&cursor={answer.json['next_cursor']}"
        return rows

    return SimpleNamespace(log=request.param, ask=ask, counts=counts, lines=lines, missed=LOGS[request.param][3])


def event_of(address, time, request, status, referrer, agent):
    """Return a line as a page view. GoAccess counts no visitor for a client error: such a line comes from nobody."""
    target = request.split(" ")[1] if " " in request else request
    url = target if "://" in target.partition("?")[0] else f"https://log.test{target}"
    event = {"event_type": "page_view", "url": url, "timestamp": time.isoformat(), "historical": True}
    if not 400 <= status < 500:
        event["context"] = {"ip": address, "user_agent": agent}
    return event


def test_requests_and_unique_address_and_agent_pairs_of_every_day(counted):
    ours = {row["date"]: (row["pageviews"], row["visitors"]) for row in counted.ask("daily-stats", bots="include")}
    theirs = days_of(goaccess(counted.log))
    assert ours == {
        day: (hits - counted.missed.get(day, 0), visitors - counted.missed.get(day, 0))
        for day, (hits, visitors) in theirs.items()
    }


def test_top_pages_whatever_their_status(counted):
    panels = goaccess(counted.log)
    theirs, unlisted = Counter(), -sum(counted.missed.values())
    for panel in ("requests", "static_requests", "not_found"):
        for row in panels[panel]["data"]:
            theirs[page(row["data"])] += row["hits"]["count"]
        unlisted += panels[panel]["metadata"]["hits"]["total"]["value"]
        unlisted -= sum(row["hits"]["count"] for row in panels[panel]["data"])
    ours = Counter()
    for row in counted.ask("top-pages", bots="include", limit=1000):
        ours[page(row["name"])] += row["pageviews"]
    # What a panel does not list, beyond its 366 rows, is all that we have more.
    assert ours.total() == theirs.total() + unlisted
    if unlisted == 0:
        assert ours == theirs
    assert [name for name, _ in ours.most_common(9)] == [name for name, _ in theirs.most_common(9)]
    assert not [name for name, count in theirs.items() if ours[name] < count]


def test_an_import_differs_as_is_written(counted):
    everybody, people = (
        {row["date"]: (row["pageviews"], row["visitors"]) for row in counted.ask("daily-stats", "import", bots=bots)}
        for bots in ("include", "exclude")
    )
    all_requests, without_crawlers = (days_of(goaccess(counted.log, kind)) for kind in ("", "-nocrawlers"))
    rows = [
        " | ".join(map(str, (day, *all_requests[day], *everybody[day], *without_crawlers[day], *people[day])))
        for day in sorted(all_requests)
    ]
    text = (ROOT / "docs" / "goaccess.md").read_text(encoding="utf-8")
    missing = [f"| {row} |" for row in rows if f"| {row} |" not in text]
    assert not missing, "\n".join(missing)
    told = "{lines} lines: {page_views} page views, {skipped} skipped, {unreadable} unreadable".format(**counted.counts)
    assert told in text, told
