"""Who gets in: with a key, or through the issuer that the stage is configured with."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.e2e.dashboard.look import Look
    from tests.e2e.dashboard.traffic import Site
    from tests.support.oidc_provider import Provider

pytestmark = pytest.mark.e2e

KEPT = "JSON.stringify({...sessionStorage, ...localStorage})"


@pytest.fixture
def people(issuer: Provider, site: Site) -> Provider:
    """Let ada see the site, grace do everything, and eve nothing."""
    issuer.users = {"ada": [f"{site.site_id}:read"], "grace": ["*:admin"], "eve": []}
    issuer.lasts = 600
    issuer.asked.clear()
    return issuer


def enter(look: Look, issuer: Provider, user: str) -> None:
    look.page.get_by_role("button", name=f"Sign in at {issuer.name.removeprefix('http://')}").click()
    look.page.get_by_role("button", name=user).click()


def test_a_wrong_key_is_told_so_and_kept_nowhere(fresh: Look) -> None:
    fresh.page.goto(f"{fresh.base}/")
    fresh.page.get_by_label("Key", exact=True).fill("wrong")
    fresh.page.get_by_role("button", name="Sign in", exact=True).click()
    fresh.page.get_by_text("The key is unknown or revoked.").wait_for()
    assert fresh.page.evaluate(KEPT) == "{}"


def test_a_key_that_may_not_read_is_told_what_to_use(fresh: Look, site: Site) -> None:
    fresh.page.goto(f"{fresh.base}/")
    fresh.page.get_by_label("Key", exact=True).fill(site.keys["write"])
    fresh.page.get_by_role("button", name="Sign in", exact=True).click()
    fresh.page.get_by_text("use one of the scope read or admin").wait_for()


def test_the_front_is_accessible(fresh: Look) -> None:
    fresh.page.goto(f"{fresh.base}/")
    fresh.page.get_by_role("button", name=re.compile("Sign in at")).wait_for()
    assert fresh.axe() == []
    assert fresh.said == []


def test_the_issuer_lets_in_and_the_view_asked_for_is_shown(fresh: Look, people: Provider, site: Site) -> None:
    fresh.page.goto(f"{fresh.base}/#/website?period=7d")
    enter(fresh, people, "ada")
    fresh.page.get_by_role("navigation", name="Views").wait_for()
    fresh.wait()
    assert fresh.page.url == f"{fresh.base}/#/website?period=7d&site={site.site_id}"
    assert (
        int(fresh.figures("Figures")["Page views"])
        == site.report(f"dashboard/{site.site_id}?period=7d")["metrics"]["pageviews"]
    )
    # Proof of possession went along, and nothing secret stands in the address or in what outlives the tab.
    (asked,) = (query for path, query in people.asked if path == "/authorize" and "user" not in query)
    assert asked["code_challenge_method"] == "S256"
    assert asked["scope"] == "openid offline_access"
    assert fresh.page.evaluate("JSON.stringify(localStorage)") == "{}"
    # What a reader may not do is not offered.
    fresh.go("funnels")
    fresh.page.get_by_text("Making funnels needs").wait_for()
    assert fresh.said == []


def test_a_token_is_renewed_before_it_ends_and_once_for_all(fresh: Look, people: Provider) -> None:
    people.lasts = 31  # a second more than the page renews ahead
    fresh.page.goto(f"{fresh.base}/#/overview")
    enter(fresh, people, "grace")
    fresh.page.get_by_role("navigation", name="Views").wait_for()
    people.lasts = 600
    fresh.page.wait_for_timeout(1500)
    fresh.go("website?period=7d")
    grants = [body["grant_type"] for path, body in people.asked if path == "/token"]
    assert grants == ["authorization_code", "refresh_token"]
    assert fresh.said == []


def test_whoever_the_issuer_knows_no_more_is_signed_out_and_told(fresh: Look, people: Provider) -> None:
    people.lasts = 5
    fresh.page.goto(f"{fresh.base}/#/website")
    enter(fresh, people, "grace")
    fresh.page.get_by_text(re.compile("Website|sign-in has ended")).first.wait_for()
    people.revoke()
    fresh.page.goto(f"{fresh.base}/#/videos")
    fresh.page.get_by_text("Your sign-in has ended. Sign in again.").wait_for()
    assert fresh.page.evaluate(KEPT) == "{}"


def test_signing_out_ends_the_session_at_the_issuer_too(fresh: Look, people: Provider) -> None:
    fresh.page.goto(f"{fresh.base}/")
    enter(fresh, people, "grace")
    fresh.page.get_by_role("button", name="Sign out").click()
    fresh.page.get_by_label("Key", exact=True).wait_for()
    fresh.page.wait_for_url(f"{fresh.base}/")
    (ended,) = (query for path, query in people.asked if path == "/end")
    assert ended["post_logout_redirect_uri"] == f"{fresh.base}/"
    assert ended["id_token_hint"].count(".") == 2
    assert fresh.page.evaluate(KEPT) == "{}"


@pytest.mark.parametrize(("user", "told"), [("nobody", "You are not signed in"), ("eve", "token")])
def test_whoever_may_nothing_is_told_why(fresh: Look, people: Provider, user: str, told: str) -> None:
    fresh.page.goto(f"{fresh.base}/")
    enter(fresh, people, user)
    fresh.page.get_by_role("alert").filter(has_text=told).wait_for()
    fresh.page.get_by_label("Key", exact=True).wait_for()
    assert fresh.page.evaluate(KEPT) == "{}"


def test_an_answer_that_nobody_asked_for_signs_nobody_in(fresh: Look, people: Provider) -> None:
    code = people.sign_in(
        {
            "client_id": "dashboard", "response_type": "code", "code_challenge_method": "S256", "code_challenge": "x",
            "state": "planted", "redirect_uri": f"{fresh.base}/", "nonce": "x",
        },
        "grace",
    )  # fmt: skip
    fresh.page.goto(code)
    fresh.page.get_by_text("This tab did not ask to sign in").wait_for()
    assert fresh.page.url == f"{fresh.base}/"
    assert fresh.page.evaluate(KEPT) == "{}"
