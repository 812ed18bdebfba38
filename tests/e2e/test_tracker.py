"""The tracker in Chromium, on pages of another origin with a strict policy: page views, events, delivery, privacy."""

from __future__ import annotations

import gzip
import time
from typing import TYPE_CHECKING

import pytest

from tests.e2e.conftest import ROOT
from tests.e2e.tracked import BATCHES

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Route

    from tests.e2e.conftest import LocalStack
    from tests.e2e.tracked import Tracked

pytestmark = pytest.mark.e2e

SCRIPT = ROOT / "web" / "tracker" / "dist" / "streamgauge.js"
LARGEST = 3000


def test_the_script_is_under_3_kb_and_needs_no_eval() -> None:
    if not SCRIPT.exists():
        pytest.skip("the tracker is not built: run `make install` with a network")
    assert len(gzip.compress(SCRIPT.read_bytes())) < LARGEST
    text = SCRIPT.read_text("ascii")
    assert "eval" not in text
    assert "Function(" not in text


def test_the_stack_serves_it_without_a_key(stack: LocalStack, website: object) -> None:
    answer = stack.ask("GET", "/tracker/streamgauge.js")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/javascript; charset=utf-8")
    assert answer.content == SCRIPT.read_bytes()


def test_page_views_of_a_single_page_application(tracked: Tracked) -> None:
    with tracked.visitor(locale="de-CH", viewport={"width": 800, "height": 600}) as context:
        page = tracked.visit(context, "/start?utm_source=letter#part")
        page.evaluate("history.pushState(null, '', '/film?v=1'); setTimeout(() => document.title = 'A film', 100)")
        page.wait_for_timeout(600)
        page.evaluate("history.pushState(null, '', '/film?v=1')")  # the same page
        page.evaluate("history.pushState(null, '', '/film?v=2')")
        page.evaluate("history.replaceState(null, '', '/film?v=2&sort=new')")  # rewritten in place
        page.evaluate("history.replaceState(null, '', '/end')")
        page.evaluate("location.hash = 'part'")
        page.go_back()  # from the part
        page.go_back()  # from the page
        tracked.settle(context)
    views = [one for one in tracked.sent if one["event_type"] == "page_view"]
    paths = ["/start?utm_source=letter", "/film?v=1", "/film?v=2", "/end", "/film?v=1", "/settled"]
    assert [one["url"] for one in views] == [tracked.website.origin + path for path in paths]
    assert [one["title"] for one in views][:2] == ["Page /start", "A film"]
    assert views[1]["referrer"] == views[0]["url"]
    assert (views[0]["language"], views[0]["screen"]) == ("de-CH", "800x600")
    assert (tracked.figures()["visits"], tracked.figures()["pageviews"]) == (1, 6)
    assert {name: row["pageviews"] for name, row in tracked.rows("top-pages").items()} == {
        "/start": 1,
        "/film": 3,
        "/end": 1,
        "/settled": 1,
    }
    assert tracked.report("/api/v1/analytics/dashboard/{site}", utm_source="letter")["metrics"]["visits"] == 1
    assert tracked.said == []


def test_with_hash_the_fragment_is_the_page(tracked: Tracked) -> None:
    tracked.put_tracker("data-hash")
    with tracked.visitor() as context:
        page = tracked.visit(context, "/app/?utm_source=letter#/inbox")
        page.evaluate("location.hash = '#/sent'")
        tracked.settle(context)
    assert {"/app/inbox", "/app/sent"} < set(tracked.rows("top-pages"))


def test_manual_page_views(tracked: Tracked) -> None:
    tracked.put_tracker("data-manual")
    with tracked.visitor() as context:
        page = tracked.visit(context, "/quiet")
        page.evaluate("history.pushState(null, '', '/told'); streamgauge.page()")
        tracked.settle(context)
    assert list(tracked.rows("top-pages")) == ["/told"]


def test_custom_events_by_call_and_by_attribute(tracked: Tracked) -> None:
    buttons = (
        '<button data-streamgauge-event="signup" data-streamgauge-plan="pro"><b>Sign up</b></button>'
        '<form data-streamgauge-event="search"><input name="q"><button id="send">Go</button></form>'
    )
    tracked.put_tracker(body=buttons)
    with tracked.visitor() as context:
        page = tracked.visit(context)
        page.evaluate("streamgauge.track('scrolled', {depth: 50}, {interactive: false})")
        page.locator("b").click()
        page.locator("input").click()
        page.locator("#send").click()  # leaves the page
        tracked.settle(context)
    assert {name: row["events"] for name, row in tracked.rows("custom-events").items()} == {
        "scrolled": 1,
        "signup": 1,
        "search": 1,
        "settled": 1,
    }
    told = {one["event_type"]: one for one in tracked.sent}
    assert told["signup"]["properties"] == {"plan": "pro"}
    assert told["search"]["properties"] == {}
    assert told["scrolled"]["interactive"] is False


