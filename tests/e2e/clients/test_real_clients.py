"""Real clients, installed from their registries, run against the local stack: a visit through any of them ends as the same figures.

The visit: two pages, a sign-up, and a video of ten seconds watched to its end. What a client cannot express is left out of what
is expected of it, and nothing else.
"""

from __future__ import annotations

import functools
import http.server
import json
import os
import subprocess
import threading
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.clients.registries import HERE, UnreachableError, bundled, installed
from tests.e2e.conftest import BROWSER, chromium

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

    from tests.e2e.conftest import LocalStack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

VISIT = {"visitors": 1, "visits": 1, "pageviews": 2, "events": 1, "views_per_visit": 2.0, "bounce_rate": 0.0}
VIDEO = {
    "views": 1,
    "unique_viewers": 1,
    "watch_time_seconds": 10.0,
    "completion_rate": 1.0,
    "rebuffer_ratio": 0.0,
}
PROGRAMS = {
    "segment_python.py": True,
    "rudderstack_python.py": True,
    "posthog_python.py": True,
    "umami_python.py": False,
    "segment.mjs": True,
    "rudderstack.mjs": True,
    "posthog.mjs": True,
    "umami.mjs": False,
    "plausible.mjs": False,
}
"""Clients of back ends, and whether they express a video."""
PAGES = {
    "page_segment.js": True,
    "page_rudderstack.js": True,
    "page_posthog.js": True,
    "page_umami.js": False,
    "page_plausible.js": False,
    "page_plausible_tracker.js": False,
}
"""Clients of browsers, likewise."""


@pytest.fixture(scope="module")
def folder() -> Path:
    try:
        return installed()
    except (UnreachableError, OSError, subprocess.TimeoutExpired) as reason:
        pytest.skip(f"the clients cannot be had from their registries: {reason}")


class Site:
    """A site of one client's own."""

    def __init__(self, stack: LocalStack) -> None:
        self.stack = stack
        self.domain = f"{uuid.uuid4().hex}.example"
        made = stack.ask("POST", "/api/v1/sites", "admin", json={"name": self.domain, "domains": [self.domain]}).json()
        self.site_id: str = made["site_id"]
        self.keys: dict[str, str] = made["keys"]

    def ask(self, path: str) -> Any:
        headers = {"authorization": f"Bearer {self.keys['read']}", "cache-control": "no-cache"}
        answer = self.stack.ask("GET", f"{path}?period=7d", headers=headers)
        return answer.json() if answer.status_code == 200 else {}

    def figures(self, *, video: bool) -> dict[str, Any]:
        website = "/api/v1/analytics/{}/" + self.site_id
        metrics = self.ask(website.format("dashboard")).get("metrics", {})
        lists = {
            name: sorted((row["name"], row[amount]) for row in self.ask(website.format(name)).get("results", []))
            for name, amount in (("custom-events", "events"), ("top-pages", "pageviews"), ("top-referrers", "visits"))
        }
        watched = self.ask("/api/metrics/video/v-9") if video else {}
        return {
            "visit": {name: metrics.get(name) for name in VISIT},
            **lists,
            **({"video": {name: watched.get(name) for name in VIDEO}} if video else {}),
        }


def holds(site: Site, eventually: Callable[..., float], *, video: bool) -> None:
    """Wait until the figures are those of the visit. Clients that express a video also say who the user is."""
    wanted = {
        "visit": VISIT,
        "custom-events": [("Signup", 1)],
        "top-pages": [("/home", 1), ("/watch/9", 1)],
        "top-referrers": [("Google", 1)],
        **({"video": VIDEO} if video else {}),
    }
    try:
        eventually(lambda: site.figures(video=video) == wanted, 20)
    except AssertionError:
        letters = site.stack.ask(
            "GET", "/api/v1/dead-letters", headers={"authorization": f"Bearer {site.keys['admin']}"}
        )
        assert site.figures(video=video) == wanted, letters.text
    if video:
        assert site.ask("/api/v1/users/user-1")["traits"]["plan"] == "pro"


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_back_end_of(program: str, folder: Path, stack: LocalStack, eventually: Callable[..., float]) -> None:
    site = Site(stack)
    environment = {
        **os.environ,
        "BASE": stack.endpoints["base_url"],
        "KEY": site.keys["server"],
        "SITE": site.site_id,
        "DOMAIN": site.domain,
    }
    script = HERE / "visits" / program
    if program.endswith(".mjs"):
        # Node looks for modules from where a script lies.
        script = folder / program
        script.write_bytes((HERE / "visits" / program).read_bytes())
    interpreter = folder / "python" / "bin" / "python" if program.endswith(".py") else "node"
    done = subprocess.run(
        [interpreter, script], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    holds(site, eventually, video=PROGRAMS[program])


class Pages(http.server.BaseHTTPRequestHandler):
    """Two pages with a client in them, under `/{name of the script}/{site}/…`."""

    def __init__(self, shown: dict[str, bytes], *rest: Any) -> None:
        self.shown = shown
        super().__init__(*rest)

    def do_GET(self) -> None:
        body = self.shown.get(self.path, b"")
        self.send_response(200 if body else 404)
        self.send_header("content-type", "text/javascript" if self.path.endswith(".js") else "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def shown() -> Iterator[tuple[int, dict[str, bytes]]]:
    """The port of the pages, and what is shown there by path."""
    pages: dict[str, bytes] = {}
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Pages, pages))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port, pages
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # Some clients are silent in a browser that a program drives.
    with chromium("--disable-blink-features=AutomationControlled") as made:
        yield made


@pytest.mark.parametrize("script", PAGES)
def test_a_page_of(
    script: str,
    folder: Path,
    stack: LocalStack,
    eventually: Callable[..., float],
    browser: Browser,
    shown: tuple[int, dict[str, bytes]],
) -> None:
    site, (port, pages) = Site(stack), shown
    base = stack.endpoints["base_url"]
    told = json.dumps({"base": base, "key": site.keys["write"], "domain": site.domain})
    tags = f"<script>window.stats = {told}</script><script src='/client.js'></script>"
    if script == "page_umami.js":
        tags += f"<script defer src='/umami.js' data-website-id='{site.site_id}' data-host-url='{base}'></script>"
        pages["/umami.js"] = (folder / "umami-tracker.js").read_bytes()
    pages["/client.js"] = bundled(folder, HERE / "visits" / script)
    pages["/home"] = pages["/watch/9"] = f"<!doctype html><title>Page</title><body>{tags}".encode()
    context = browser.new_context(user_agent=BROWSER)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    for path, referrer in (("/home", "https://www.google.com/"), ("/watch/9", None)):
        page.goto(f"http://localhost:{port}{path}", referer=referrer, wait_until="networkidle")
        page.evaluate("Promise.race([window.done, new Promise((late) => setTimeout(late, 10_000))])")
    page.close(run_before_unload=False)
    context.close()
    try:
        holds(site, eventually, video=PAGES[script])
    except AssertionError as error:
        error.add_note(f"the console said: {said}")
        raise
