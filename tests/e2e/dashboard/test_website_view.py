"""The website view: a click filters by any dimension, the time before, properties, paths, goals."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.e2e.dashboard.test_figures import rate, whole

if TYPE_CHECKING:
    from tests.e2e.dashboard.look import Look
    from tests.e2e.dashboard.traffic import Site

pytestmark = pytest.mark.e2e

LISTS = {
    "Pages": {"Page": "page", "Entry": "entry_page", "Exit": "exit_page"},
    "Sources": {"Source": "source", "Channel": "channel", "Address": "referrer"},
    "Places": {"Country": "country", "Region": "region", "City": "city"},
    "Technology": {
        "Browser": "browser",
        "System": "os",
        "Device": "device",
        "Screen": "screen",
        "Language": "language",
    },
    "Campaigns": {
        "Campaign": "utm_campaign",
        "Source": "utm_source",
        "Medium": "utm_medium",
        "Term": "utm_term",
        "Content": "utm_content",
    },
}


@pytest.mark.parametrize("card", LISTS)
def test_a_click_on_a_row_filters_by_its_dimension(wide: Look, site: Site, card: str) -> None:
    for tab, name in LISTS[card].items():
        wide.go("website?period=7d")
        region = wide.card(card)
        region.get_by_role("button", name=tab, exact=True).click()
        wide.wait()
        # The last row is the attacker's, whose texts are script and full of signs that filters read.
        row = region.locator("tbody tr").last
        visitors = row.locator("td").nth(1).inner_text()
        row.get_by_role("button").click()
        wide.page.get_by_role("button", name=f"Remove the filter {name.replace('_', ' ', 1)}").wait_for()
        wide.wait()
        assert name in parse_qs(urlsplit(wide.page.url).fragment.partition("?")[2], keep_blank_values=True)
        assert wide.figures("Figures")["Visitors"] == visitors
    assert wide.page.evaluate("window.ran") is None


def test_events_and_their_properties_filter_too(wide: Look, site: Site) -> None:
    wide.go("website?period=7d")
    card = wide.card("Properties")
    card.get_by_role("button", name="plan", exact=True).click()
    card.get_by_role("button", name="All properties").wait_for()
    wide.wait()
    rows = site.report(f"properties/{site.site_id}?period=7d&property=plan")["results"]
    assert wide.rows("Properties", 0, 1) == [(one["name"], whole(one["events"])) for one in rows]
    card.get_by_role("button", name="pro", exact=True).click()
    wide.page.get_by_role("button", name="Remove the filter prop:plan: pro").wait_for()
    wide.wait()
    found = site.report(f"dashboard/{site.site_id}?period=7d&prop:plan=pro")["metrics"]
    assert wide.figures("Figures")["Events"] == whole(found["events"])


def test_the_time_before_is_compared_in_figures_and_rows(wide: Look, site: Site) -> None:
    wide.go("website?period=7d")
    wide.page.get_by_label("Compare with before").check()
    header = wide.card("Pages").get_by_role("columnheader", name="Change")
    header.wait_for()
    wide.wait()
    assert "compare=previous" in wide.page.url
    rows = site.report(f"top-pages/{site.site_id}?period=7d&compare=previous")["results"]
    changes = {one["name"]: one["comparison"]["visitors"]["change"] for one in rows}
    assert {row[0]: row[2] for row in wide.rows("Pages")}.items() <= {
        name: "new" if change is None else f"{change:+.1f} %" for name, change in changes.items()
    }.items()


def test_what_was_nothing_and_is_nothing_is_not_new(wide: Look, site: Site) -> None:
    wide.go("website?period=7d&compare=previous&page=/page-1")
    metrics = site.report(f"dashboard/{site.site_id}?period=7d&compare=previous&page=/page-1")
    assert (metrics["metrics"]["events"], metrics["comparison"]["events"]["change"]) == (0, None)
    shown = wide.card("Figures").locator("dl.figures > div")
    assert shown.filter(has_text="Page views").first.locator(".change").inner_text() == "new"
    assert shown.filter(has=wide.page.get_by_text("Events", exact=True)).locator(".change").count() == 0


def test_paths_are_the_apis(wide: Look, site: Site) -> None:
    wide.go("website?period=7d")
    wide.card("Paths").get_by_role("combobox").select_option("/page-1")
    wide.wait()
    found = site.report(f"paths/{site.site_id}?period=7d&page=/page-1&steps=3")
    assert f"{found['visits']} visits saw it" in wide.card("Paths").inner_text()
    assert wide.rows("Paths", 1, 2) == [(whole(one["visits"]), rate(one["share"])) for one in found["results"]]


def test_a_goal_is_made_and_removed(wide: Look, site: Site) -> None:
    wide.go("website?period=7d")
    card = wide.card("Goals")
    card.get_by_text("Make a goal").click()
    card.get_by_label("Name").fill("Saw page 2")
    card.get_by_label("Value").fill("/page-2")
    card.get_by_role("button", name="Make the goal").click()
    card.get_by_role("cell", name="Saw page 2", exact=True).wait_for()
    goals = site.report(f"goals/{site.site_id}?period=7d")["results"]
    (made,) = (one for one in goals if one["name"] == "Saw page 2")
    assert ("Saw page 2", whole(made["visitors"])) in wide.rows("Goals", 0, 1)
    card.get_by_role("button", name="Remove the goal Saw page 2").click()
    card.get_by_role("cell", name="Saw page 2", exact=True).wait_for(state="detached")