def test_what_arrived_unanswered_is_sent_again_and_counts_once(tracked: Tracked) -> None:
    with tracked.visitor() as context:
        lost: list[int] = []

        def lose(route: Route) -> None:
            """Let the first request arrive, but not its answer, and the second not at all."""
            if len(lost) == 0:
                lost.append(route.fetch().status)
                route.abort()
            elif len(lost) == 1:
                lost.append(0)
                route.abort()
            else:
                route.continue_()

        context.route(BATCHES, lose)
        page = tracked.visit(context)
        page.evaluate("streamgauge.track('bought')")
        tracked.wait(page, lambda: len(lost) == 2 and tracked.unsent(page) == 0)
        tracked.settle(context)
    assert lost == [202, 0]
    bought = [one["event_id"] for one in tracked.sent if one["event_type"] == "bought"]
    assert (len(bought), len(set(bought))) == (3, 1)
    assert tracked.rows("custom-events")["bought"]["events"] == 1
    assert tracked.figures()["pageviews"] == 2


def test_what_a_page_could_not_bring_a_later_one_does(tracked: Tracked) -> None:
    with tracked.visitor() as context:
        context.route(BATCHES, lambda route: route.abort())
        page = tracked.visit(context, "/offline")
        page.evaluate("streamgauge.track('bought')")
        page.close()
        context.unroute(BATCHES)
        tracked.settle(context)
        assert tracked.unsent(tracked.visit(context, "/later")) == 0
    assert tracked.rows("custom-events")["bought"]["events"] == 1
    assert tracked.rows("top-pages")["/offline"]["pageviews"] == 1


def test_nothing_is_sent_while_the_service_asks_to_wait(tracked: Tracked) -> None:
    with tracked.visitor() as context:
        when: list[float] = []

        def refuse(route: Route) -> None:
            when.append(time.monotonic())
            if len(when) > 1:
                route.continue_()
                return
            headers = {
                "retry-after": "3",
                "access-control-allow-origin": "*",
                "access-control-expose-headers": "retry-after",
            }
            route.fulfill(status=429, headers=headers, body="{}")

        context.route(BATCHES, refuse)
        page = tracked.visit(context)
        tracked.wait(page, lambda: tracked.unsent(page) == 1)
        page.evaluate("streamgauge.track('bought')")
        page.evaluate("dispatchEvent(new Event('pagehide'))")  # not even a beacon
        tracked.wait(page, lambda: tracked.unsent(page) == 0)
        assert len(when) == 2
        assert when[1] - when[0] >= 3
        tracked.settle(context)
    assert tracked.rows("custom-events")["bought"]["events"] == 1


@pytest.mark.parametrize("how", ["close the tab", "go elsewhere"])
def test_leaving_at_once_loses_nothing(tracked: Tracked, eventually: Callable[..., float], how: str) -> None:
    with tracked.visitor() as context:
        page = tracked.visit(context, "/left")
        page.evaluate("for (let n = 0; n < 40; n++) streamgauge.track('bought')")
        if how == "close the tab":
            page.close()
        else:
            page.goto("about:blank")
        # Nobody comes back, so what is counted came by beacon.
        eventually(lambda: tracked.rows("custom-events").get("bought", {}).get("events") == 40, 60)
    assert tracked.rows("top-pages")["/left"]["pageviews"] == 1


def test_coming_back_shows_the_page_again(tracked: Tracked) -> None:
    with tracked.visitor() as context:
        page = tracked.visit(context, "/first")
        page.evaluate("window.kept = true")
        page.goto(f"{tracked.website.origin}/second")
        page.go_back(wait_until="commit")  # a page that was kept loads nothing
        assert page.evaluate("window.kept"), "the page was not kept for the way back"
        tracked.settle(context)
    assert {name: row["pageviews"] for name, row in tracked.rows("top-pages").items()} == {
        "/first": 2,
        "/second": 1,
        "/settled": 1,
    }


