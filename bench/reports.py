"""How long reports take over 90 days: from the function's handler to its answer, in this process, with a real Postgres."""

from __future__ import annotations

import importlib
import os
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from streamgauge.access import registry
from streamgauge.contributions import TOTAL_CODE
from streamgauge.rollups.uniques import Uniques
from streamgauge.settings import settings
from streamgauge.store import postgres

from bench import load
from bench.figures import Figure, at_most, median, percentile, plain, timed_ms

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.database import Server

RANGE_DAYS: Final = 90
_ORIGIN: Final = "bench"
WARM: Final = 20
CALLS: Final = 200
REPORTS: Final = {
    "dashboard": ("web", "/api/v1/analytics/dashboard/bench"),
    "top-pages": ("web", "/api/v1/analytics/top-pages/bench"),
    "daily-stats": ("web", "/api/v1/analytics/daily-stats/bench"),
    "video": ("video", "/api/metrics/video/video-{}"),
}
UMAMI: Final = {
    "dashboard": "Umami: totals of 90 days 10.4 s at 10 M",
    "top-pages": "Umami: top paths of 90 days 9.8 s at 10 M",
    "daily-stats": "Umami: series of 90 days 14.9 s at 10 M",
    "video": "Umami has none",
}


def measure(server: Server, databases: dict[str, str], say: Callable[[str], None]) -> list[Figure]:
    """Return the figures of the reports for the loaded databases (scale -> name)."""
    os.environ["ORIGIN_SECRET"] = _ORIGIN
    figures: list[Figure] = []
    middle: dict[tuple[str, str], float] = {}
    for scale, database in databases.items():
        os.environ["DATABASE_URL"] = server.url(database)
        settings.cache_clear()
        postgres.discard()
        _find_site()
        for name, (function, path) in REPORTS.items():
            say(f"{name} over {RANGE_DAYS} days at {scale}")
            times = _times(importlib.import_module(f"functions.api.{function}").handler, path)
            middle[name, scale] = median(times)
            told = f"p50 {median(times):.1f} ms; {UMAMI[name]}"
            if scale == "10m":
                figures.append(at_most(f"report_{name}_p95_ms", percentile(times, 0.95), "ms", told, 25))
            else:
                figures.append(plain(f"report_{name}_{scale}_p95_ms", percentile(times, 0.95), "ms", told))
        if scale == max(databases, key=lambda one: load.SCALES[one]):
            say(f"uniques over {RANGE_DAYS} days at {scale}")
            figures.append(_uniques(server, database))
    postgres.discard()
    if {"1m", "10m"} <= databases.keys():
        growth = {name: middle[name, "10m"] / middle[name, "1m"] for name in REPORTS}
        worst = max(growth, key=lambda name: growth[name])
        figures.append(
            at_most("report_growth", growth[worst], "ratio", f"p50 at 10 M / 1 M, worst: {worst}; Umami 9-17", 1.5)
        )
    return figures


def _find_site() -> None:
    """Put the site where a warm container has it; DynamoDB is no part of these figures."""
    site = registry.SiteRecord(load.SITE, 1, load.SITE, "UTC", ("site.example",), {}, b"secret")
    registry.find_site = lambda _site: site  # type: ignore[assignment]


def _times(handler: Callable[[dict[str, Any], None], dict[str, Any]], path: str) -> list[float]:
    times = []
    for n in range(WARM + CALLS):
        # Three ranges in turn: one ends today, which is open, the others on the days before.
        end = load.FIRST_DAY + timedelta(load.DAYS - 1 - n % 3)
        event = _request(path.format(n % 50), end)
        begin = time.perf_counter()
        answer = handler(event, None)
        taken = (time.perf_counter() - begin) * 1000
        if answer["statusCode"] != 200:  # noqa: PLR2004
            raise SystemExit(f"{path} answered {answer}")
        if n >= WARM:
            times.append(taken)
    return times


def _request(path: str, end: Any) -> dict[str, Any]:  # noqa: ANN401
    query = {"startDate": (end - timedelta(RANGE_DAYS - 1)).isoformat(), "endDate": end.isoformat()}
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "&".join(f"{name}={value}" for name, value in query.items()),
        "queryStringParameters": query,
        "headers": {"accept": "application/json", "host": "example.org", "x-origin-secret": _ORIGIN},
        "requestContext": {
            "http": {"method": "GET", "path": path, "sourceIp": "203.0.113.7"},
            "authorizer": {
                "lambda": {"principal": "bench", "site": load.SITE, "scope": "read", "grants": f"{load.SITE}:read"}
            },
            "stage": "$default",
        },
        "isBase64Encoded": False,
    }


def _uniques(server: Server, database: str) -> Figure:
    """Return how long the exact distinct visitors of 90 closed days take."""
    end = load.FIRST_DAY + timedelta(load.DAYS - 2)
    start = end - timedelta(RANGE_DAYS - 1)
    found: list[dict[int, int]] = []
    times = [
        timed_ms(lambda: found.append(Uniques(postgres.read, 1, start, end, [False]).count([TOTAL_CODE])))
        for _ in range(WARM + CALLS)
    ][WARM:]
    with server.connect(database) as connection:
        query = "SELECT count(DISTINCT visitor) FROM visitor_days WHERE site_no = 1 AND NOT bots AND lasting AND day BETWEEN %s AND %s"
        begun = timed_ms(lambda: found.append(connection.execute(query, [start, end]).fetchone()))  # type: ignore[arg-type]
    distinct = found[0][TOTAL_CODE]
    if found[-1] != (distinct,):
        raise SystemExit(f"uniques are not exact: {distinct}, counted {found[-1]}")
    return at_most(
        "uniques_90d_ms", median(times), "ms", f"count(DISTINCT) of the same {distinct:,} visitors: {begun:.0f} ms", 5
    )
