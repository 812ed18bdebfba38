"""The dashboard in Chromium, on a stack with simulated traffic: every view, held to the API, to axe and to stored script."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
import uuid
from gzip import compress
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.e2e.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.e2e.conftest import LocalStack

pytestmark = pytest.mark.e2e

PAGE = ROOT / "web" / "dashboard"
VIEWS = ["overview", "website", "videos", "media", "funnels", "sharing", "live", "operation"]
SCRIPT = "<img src=x onerror=\"window.ran='{0}'\"><script>window.ran='{0}'</script>"
FIRST_LOAD_BYTES = 200_000


def chromium() -> str | None:
    """Return the browser of the machine."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def needs_page() -> None:
    if not (PAGE / "dist" / "index.html").exists():
        pytest.skip("the dashboard is not built: run `make install` with a network")


def test_the_first_load_is_small() -> None:
    needs_page()
    sent = sum(len(compress(file.read_bytes())) for file in (PAGE / "dist").rglob("*") if file.is_file())
    assert sent < FIRST_LOAD_BYTES


def test_nothing_in_the_page_is_inline() -> None:
    needs_page()
    text = (PAGE / "dist" / "index.html").read_text()
    policy = re.search(r'http-equiv="Content-Security-Policy"\s+content="([^"]+)"', text)
    assert policy
    assert "script-src 'self';" in policy[1]
    assert "unsafe" not in policy[1]
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style| style=| on\w+=", text)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    needs_page()
    program = chromium()
    if program is None:
        pytest.skip("there is no Chromium: run `make browser` where apt can install it")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield made
        made.close()


@pytest.fixture(scope="module")
def site(stack: LocalStack, browser: Browser) -> dict[str, Any]:
    """Make a site with events of every kind, among them texts that are scripts; wait until all is counted."""
    made = stack.ask("POST", "/api/v1/sites", "admin", json={"name": SCRIPT.format("site")}).json()
    server = {"authorization": f"Bearer {made['keys']['server']}"}
    base = stack.endpoints["base_url"]
    context = {
        "ip": "81.2.69.160",
        "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    }
    events: list[dict[str, Any]] = []
    for number in range(12):
        who = {"anonymous_id": f"visitor-{number}", "session_id": f"session-{number}", "context": context}
        told = {
            "url": f"https://example.org/page-{number % 3}",
            "referrer": "https://www.google.com/",
            "title": "A page",
        }
        events.append({"event_type": "page_view", **who, **told})
        events.append({"event_type": "signup", **who, "url": told["url"]})
        for kind, position in (("video_start", 0), ("video_progress", 30), ("video_complete", 60)):
            played = {"position": position, "duration": 60, "quality": "1080p", "bitrate": 4000}
            stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 90 + position))
            events.append({"event_type": kind, **who, "video_id": "film", "timestamp": stamp, "properties": played})
    who = {"anonymous_id": "attacker", "context": context}
    script = SCRIPT.format("event")
    events.append(
        {
            "event_type": "page_view",
            **who,
            "url": f"https://example.org/{script}",
            "referrer": f"https://evil.example/{script}",
            "title": script,
            "utm_campaign": script,
            "utm_source": script,
            "language": "<svg onload=window.ran=1>",
        }
    )
    events.append({"event_type": script, **who, "url": "javascript:window.ran='url'"})
    events.append(
        {
            "event_type": "video_start",
            **who,
            "video_id": script,
            "properties": {"position": 0, "quality": "<svg onload=window.ran=1>"},
        }
    )
    events.append({"event_type": "video_progress", **who, "video_id": script, "properties": {"position": 9}})
    for one in events:
        one["event_id"] = uuid.uuid4().hex
    sent = httpx.post(f"{base}/api/v1/analytics/event/batch", json={"events": events}, headers=server, timeout=60)
    assert sent.status_code == 202, sent.text
    refused = httpx.post(
        f"{base}/api/events", json={"event_type": "page_view", "title": script}, headers=server, timeout=60
    )
    assert refused.status_code == 422
    for user, title in (("ada", "A film"), (script, script)):
        session = {"user_id": user, "content_id": "film", "content_type": "movie", "title": title, "device_name": title}
        assert (
            httpx.post(f"{base}/api/v1/analytics/sessions", json=session, headers=server, timeout=60).status_code == 201
        )
    deadline = time.monotonic() + 60
    while (found := figures(stack, made))["metrics"]["pageviews"] < 13 or found["metrics"]["events"] < 12:
        assert time.monotonic() < deadline, found
        time.sleep(0.5)
    return made


