"""Asks a report as the front door would: a request through the function's handler, in this process."""

from __future__ import annotations

import importlib
import os
import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlencode

from streamgauge.access import registry
from streamgauge.settings import settings
from streamgauge.store import postgres

from bench import load
from bench.figures import median
from bench.processes import cpu_of, own_cpu

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

_ORIGIN: Final = "bench"
WARM: Final = 20
CALLS: Final = 120
LONGEST_SECONDS: Final = 5
FEWEST_CALLS: Final = 6
"""A slow report is asked so often when the time for it is over."""


class Taken(NamedTuple):
    """What a report took: wall milliseconds of each call, and the mean of CPU milliseconds here and in its Postgres process."""

    ms: list[float]
    cpu_ms: float

    @property
    def told(self) -> str:
        """Both, for the eye."""
        return f"p50 {median(self.ms):.1f} ms, CPU {self.cpu_ms:.1f} ms"


class Report(NamedTuple):
    """A report as it is asked for; `path` may hold the number of a video, `query` a page."""

    function: str
    path: str
    query: Mapping[str, str] = {}
    umami: str = ""


def ask_of(url: str) -> None:
    """Let the functions read a database, and find the site where a warm container has it: DynamoDB is no part of these figures."""
    os.environ |= {"ORIGIN_SECRET": _ORIGIN, "DATABASE_URL": url}
    settings.cache_clear()
    postgres.discard()
    site = registry.SiteRecord(load.SITE, 1, load.SITE, "UTC", ("site.example",), {}, b"secret")
    registry.find_site = lambda _site: site  # type: ignore[assignment]


def ask_often(
    report: Report, page: str, ranges: list[tuple[date, date]], calls: int = CALLS, *, fresh: bool = False
) -> Taken:
    """Return what a report takes, over ranges in turn; `fresh`: whatever is kept is passed by."""
    handler: Callable[[dict[str, Any], None], dict[str, Any]] = importlib.import_module(
        f"functions.api.{report.function}"
    ).handler
    taken_ms: list[float] = []
    backend = int(postgres.read("SELECT pg_backend_pid()", {})[0][0])
    begun, cpu = time.monotonic(), own_cpu() + cpu_of(backend)
    for n in range(WARM + calls):
        start, end = ranges[n % len(ranges)]
        query = {name: value.format(page=page) for name, value in report.query.items()}
        event = _request(
            report.path.format(n % 50), {"startDate": start.isoformat(), "endDate": end.isoformat(), **query}
        )
        if fresh:
            event["headers"]["cache-control"] = "no-cache"
        begin = time.perf_counter()
        answer = handler(event, None)
        taken = (time.perf_counter() - begin) * 1000
        if answer["statusCode"] != 200:  # noqa: PLR2004
            raise SystemExit(f"{report.path} answered {answer}")
        late = time.monotonic() - begun > LONGEST_SECONDS
        if n >= WARM or late:
            taken_ms.append(taken)
        if late and len(taken_ms) >= FEWEST_CALLS:
            break
    return Taken(taken_ms, (own_cpu() + cpu_of(backend) - cpu) * 1000 / (n + 1))


def _request(path: str, query: dict[str, str]) -> dict[str, Any]:
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": urlencode(query),
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
