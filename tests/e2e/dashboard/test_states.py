"""When there is nothing to see, or nobody who answers, the page says what to do."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.e2e.conftest import LocalStack
    from tests.e2e.dashboard.look import Look
    from tests.e2e.dashboard.traffic import Site

pytestmark = pytest.mark.e2e

VIEWS = ["website", "videos", "media", "funnels", "sharing", "operation"]


@pytest.mark.parametrize(
    ("status", "told"),
    [
        pytest.param(503, "The database was asleep and is waking up; asking again within 3 s.", id="asleep"),
        pytest.param(429, "The server had too many requests; asking again within 3 s.", id="crowded"),
    ],
)
def test_why_an_answer_is_waited_for_is_told(fresh: Look, site: Site, status: int, told: str) -> None:
    refusals = [status]

    def answer(route: Any) -> None:
        if refusals:
            headers = {"retry-after": "3", "content-type": "application/problem+json"}
            route.fulfill(status=refusals.pop(), headers=headers, body=json.dumps({"title": "Later", "status": status}))
        else:
            route.continue_()

    fresh.page.route(re.compile("/api/v1/analytics/dashboard/"), answer)
    fresh.sign_in(site.keys["read"])
    fresh.page.get_by_text(told).wait_for()
    fresh.page.get_by_text("Bounce rate").first.wait_for()


def test_what_is_not_there_offers_nothing_to_do_with_it(fresh: Look, site: Site) -> None:
    fresh.sign_in(site.keys["admin"])
    fresh.go("funnels/nowhere")
    fresh.page.get_by_text("There is no such funnel.").wait_for()
    assert fresh.page.get_by_text("Remove this funnel").count() == fresh.card("Breakdown").count() == 0
    fresh.go("videos/nowhere")
    fresh.card("Figures").get_by_text("Nobody played this video in this range.").wait_for()


def test_without_a_network_the_page_says_so_and_tries_again_when_told_to(fresh: Look, site: Site) -> None:
    fresh.sign_in(site.keys["read"])
    fresh.go("website?period=7d")
    fresh.page.context.set_offline(True)
    fresh.page.goto(f"{fresh.base}/#/videos?period=7d")
    fresh.page.get_by_text("The server cannot be reached").first.wait_for()
    fresh.page.context.set_offline(False)
    fresh.page.get_by_role("button", name="Try again").first.click()
    fresh.card("Videos").get_by_role("link", name="film").wait_for()


def test_a_key_that_is_revoked_meanwhile_leads_back_to_the_front(fresh: Look, site: Site) -> None:
    fresh.sign_in(site.keys["read"])
    fresh.wait()
    problem = {"title": "Unauthorized", "detail": "The key is unknown or revoked.", "status": 401}
    fresh.page.route(
        re.compile("/api/metrics/videos"),
        lambda route: route.fulfill(status=401, content_type="application/problem+json", body=json.dumps(problem)),
    )
    fresh.page.goto(f"{fresh.base}/#/videos")
    fresh.page.get_by_text("The key is unknown or revoked.").wait_for()
    fresh.page.get_by_label("Key", exact=True).wait_for()


def test_a_site_that_the_key_does_not_open_is_told(fresh: Look, site: Site) -> None:
    fresh.sign_in(site.keys["read"])
    fresh.page.goto(f"{fresh.base}/#/website?site=elsewhere")
    fresh.page.get_by_text("Your credentials do not open the site elsewhere").wait_for()


def test_a_stack_without_a_site_says_how_to_make_one(fresh: Look, site: Site) -> None:
    nothing = json.dumps({"results": [], "next_cursor": None})
    fresh.page.route(
        re.compile(r"/api/v1/sites\?"), lambda route: route.fulfill(content_type="application/json", body=nothing)
    )
    fresh.sign_in(site.keys["admin"])
    fresh.page.get_by_text("There is no site yet. Make one").wait_for()


@pytest.mark.parametrize("view", VIEWS)
def test_an_empty_site_says_what_to_do(fresh: Look, empty: dict[str, Any], view: str) -> None:
    fresh.sign_in(empty["keys"]["admin"])
    fresh.go(f"{view}?period=7d")
    assert fresh.page.locator("main .note").count() > 0
    assert "NaN" not in fresh.page.locator("main").inner_text()
    assert fresh.said == []


@pytest.fixture(scope="module")
def empty(stack: LocalStack) -> dict[str, Any]:
    """Return a site that nothing was sent to."""
    return stack.ask("POST", "/api/v1/sites", "admin", json={"name": "Empty"}).json()