def test_no_cookies_and_no_ids_unless_asked(tracked: Tracked) -> None:
    with tracked.visitor() as context:
        tracked.settle(context)
        page = tracked.visit(context)
        tracked.wait(page, lambda: tracked.unsent(page) == 0)
        assert context.cookies() == []
        assert page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
    assert not any("anonymous_id" in one or "user_id" in one for one in tracked.sent)


def test_with_remember_a_visitor_lasts(tracked: Tracked) -> None:
    tracked.put_tracker("data-remember")
    with tracked.visitor() as context:
        page = tracked.visit(context)
        page.evaluate("streamgauge.identify('ada'); streamgauge.track('signed in')")
        page.reload()
        page.evaluate("streamgauge.identify(); streamgauge.track('signed out')")
        tracked.settle(context)
        assert context.cookies() == []
    assert len({one["anonymous_id"] for one in tracked.sent}) == 1
    assert {one["event_type"]: one.get("user_id") for one in tracked.sent if one["event_type"] != "page_view"} == {
        "signed in": "ada",
        "signed out": None,
        "settled": None,
    }
    assert [one.get("user_id") for one in tracked.sent if one["event_type"] == "page_view"][:2] == [None, "ada"]


@pytest.mark.parametrize("store", ["is full", "is none"])
def test_where_nothing_can_be_stored_all_is_counted(tracked: Tracked, store: str) -> None:
    broken = {
        "is full": "Storage.prototype.setItem = () => { throw new DOMException('', 'QuotaExceededError') };"
        "localStorage.full = 'x'.repeat(5 * 2 ** 20 - 4)",
        "is none": "Object.defineProperty(window, 'localStorage', {value: null})",
    }
    tracked.put_tracker("data-remember")
    with tracked.visitor() as context:
        context.add_init_script(broken[store])
        page = tracked.visit(context, "/full")
        page.evaluate("streamgauge.identify('ada'); streamgauge.track('bought')")
        tracked.wait(page, lambda: "bought" in {one["event_type"] for one in tracked.sent})
    with tracked.visitor() as context:
        tracked.settle(context)
    assert tracked.rows("custom-events")["bought"]["events"] == 1
    assert tracked.rows("top-pages")["/full"]["pageviews"] == 1
    assert tracked.said == []


def test_what_the_service_cannot_take_stops_nothing(tracked: Tracked) -> None:
    """A ring is no JSON, a number is no id, half an emoji no text, and what the page does with an object later is its own."""
    with tracked.visitor() as context:
        page = tracked.visit(context)
        page.evaluate("const ring = {}; ring.ring = ring; streamgauge.track('ring', ring)")
        page.evaluate("const plan = {name: 'pro'}; streamgauge.track('chosen', plan); plan.name = 'free'")
        page.evaluate(
            "streamgauge.identify(42); document.title = '\\ud83d'; streamgauge.track('cut', {text: '\\ud83c'})"
        )
        page.evaluate("document.dispatchEvent(new Event('click'))")
        tracked.settle(context)
    counted = {name: row["events"] for name, row in tracked.rows("custom-events").items()}
    assert counted == {"ring": 1, "chosen": 1, "cut": 1, "settled": 1}
    told = {one["event_type"]: one for one in tracked.sent}
    assert told["chosen"]["properties"] == {"name": "pro"}
    assert (told["cut"]["user_id"], told["cut"]["title"], told["cut"]["properties"]) == ("42", "?", {"text": "?"})
    assert tracked.said == []


@pytest.mark.parametrize("wish", ["doNotTrack: '1'", "globalPrivacyControl: true"])
def test_who_asks_not_to_be_tracked_is_not_where_the_site_heeds_it(tracked: Tracked, wish: str) -> None:
    name, value = wish.split(": ")
    with tracked.visitor() as context:
        context.add_init_script(f"Object.defineProperty(Navigator.prototype, '{name}', {{get: () => {value}}})")
        tracked.put_tracker("data-do-not-track data-remember")
        page = tracked.visit(context, "/heeded")
        page.evaluate("streamgauge.identify('ada'); streamgauge.track('bought')")
        page.goto("about:blank")
        page = tracked.visit(context, "/heeded")
        assert page.evaluate("localStorage.length") == 0
        tracked.put_tracker()
        tracked.settle(context)
    assert {one["url"].rpartition("/")[2] for one in tracked.sent} == {"settled"}
