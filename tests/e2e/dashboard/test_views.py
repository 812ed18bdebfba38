"""Every view, on a desk and on a phone, light and dark: accessible, quiet, within its width, and running no stored script."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from tests.e2e.dashboard.traffic import script

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.e2e.dashboard.look import Look
    from tests.e2e.dashboard.traffic import Site

pytestmark = pytest.mark.e2e

VIEWS = ["overview", "website", "videos", "media", "funnels", "sharing", "live", "operation"]
ONE = ["videos/film", "media/ada", "media/sharer"]
OF_SCRIPT = [f"videos/{quote(script('video'), safe='')}", f"media/{quote(script('user'), safe='')}"]


@pytest.mark.parametrize("view", [*VIEWS, *ONE])
def test_every_view_is_accessible_and_quiet(look: Look, view: str) -> None:
    look.said.clear()
    look.go(f"{view}?period=7d")
    look.page.evaluate("document.querySelectorAll('main details').forEach((one) => (one.open = true))")
    assert look.axe() == []
    shown = look.page.locator("main").inner_text()
    assert [word for word in ("NaN", "undefined", "Infinity") if word in shown] == []
    assert look.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"
    assert look.said == []


@pytest.mark.parametrize("view", [*VIEWS, *ONE, *OF_SCRIPT])
def test_no_view_runs_stored_script(wide: Look, site: Site, view: str) -> None:
    wide.go(f"{view}?period=7d")
    _press_every_tab(wide.page)
    wide.wait()
    assert wide.page.evaluate("window.ran") is None
    assert wide.opened == []
    # The site's name is itself script: it stands on the page as the text that it is.
    assert wide.page.locator("header option").filter(has_text=site.name).count() == 1


def test_names_that_are_script_are_shown_as_text(wide: Look) -> None:
    for view, where in [
        ("website", "url"), ("website", "event"), ("website", "goal"), ("videos", "video"), (OF_SCRIPT[1], "user"),
        ("media", "item"), ("media/sharer", "device"), ("funnels", "funnel"), ("operation", "refused"),
    ]:  # fmt: skip
        wide.go(f"{view}?period=7d")
        wide.page.locator("main").get_by_text(f"window.ran='{where}'").first.wait_for(state="attached")


def test_keys_alone_lead_everywhere(wide: Look) -> None:
    wide.go("overview?period=7d")
    page = wide.page
    page.reload()
    wide.wait()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.get_by_role("link", name="Website", exact=True).focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", level=1, name="Website").wait_for()
    wide.wait()
    row = page.get_by_role("region", name="Pages", exact=True).get_by_role("button", name="/page-1")
    row.focus()
    # Whoever has the focus can be seen to have it.
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    chip = page.get_by_role("button", name="Remove the filter page: /page-1")
    chip.focus()
    page.keyboard.press("Space")
    chip.wait_for(state="detached")


def test_the_view_that_is_left_gives_the_focus_to_the_next(wide: Look) -> None:
    wide.go("overview")
    wide.page.get_by_role("link", name="Videos", exact=True).press("Enter")
    wide.page.get_by_role("heading", level=1, name="Videos").wait_for()
    wide.page.wait_for_function("document.activeElement.id === 'main' && scrollY === 0")
    assert wide.page.title().startswith("Videos")


def _press_every_tab(page: Page) -> None:
    for group in page.locator("main .tabs").all():
        for button in group.get_by_role("button").all():
            button.click()
