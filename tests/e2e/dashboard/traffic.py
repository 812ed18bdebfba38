"""A site with events of every kind, among them texts that are scripts."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from tests.e2e.conftest import BROWSER

if TYPE_CHECKING:
    from tests.e2e.conftest import LocalStack

REPORTS = "/api/v1/analytics"
VISITORS = 12
HOUR = 3600


def script(where: str) -> str:
    """Return a text that would say in `window.ran` where it was run."""
    return f"<img src=x onerror=\"window.ran='{where}'\"><script>window.ran='{where}';alert('{where}')</script>"


@dataclass
class Site:
    """A site of the stack, asked as the page asks."""

    base: str
    site_id: str
    name: str
    keys: dict[str, str]

    def ask(self, path: str, scope: str = "admin", method: str = "GET", **request: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.keys[scope]}", "user-agent": BROWSER, **request.pop("headers", {})}
        return httpx.request(method, f"{self.base}{path}", headers=headers, timeout=60, **request)

    def tell(self, path: str, body: Any, status: int, method: str = "POST") -> dict[str, Any]:
        """Send what a back end or an administrator sends; it has to answer `status`."""
        scope = "server" if path.startswith((f"{REPORTS}/event", f"{REPORTS}/sessions", "/api/events")) else "admin"
        answer = self.ask(path, scope, method, json=body)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else {}

    def get(self, path: str) -> Any:
        answer = self.ask(path, headers={"cache-control": "no-cache"})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def report(self, path: str) -> Any:
        """Return a report under `/api/v1/analytics`."""
        return self.get(f"{REPORTS}/{path}")


def make_site(stack: LocalStack) -> Site:
    """Make a site, send it everything, wait until all is counted."""
    settings = {"concurrent_streams_threshold": 2}
    made = stack.ask("POST", "/api/v1/sites", "admin", json={"name": script("site"), "settings": settings}).json()
    site = Site(stack.endpoints["base_url"], made["site_id"], made["name"], made["keys"])
    events = [*_visits(), *_playbacks(), *_attacks()]
    for one in events:
        one["event_id"] = uuid.uuid4().hex
    site.tell(f"{REPORTS}/event/batch", {"events": events}, 202)
    site.tell("/api/events", {"event_type": "page_view", "title": script("refused")}, 422)
    _library(site)
    _sessions(site)
    site.tell(f"{REPORTS}/goals/{site.site_id}", {"name": script("goal"), "type": "event", "value": "signup"}, 201)
    for name in (script("funnel"), "Sign up"):
        steps = [
            {"name": name, "type": "page", "match": "prefix", "value": "/"},
            {"name": "Signed up", "type": "event", "match": "equals", "value": "signup"},
        ]
        site.tell("/api/v1/funnels", {"name": name, "website_id": site.site_id, "steps": steps}, 201)
    deadline = time.monotonic() + 120
    while True:
        found = site.report(f"dashboard/{site.site_id}?period=7d")["metrics"]
        played = site.get(f"/api/metrics/videos?period=7d&website_id={site.site_id}")["results"]
        if found["pageviews"] >= VISITORS + 1 and found["events"] >= VISITORS + 1 and len(played) == 2:
            break
        assert time.monotonic() < deadline, (found, played)
        time.sleep(0.5)
    stack.invoke("sharing_detection", {})
    return site


def _context(address: str) -> dict[str, str]:
    return {"ip": address, "user_agent": BROWSER}


def _visits() -> list[dict[str, Any]]:
    """Twelve visitors of three pages; every one signs up, with a plan."""
    found = []
    for number in range(VISITORS):
        who = {
            "anonymous_id": f"visitor-{number}",
            "session_id": f"session-{number}",
            "context": _context("81.2.69.160"),
        }
        url = f"https://example.org/page-{number % 3}"
        told = {
            "url": url,
            "referrer": "https://www.google.com/",
            "title": "A page",
            "screen": "1920x1080",
            "language": "en-GB",
            "timestamp": at(95),
        }
        found.append({"event_type": "page_view", **who, **told})
        found.append({"event_type": "signup", **who, "url": url, "properties": {"plan": ["free", "pro"][number % 2]}})
    return found


def _playbacks() -> list[dict[str, Any]]:
    found = []
    for number in range(VISITORS):
        who = {
            "anonymous_id": f"visitor-{number}",
            "session_id": f"session-{number}",
            "context": _context("81.2.69.160"),
        }
        for kind, position in (("video_start", 0), ("video_progress", 30), ("video_complete", 60)):
            played = {"position": position, "duration": 60, "quality": "1080p", "bitrate": 4000, "startup_time": 0.8}
            found.append(
                {"event_type": kind, **who, "video_id": "film", "timestamp": at(90 - position), "properties": played}
            )
    return found


def _attacks() -> list[dict[str, Any]]:
    """One who puts script wherever a text is taken."""
    who = {"anonymous_id": "attacker", "context": _context("81.2.69.160")}
    page = {
        "url": f"https://example.org/{script('url')}",
        "referrer": f"https://evil.example/{script('referrer')}",
        "title": script("title"),
        "language": "<svg onload=window.ran=1>",
        "timestamp": at(95),
        **{name: script(name) for name in ("utm_campaign", "utm_source", "utm_medium", "utm_term", "utm_content")},
    }
    bad = script("event")
    video = {"position": 0, "quality": "<svg onload=window.ran=1>"}
    return [
        {"event_type": "page_view", **who, **page},
        {"event_type": bad, **who, "url": "javascript:window.ran='url'", "properties": {script("property"): script("value")}},
        {"event_type": "video_start", **who, "video_id": script("video"), "properties": video},
        {"event_type": "video_progress", **who, "video_id": script("video"), "properties": {"position": 9}},
    ]  # fmt: skip


def _library(site: Site) -> None:
    site.tell("/api/v1/catalog/libraries/main", {"name": script("library"), "type": "movie"}, 200, "PUT")
    item = {
        "content_id": "film",
        "title": script("item"),
        "type": "movie",
        "library_id": "main",
        "genres": [script("genre")],
    }
    site.tell("/api/v1/catalog/items", {"items": [{**item, "duration": 5400, "size_gb": 4}]}, 200, "PUT")


def _sessions(site: Site) -> None:
    """Sessions of three users: one that goes on, a script, and one who is in two places at once on three devices."""
    for user, title in (("ada", "A film"), (script("user"), script("title"))):
        playing = {
            "user_id": user,
            "content_id": "film",
            "content_type": "movie",
            "title": title,
            "device_name": script("device"),
        }
        site.tell(f"{REPORTS}/sessions", playing, 201)
    shared = {"user_id": "sharer", "content_id": "film", "content_type": "movie", "historical": True}
    for number, address in enumerate(("81.2.69.160", "216.160.83.56", "202.196.224.1")):
        times = {"started_at": at(2 * HOUR), "ended_at": at(HOUR), "duration_seconds": HOUR}
        device = {
            "device_id": f"device-{number}",
            "device_name": script("device"),
            "client_name": "Web",
            "ip_address": address,
        }
        site.tell(f"{REPORTS}/sessions", {**shared, **times, **device}, 201)


def at(seconds_ago: float) -> str:
    """Return a time of the past as events tell it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - seconds_ago))
