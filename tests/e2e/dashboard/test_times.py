"""Days and times are the site's, wherever the browser is; the address says which site."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.conftest import LocalStack
    from tests.e2e.dashboard.look import Look
    from tests.e2e.dashboard.traffic import Site

pytestmark = pytest.mark.e2e

ZONE = "Pacific/Kiritimati"
"""Fourteen hours ahead of UTC, so for ten hours of each day its day is another one there."""


@pytest.fixture(scope="module")
def far(stack: LocalStack) -> dict[str, Any]:
    """Return a site far from everybody, with a user seen once and an event that was refused."""
    made = stack.ask("POST", "/api/v1/sites", "admin", json={"name": "Far", "timezone": ZONE}).json()
    key = {"authorization": f"Bearer {made['keys']['server']}"}
    for path, body in (("event", {"event_type": "page_view"}), ("sessions", {"user_id": "ada", "content_id": "film"})):
        stack.ask("POST", f"/api/v1/analytics/{path}", headers=key, json=body)
    return made


@pytest.fixture(scope="module")
def from_new_york(opened: Callable[..., Look], far: dict[str, Any]) -> Look:
    made = opened(timezone_id="America/New_York", viewport={"width": 1280, "height": 900})
    made.sign_in(far["keys"]["admin"])
    return made


def test_times_are_those_of_the_site(from_new_york: Look, far: dict[str, Any], stack: LocalStack) -> None:
    from_new_york.go("operation")
    assert ZONE in from_new_york.page.locator("header.top").inner_text()
    key = {"authorization": f"Bearer {far['keys']['admin']}"}
    letter = stack.ask("GET", f"/api/v1/dead-letters?website_id={far['site_id']}", headers=key).json()["results"][0]
    at = datetime.fromisoformat(letter["received_at"]).astimezone(ZoneInfo(ZONE))
    assert from_new_york.rows("Dead letters", 0) == [(f"{at.day} {at:%b %Y, %H:%M}",)]


def test_today_is_that_of_the_site(from_new_york: Look) -> None:
    from_new_york.go("website")
    before = datetime.now(ZoneInfo(ZONE)).date().isoformat()
    from_new_york.page.get_by_label("Period").select_option("days")
    shown = from_new_york.page.get_by_label("First day").input_value()
    assert before <= shown <= datetime.now(ZoneInfo(ZONE)).date().isoformat()


def test_the_address_names_the_site_that_is_shown(fresh: Look, site: Site) -> None:
    fresh.sign_in(site.keys["read"])
    fresh.go("videos?period=7d")
    fresh.page.wait_for_url(f"**/#/videos?period=7d&site={site.site_id}")
    fresh.page.get_by_role("link", name="Website", exact=True).click()
    fresh.page.get_by_role("heading", level=1, name="Website").wait_for()
    fresh.page.go_back()
    fresh.page.get_by_role("heading", level=1, name="Videos").wait_for()


def test_whoever_goes_on_at_once_is_not_taken_back(fresh: Look, site: Site) -> None:
    # Between the drawing of the first view and what is done after it, which a timer begins.
    fresh.page.add_init_script(
        "const later = window.setTimeout;"
        "let gone = false;"
        "window.setTimeout = (act, ...rest) => later(() => {"
        "  if (!gone && document.querySelector('header select')) { gone = true; location.hash = '#/videos'; }"
        "  act();"
        "}, ...rest)"
    )
    fresh.sign_in(site.keys["read"])
    fresh.page.wait_for_url(f"**/#/videos?site={site.site_id}")
