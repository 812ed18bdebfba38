"""What a caller of the local stack sees: from 202 to the figure, and how long a view takes."""

from __future__ import annotations

import http.client
import json
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from bench.figures import Figure, at_most, percentile, plain
from infra.local.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Callable

RATE: Final = 100
"""Events a second."""
A_REQUEST: Final = 10
SECONDS: Final = 60
VIEWS: Final = 300
WARM: Final = 30
PATIENCE: Final = 60.0


class _Door:
    """The front door over one kept connection."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def call(
        self, method: str, path: str, key: str | None = None, body: object = None, *, bearer: bool = True
    ) -> tuple[int, Any]:
        """Return the status and the body of an answer."""
        headers = {"content-type": "application/json", "cache-control": "no-cache", "user-agent": _AGENT}
        if key:
            headers |= {"authorization": f"Bearer {key}"} if bearer else {"x-write-key": key}
        self._connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = self._connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else None


_AGENT: Final = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"


def measure(say: Callable[[str], None]) -> list[Figure]:
    """Measure on the stack of STREAMGAUGE_HOME; one that was not running is started, and stopped again."""
    stack = Stack.of_environment()
    ran = all(stack.status().values())
    if not ran:
        say("starting the local stack")
        stack.up()
    try:
        told = json.loads((stack.folder / "endpoints.json").read_text("utf-8"))
        door = _Door(stack.port)
        status, site = door.call("POST", "/api/v1/sites", told["keys"]["admin"], {"name": "Bench"})
        if status not in {200, 201}:
            raise SystemExit(f"the site was not made: {status} {site}")
        say(f"{RATE} events a second for {SECONDS} seconds")
        stored, live = _freshness(stack.port, site["site_id"], site["keys"])
        say("views")
        views = _views(stack.port, site["keys"])
    finally:
        if not ran:
            stack.down()
    asked = f"{RATE} events/s, {A_REQUEST} a request"
    return [
        at_most("freshness_p95_s", percentile(stored, 0.95), "s", f"{asked}; p50 {percentile(stored, 0.5):.2f} s; others: 60-900 s", 5),
        plain("live_freshness_p95_s", percentile(live, 0.95), "s", f"{asked}; p50 {percentile(live, 0.5):.2f} s"),
        at_most("view_post_p95_ms", percentile(views, 0.95), "ms", f"p50 {percentile(views, 0.5):.0f} ms, through the front door", 100),
    ]  # fmt: skip


def _freshness(port: int, site: str, keys: dict[str, str]) -> tuple[list[float], list[float]]:
    """Return, per request, the seconds from its 202 until the reports hold as many events as were acknowledged by then."""
    sent: list[tuple[float, int]] = []
    over = threading.Event()
    daily: list[tuple[float, int]] = []
    realtime: list[tuple[float, int]] = []
    pollers = [
        threading.Thread(target=_poll, args=(port, keys["read"], path, read, seen, over))
        for path, read, seen in (
            (f"/api/v1/analytics/daily-stats/{site}?period=7d", _pageviews, daily),
            (f"/api/v1/analytics/realtime/{site}", _live_pageviews, realtime),
        )
    ]
    door = _Door(port)
    _send(door, keys["server"], site, 0)
    _wait_for(port, keys["read"], f"/api/v1/analytics/daily-stats/{site}?period=7d", _pageviews, A_REQUEST)
    for poller in pollers:
        poller.start()
    count, begin = A_REQUEST, time.monotonic()
    for n in range(1, SECONDS * RATE // A_REQUEST):
        time.sleep(max(0.0, begin + n * A_REQUEST / RATE - time.monotonic()))
        _send(door, keys["server"], site, n)
        count += A_REQUEST
        sent.append((time.monotonic(), count))
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and not all(seen and seen[-1][1] >= count for seen in (daily, realtime)):
        time.sleep(0.1)
    over.set()
    for poller in pollers:
        poller.join()
    return _delays(sent, daily), _delays(sent, realtime)


def _send(door: _Door, key: str, site: str, n: int) -> None:
    events = [
        {"event_type": "page_view", "url": f"https://bench.example/{site}/{slot}", "anonymous_id": f"bench-{n}-{slot}"}
        for slot in range(A_REQUEST)
    ]
    status, answer = door.call("POST", "/api/v1/analytics/event/batch", key, {"events": events}, bearer=False)
    if status != 202:  # noqa: PLR2004
        raise SystemExit(f"the events were not taken: {status} {answer}")


def _poll(
    port: int, key: str, path: str, read: Callable[[Any], int], seen: list[tuple[float, int]], over: threading.Event
) -> None:
    """Note what a report says, four times a second; an answer counts from when it is there."""
    door = _Door(port)
    while not over.wait(0.25):
        status, body = door.call("GET", path, key)
        if status == 200:  # noqa: PLR2004
            seen.append((time.monotonic(), read(body)))


def _wait_for(port: int, key: str, path: str, read: Callable[[Any], int], count: int) -> None:
    door = _Door(port)
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        status, body = door.call("GET", path, key)
        if status == 200 and read(body) >= count:  # noqa: PLR2004
            return
        time.sleep(0.2)
    raise SystemExit("the first events did not arrive")


def _pageviews(body: Any) -> int:  # noqa: ANN401
    return sum(day["pageviews"] for day in body["results"])


def _live_pageviews(body: Any) -> int:  # noqa: ANN401
    return int(body["pageviews_5m"])


def _delays(sent: list[tuple[float, int]], seen: list[tuple[float, int]]) -> list[float]:
    """Return how long each count took to be seen. What was not seen at all waited to the end."""
    delays, at = [], 0
    for moment, count in sent:
        while at < len(seen) and seen[at][1] < count:
            at += 1
        delays.append((seen[at][0] if at < len(seen) else seen[-1][0] + PATIENCE) - moment)
    return delays


def _views(port: int, keys: dict[str, str]) -> list[float]:
    door, times = _Door(port), []
    for n in range(WARM + VIEWS):
        begin = time.perf_counter()
        status, answer = door.call(
            "POST", f"/api/analytics/view/bench-{n % 20}", keys["server"], {"session_id": f"bench-{n}"}, bearer=False
        )
        if n >= WARM:
            times.append((time.perf_counter() - begin) * 1000)
        if status not in {200, 202}:
            raise SystemExit(f"the view was not taken: {status} {answer}")
    return times