def ask(stack: LocalStack, site: dict[str, Any], path: str) -> dict[str, Any]:
    """Ask the API as the page does."""
    headers = {"authorization": f"Bearer {site['keys']['admin']}"}
    return httpx.get(f"{stack.endpoints['base_url']}{path}", headers=headers, timeout=40).json()


def figures(stack: LocalStack, site: dict[str, Any]) -> dict[str, Any]:
    return ask(stack, site, f"/api/v1/analytics/dashboard/{site['site_id']}?period=7d")


class Look:
    """A page of the dashboard, signed in; `said` is what the console heard."""

    def __init__(self, page: Page, base: str) -> None:
        self.page, self.base = page, base
        self.said: list[str] = []
        page.on(
            "console",
            lambda message: message.type == "error" and self.said.append(f"{message.text} {message.location['url']}"),
        )
        page.on("pageerror", lambda error: self.said.append(str(error)))

    def sign_in(self, key: str) -> None:
        self.page.goto(f"{self.base}/")
        self.page.get_by_label("Key", exact=True).fill(key)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.get_by_role("navigation", name="Views").wait_for()

    def go(self, address: str) -> None:
        """Go to a view and wait until nothing loads any more."""
        self.page.goto(f"{self.base}/#/{address}")
        self.page.locator("main h1").first.wait_for()
        self.wait()

    def wait(self) -> None:
        from playwright.sync_api import expect

        expect(self.page.locator("main .loading, main [aria-busy=true]")).to_have_count(0, timeout=40_000)

    def card(self, name: str) -> str:
        return self.page.get_by_role("region", name=name, exact=True).inner_text()

    def axe(self) -> list[str]:
        """Return what axe finds wrong."""
        found = self.page.evaluate("axe.run().then((result) => result.violations)")
        return [f"{one['id']}: {one['nodes'][0]['html']}" for one in found]


@pytest.fixture(scope="module", params=["light, wide", "dark, phone"])
def look(request: pytest.FixtureRequest, browser: Browser, stack: LocalStack, site: dict[str, Any]) -> Iterator[Look]:
    theme, size = request.param.split(", ")
    context = browser.new_context(
        color_scheme=theme,
        viewport={"width": 1280, "height": 900} if size == "wide" else {"width": 390, "height": 844},
        permissions=[],
    )
    made = Look(context.new_page(), stack.endpoints["base_url"])
    # Evaluated by the browser's own tools, which the page's policy does not bind.
    context.add_init_script((PAGE / "node_modules" / "axe-core" / "axe.min.js").read_text())
    made.sign_in(site["keys"]["admin"])
    yield made
    context.close()


@pytest.mark.parametrize("view", [*VIEWS, "videos/film", "media/ada"])
def test_every_view_is_accessible_quiet_and_runs_no_stored_script(look: Look, view: str) -> None:
    look.said.clear()
    look.go(f"{view}?period=7d")
    assert look.axe() == []
    assert look.page.evaluate("window.ran") is None
    assert look.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"
    # Where nothing is pushed, the call for a ticket answers 404 and the page asks every two seconds.
    assert [one for one in look.said if "/api/v1/live/tickets" not in one] == []


