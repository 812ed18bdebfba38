"""The sharing view: evidence, dismissal with a note, trusted lists, the dry run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.e2e.dashboard.traffic import REPORTS

if TYPE_CHECKING:
    from tests.e2e.dashboard.look import Look
    from tests.e2e.dashboard.traffic import Site

pytestmark = pytest.mark.e2e


def test_alerts_are_the_apis_and_say_what_was_seen_where(wide: Look, site: Site) -> None:
    found = site.report(f"sharing/alerts?status=open&website_id={site.site_id}")["results"]
    assert {one["alert_type"] for one in found} >= {"concurrent_streams", "geo_impossible"}
    wide.go("sharing")
    cards = wide.card("Alerts").get_by_role("article")
    assert cards.count() == len(found)
    far = wide.card("Alerts").get_by_role("article", name="sharer: too far apart for one person")
    far.get_by_text("Evidence", exact=True).click()
    (alert,) = (one for one in found if one["alert_type"] == "geo_impossible")
    farthest = max(one["distance_km"] for one in alert["evidence"]["findings"])
    assert f"{farthest:,.0f} km apart" in far.inner_text()
    assert alert["evidence"]["confidence"]["reasons"][0] in far.inner_text()
    assert far.locator(".map path").count() == len(alert["evidence"]["findings"])
    assert wide.page.evaluate("window.ran") is None


def test_the_dry_run_counts_as_the_api_does(wide: Look, site: Site) -> None:
    wide.go("sharing")
    card = wide.card("Dry run")
    card.get_by_label("Streams at once").fill("1")
    card.get_by_role("button", name="Try").click()
    said = card.get_by_role("status")
    said.filter(has_text="would have been raised").wait_for()
    thresholds = {"concurrent_streams_threshold": 1}
    answer = site.ask(f"{REPORTS}/sharing/dry-run", "admin", "POST", json={"thresholds": thresholds}).json()
    assert f"{answer['total']} alerts would have been raised" in said.inner_text()


def test_trust_is_given_and_taken_back(wide: Look, site: Site) -> None:
    wide.go("sharing")
    card = wide.card("Trusted")
    for kind, value in (("Device", "living room"), ("Network", "198.51.100.0/24"), ("User", "grandma")):
        card.get_by_label(kind, exact=True).fill(value)
        card.get_by_role("region", name=f"{kind}s").get_by_role("button", name="Trust", exact=True).click()
        card.get_by_role("button", name=f"Trust {value} no more").wait_for()
    trusted = f"{REPORTS}/sharing/trusted?website_id={site.site_id}"
    assert site.get(trusted) == {"devices": ["living room"], "networks": ["198.51.100.0/24"], "users": ["grandma"]}
    card.get_by_label("Network", exact=True).fill("nowhere")
    card.get_by_role("region", name="Networks").get_by_role("button", name="Trust", exact=True).click()
    card.get_by_role("status").filter(has_text="Give an address or a network").wait_for()
    for value in ("living room", "198.51.100.0/24", "grandma"):
        card.get_by_role("button", name=f"Trust {value} no more").click()
        card.get_by_role("button", name=f"Trust {value} no more").wait_for(state="detached")
    assert site.get(trusted) == {"devices": [], "networks": [], "users": []}


def test_an_alert_is_dismissed_with_a_note(wide: Look, site: Site) -> None:
    wide.go("sharing")
    card = wide.card("Alerts")
    alert = card.get_by_role("article", name="sharer: more streams at once than allowed")
    alert.get_by_role("button", name=re.compile("Dismiss the alert")).click()
    alert.get_by_label("Why").fill("A birthday")
    alert.get_by_role("button", name="Dismiss it", exact=True).click()
    card.get_by_role("status").filter(has_text="is dismissed").wait_for()
    card.get_by_role("button", name="Dismissed", exact=True).click()
    card.get_by_text("“A birthday”").wait_for()
    found = site.report(f"sharing/alerts?status=dismissed&website_id={site.site_id}")["results"]
    assert [one["note"] for one in found] == ["A birthday"]


def test_a_reader_is_told_what_needs_more(fresh: Look, site: Site) -> None:
    fresh.sign_in(site.keys["read"])
    fresh.go("sharing")
    fresh.page.get_by_text("Dismissal, trusted lists and the dry run needs").wait_for()
    assert fresh.page.get_by_role("button", name=re.compile("Dismiss the alert")).count() == 0
    assert fresh.said == []
