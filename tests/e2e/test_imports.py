"""Exports of other tools go through the command into a running stack, and show up in its reports."""

import json
import uuid

import pytest

from tests.e2e.test_access_log_import import streamgauge

pytestmark = pytest.mark.e2e

VISITORS = "date,visitors,pageviews,bounces,visits,visit_duration\n2024-01-01,10,30,4,12,600\n2024-01-02,5,6,5,5,0\n"
UMAMI = (
    "website_id,session_id,visit_id,event_id,hostname,browser,os,device,country,url_path,event_type,event_name,created_at\n"
    "w,s1,v1,e1,blog.example,chrome,Linux,desktop,CH,/a,1,,2024-01-02 10:00:00\n"
    "w,s1,v1,e2,blog.example,chrome,Linux,desktop,CH,/b,1,,2024-01-02 10:01:00\n"
    "w,s1,v1,e3,blog.example,chrome,Linux,desktop,CH,/b,2,signup,2024-01-02 10:02:00\n"
)
RANGE = {"startDate": "2024-01-01", "endDate": "2024-01-03"}


@pytest.fixture
def site(stack):
    """Return a new site: its id and its keys."""
    body = {"name": "Imported", "site_id": f"imported-{uuid.uuid4().hex[:10]}"}
    made = stack.ask("POST", "/api/v1/sites", "admin", json=body)
    assert made.status_code == 201, made.text
    return made.json()


def report(stack, site, name, **query):
    path = f"/api/v1/analytics/{name}/{site['site_id']}"
    answer = stack.ask("GET", path, "admin", params=RANGE | query, headers={"cache-control": "no-cache"})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_imported_days_give_way_to_imported_events(stack, site, eventually, tmp_path):
    plausible = tmp_path / "imported_visitors_20240101_20240102.csv"
    plausible.write_text(VISITORS)
    address = ("--url", stack.endpoints["base_url"], "--site", site["site_id"])
    admin = (*address, "--key", site["keys"]["admin"])
    told = json.loads(streamgauge(stack.home, "import", "plausible", plausible, *admin, "--json"))
    assert (told["sent"], told["unreadable"]) == (2, 0)
    body = report(stack, site, "dashboard")
    assert (body["metrics"]["pageviews"], body["imported_days"]) == (36, 2)
    assert "imported" not in report(stack, site, "dashboard", with_imported="false")

    umami = tmp_path / "website_event.csv"
    umami.write_text(UMAMI)
    server = (*address, "--key", site["keys"]["server"])
    for _ in range(2):
        told = json.loads(streamgauge(stack.home, "import", "umami", umami, *server, "--json"))
        assert (told["page_views"], told["events"], told["accepted"]) == (2, 1, 3)
    # The second day has a visit of its own now.
    eventually(lambda: report(stack, site, "dashboard")["metrics"]["events"] == 1, 60)
    body = report(stack, site, "dashboard")
    assert (body["metrics"]["pageviews"], body["metrics"]["visits"], body["imported_days"]) == (30 + 2, 12 + 1, 1)
    browsers = report(stack, site, "top-browsers")["results"]
    assert [(row["name"], row["visitors"], row["visits"]) for row in browsers] == [("Chrome", 1, 1)]

    assert "plausible" in streamgauge(stack.home, "imports", "list", *admin)
    streamgauge(stack.home, "imports", "delete", "plausible", *admin)
    assert report(stack, site, "dashboard")["metrics"]["pageviews"] == 2