def test_figures_are_the_apis(look: Look, stack: LocalStack, site: dict[str, Any]) -> None:
    look.go("website?period=7d")
    metrics = figures(stack, site)["metrics"]
    shown = look.card("Figures").split("\n")
    named = {shown[place]: shown[place + 1] for place in range(len(shown) - 1)}
    assert {name: named[name] for name in ("Visitors", "Visits", "Page views", "Events")} == {
        "Visitors": str(metrics["visitors"]),
        "Visits": str(metrics["visits"]),
        "Page views": str(metrics["pageviews"]),
        "Events": str(metrics["events"]),
    }
    pages = ask(stack, site, f"/api/v1/analytics/top-pages/{site['site_id']}?period=7d")["results"]
    table = look.page.get_by_role("region", name="Pages", exact=True).locator("tbody tr")
    assert [row.locator("td").nth(0).inner_text() for row in table.all()] == [row["name"] for row in pages]
    assert [row.locator("td").nth(1).inner_text() for row in table.all()] == [str(row["visitors"]) for row in pages]
    look.go("videos/film?period=7d")
    video = ask(stack, site, "/api/metrics/video/film?period=7d")
    shown = look.card("Figures").split("\n")
    assert shown[shown.index("Views") + 1] == str(video["views"])
    assert shown[shown.index("Viewers") + 1] == str(video["unique_viewers"])


def test_a_click_filters_and_the_address_shows_the_same_to_others(
    look: Look, stack: LocalStack, site: dict[str, Any]
) -> None:
    look.go("website?period=7d")
    look.page.get_by_role("region", name="Pages", exact=True).get_by_role("button", name="/page-1").click()
    chip = look.page.get_by_role("button", name=re.compile("Remove the filter page"))
    chip.wait_for()
    address = look.page.url
    assert "page=%2Fpage-1" in address
    assert site["keys"]["admin"] not in address
    look.go("overview")
    look.page.goto(address)
    chip.wait_for()
    look.wait()
    answer = ask(stack, site, f"/api/v1/analytics/dashboard/{site['site_id']}?period=7d&page=/page-1")
    assert f"Visitors\n{answer['metrics']['visitors']}\n" in look.card("Figures")
    chip.click()
    chip.wait_for(state="detached")


def test_a_list_is_downloaded_as_csv(look: Look) -> None:
    look.go("website?period=7d")
    with look.page.expect_download() as waiting:
        look.page.get_by_role("button", name="Download top-pages as CSV").click()
    assert waiting.value.path().read_text().startswith("name,")


def test_the_live_view_moves_within_two_seconds(look: Look, stack: LocalStack, site: dict[str, Any]) -> None:
    look.go("live")
    server = {"authorization": f"Bearer {site['keys']['server']}"}
    before = int(re.search(r"Page views, 5 min\n(\d+)", look.card("Website"))[1])  # type: ignore[index]
    event = {"event_type": "page_view", "anonymous_id": uuid.uuid4().hex, "url": "https://example.org/now"}
    assert (
        httpx.post(f"{stack.endpoints['base_url']}/api/events", json=event, headers=server, timeout=40).status_code
        == 202
    )
    began = time.monotonic()
    look.page.get_by_role("region", name="Website", exact=True).get_by_text(str(before + 1), exact=True).first.wait_for(
        timeout=15_000
    )
    print(f"seen after {time.monotonic() - began:.1f} s")


def test_a_wrong_key_is_told_so_and_kept_nowhere(browser: Browser, stack: LocalStack) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{stack.endpoints['base_url']}/")
    page.get_by_label("Key", exact=True).fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text("The key is unknown or revoked.").wait_for()
    assert page.evaluate("JSON.stringify({...sessionStorage, ...localStorage})") == "{}"
    context.close()


def test_a_sleeping_database_is_told_and_waited_for(browser: Browser, stack: LocalStack, site: dict[str, Any]) -> None:
    context = browser.new_context()
    page = context.new_page()
    asleep = [True]

    def answer(route: Any) -> None:
        if asleep.pop() if asleep else False:
            headers = {"retry-after": "3", "content-type": "application/problem+json"}
            route.fulfill(status=503, headers=headers, body=json.dumps({"title": "Away", "status": 503}))
        else:
            route.continue_()

    page.route(re.compile("/api/v1/analytics/dashboard/"), answer)
    look = Look(page, stack.endpoints["base_url"])
    look.sign_in(site["keys"]["read"])
    page.get_by_text("waking up").wait_for()
    page.get_by_text("Bounce rate").first.wait_for()
    context.close()


@pytest.fixture(scope="module", autouse=True)
def _built() -> None:
    """Hold the page's types, where its compiler is installed."""
    if (PAGE / "node_modules" / ".bin" / "tsc").exists():
        subprocess.run([PAGE / "node_modules" / ".bin" / "tsc"], cwd=PAGE, check=True)
