"""A site of Streamgauge with the tracker on the pages of a website, and what a browser sends there."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, BrowserContext, Page, Request

    from tests.e2e.conftest import LocalStack
    from tests.e2e.web_server import Website

BATCHES = "**/api/v1/analytics/event/batch*"


@dataclass
class Tracked:
    """`sent` holds the events of every request to ingest in order, but for beacons; one that was sent twice stands there twice."""

    stack: LocalStack
    browser: Browser
    website: Website
    site: dict[str, Any]
    sent: list[dict[str, Any]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def put_tracker(self, attributes: str = "", body: str = "", head: str = "") -> None:
        """Put the snippet of the documentation on every page."""
        base, key = self.stack.endpoints["base_url"], self.site["keys"]["write"]
        script = f'<script defer src="{base}/tracker/streamgauge.js" data-key="{key}" {attributes}></script>'
        self.website.head, self.website.body = f"{head}{script}", body

    @contextmanager
    def visitor(self, **options: Any) -> Iterator[BrowserContext]:
        """Be a visitor with an empty browser."""
        context = self.browser.new_context(**options)
        context.on("request", self._note)
        yield context
        context.close()

    def visit(self, context: BrowserContext, path: str = "/", **options: Any) -> Page:
        """Open a page in a new tab; `said` hears what its console says of errors."""
        page = context.new_page()
        page.on("console", lambda one: one.type in {"error", "warning"} and self.said.append(one.text))
        page.on("pageerror", lambda one: self.said.append(str(one)))
        page.goto(f"{self.website.origin}{path}", **options)
        return page

    def _note(self, request: Request) -> None:
        if "/event/batch" in request.url and request.method == "POST":
            self.sent += json.loads(request.post_data or "{}")["events"]

    def report(self, path: str, **query: Any) -> dict[str, Any]:
        """Ask for a report of today, past all caches."""
        headers = {"authorization": f"Bearer {self.site['keys']['read']}", "cache-control": "no-cache"}
        query = {"period": "7d", **query}
        return self.stack.ask("GET", path.format(site=self.site["site_id"]), headers=headers, params=query).json()

    def figures(self) -> dict[str, Any]:
        return self.report("/api/v1/analytics/dashboard/{site}")["metrics"]

    def rows(self, report: str) -> dict[str, Any]:
        """Return a top list by name."""
        return {row["name"]: row for row in self.report(f"/api/v1/analytics/{report}/{{site}}")["results"]}

    def unsent(self, page: Page) -> int:
        """Return how many pages have left something in the browser that is not brought yet."""
        return page.evaluate("Object.keys(localStorage).filter((name) => name.includes(':unsent:')).length")

    def settle(self, context: BrowserContext) -> None:
        """Bring what is left in the browser, then one more event, and wait until that is counted: then all before it is, too."""
        page = self.visit(context, "/settled")
        self.wait(page, lambda: self.unsent(page) == 0)
        page.evaluate("streamgauge.track('settled')")
        self.wait(page, lambda: "settled" in self.rows("custom-events"))

    @staticmethod
    def wait(page: Page, check: Callable[[], bool], seconds: float = 60) -> None:
        """Wait until a check holds; meanwhile the browser's requests are seen to, which a plain sleep would hold up."""
        end = time.monotonic() + seconds
        while not check():
            assert time.monotonic() < end, f"it did not hold within {seconds} s"
            page.wait_for_timeout(100)
