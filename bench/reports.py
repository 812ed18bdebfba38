"""How long reports take over 90 days: from the function's handler to its answer, in this process, with a real Postgres."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from streamgauge.contributions import TOTAL_CODE
from streamgauge.rollups.uniques import Uniques
from streamgauge.store import postgres

from bench import load
from bench.asking import CALLS, WARM, Report, ask_of, ask_often
from bench.figures import Figure, at_most, median, percentile, plain, timed_ms

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.database import Server

RANGE_DAYS: Final = 90
FILTERED_CALLS: Final = 30
_ANALYTICS: Final = "/api/v1/analytics"
_FILTERS: Final = {"country": "DE", "browser": "Chrome"}
_FILTERED_DAYS: Final = 30
FILTERED: Final = (
    "dashboard",
    "daily-stats",
    "hourly-stats",
    "top-pages",
    "top-referrers",
    "top-countries",
    "top-cities",
    "custom-events",
)
"""The reports that are asked with two filters."""
_PAGE: Final = """
    SELECT name FROM rollup_months WHERE site_no = 1 AND dimension = 1 GROUP BY name ORDER BY sum(visitors) DESC, name LIMIT 1 OFFSET 49
"""
"""The page that paths and a goal are about: one among the fifty that most visitors saw."""
_GOALS: Final = """
    INSERT INTO goals (goal_id, site_no, name, kind, match, value)
    SELECT 'bench-' || name, 1, name, kind, match, value
    FROM (VALUES ('signup', 'event', 'equals', 'signup'), ('page', 'page', 'equals', %s)) AS t (name, kind, match, value)
    ON CONFLICT DO NOTHING
"""


def _website(name: str, umami: str = "", **query: str) -> Report:
    return Report("web", f"{_ANALYTICS}/{name}/{load.SITE}", query, umami)


REPORTS: Final = {
    "dashboard": _website("dashboard", "totals of 90 days 10.4 s"),
    "top-pages": _website("top-pages", "top paths of 90 days 9.8 s"),
    "top-pages-entry": _website("top-pages", by="entry"),
    "top-pages-exit": _website("top-pages", by="exit"),
    "top-referrers": _website("top-referrers"),
    "top-referrers-url": _website("top-referrers", by="url"),
    "top-countries": _website("top-countries", "countries of 90 days 13.4 s"),
    "top-regions": _website("top-countries", by="region"),
    "top-cities": _website("top-countries", by="city"),
    "top-browsers": _website("top-browsers"),
    "top-os": _website("top-os"),
    "top-devices": _website("top-devices"),
    "traffic-summary": _website("traffic-summary"),
    "custom-events": _website("custom-events"),
    "daily-stats": _website("daily-stats", "series of 90 days 14.9 s"),
    "hourly-stats": _website("hourly-stats"),
    "retention": Report("journeys", f"{_ANALYTICS}/retention/{load.SITE}"),
    "paths": Report("journeys", f"{_ANALYTICS}/paths/{load.SITE}", {"page": "{page}"}),
    "goals": Report("journeys", f"{_ANALYTICS}/goals/{load.SITE}"),
    "video": Report("video", "/api/metrics/video/video-{}"),
}
FUNNEL_STEPS: Final = (20, 30, 40)
"""A funnel's three pages, by their places among those that most visitors saw; the other is of the first three."""
_FUNNEL: Final = """
    INSERT INTO funnels (funnel_id, site_no, definition)
    SELECT %(id)s, 1, jsonb_build_object('name', 'bench', 'steps', jsonb_agg(
        jsonb_build_object('name', name, 'type', 'page', 'match', 'equals', 'value', name) ORDER BY place))
    FROM (
        SELECT name, row_number() OVER (ORDER BY sum(visitors) DESC, name) - 1 AS place
        FROM rollup_months WHERE site_no = 1 AND dimension = 1 GROUP BY name
    ) AS pages WHERE place = ANY(%(places)s)
    ON CONFLICT DO NOTHING
"""
HALF_MONTHS: Final = (date(2026, 3, 16), date(2026, 5, 15))
"""Days of which a half month on either side stands in no row of a whole month: the most that a top list adds up by days."""


def measure(server: Server, databases: dict[str, str], say: Callable[[str], None]) -> list[Figure]:
    """Return the figures of the reports for the loaded databases (scale -> name)."""
    figures: list[Figure] = []
    middle: dict[tuple[str, str], float] = {}
    largest = max(databases, key=lambda one: load.SCALES[one])
    for scale, database in databases.items():
        ask_of(server.url(database))
        with server.connect(database) as connection:
            page = str(connection.execute(_PAGE).fetchall()[0][0])
            connection.execute(_GOALS, [page])
        for name, report in REPORTS.items():
            say(f"{name} over {RANGE_DAYS} days at {scale}")
            taken = ask_often(report, page, _last_days(RANGE_DAYS))
            middle[name, scale] = median(taken.ms)
            told = taken.told + (f"; Umami: {report.umami} at 10 M" if report.umami else "")
            p95 = percentile(taken.ms, 0.95)
            if scale == "10m":
                figures.append(at_most(f"report_{name}_p95_ms", p95, "ms", told, 25))
            else:
                figures.append(plain(f"report_{name}_{scale}_p95_ms", p95, "ms", told))
        if scale == largest:
            figures += _once(server, database, scale, page, say)
    postgres.discard()
    if {"1m", "10m"} <= databases.keys():
        growth = {name: middle[name, "10m"] / middle[name, "1m"] for name in REPORTS}
        worst = sorted(growth, key=lambda name: -growth[name])
        told = ", ".join(f"{name} {growth[name]:.1f}" for name in worst[:4])
        figures.append(
            at_most("report_growth", growth[worst[0]], "ratio", f"p50 at 10 M / 1 M, worst: {told}; Umami 9-17", 1.5)
        )
    return figures


def _once(server: Server, database: str, scale: str, page: str, say: Callable[[str], None]) -> list[Figure]:
    """Return what is measured at the largest scale alone."""
    say(f"top-pages over half months at {scale}")
    taken = ask_often(REPORTS["top-pages"], page, [HALF_MONTHS])
    told = f"{taken.told}; 61 days from the middle of a month to the middle of another"
    figures = [plain("report_top-pages_half_months_p95_ms", percentile(taken.ms, 0.95), "ms", told)]
    say(f"two filters over {_FILTERED_DAYS} days at {scale}")
    filtered = {}
    for name in FILTERED:
        report = REPORTS[name]
        asked = report._replace(query={**report.query, **_FILTERS})
        filtered[name] = ask_often(asked, page, _last_days(_FILTERED_DAYS), FILTERED_CALLS)
    each = ", ".join(f"{name} {median(taken.ms):.0f} ({taken.cpu_ms:.0f})" for name, taken in filtered.items())
    worst = max(median(taken.ms) for taken in filtered.values())
    figures.append(at_most("filtered_30d_ms", worst, "ms", f"country and browser; p50 (CPU) {each}", 600))
    figures += _funnels(server, database, scale, page, say)
    say(f"uniques over {RANGE_DAYS} days at {scale}")
    return [*figures, _uniques(server, database)]


def _funnels(server: Server, database: str, scale: str, page: str, say: Callable[[str], None]) -> list[Figure]:
    """Return how long funnels of three pages take: from events, and as they were kept when asked before."""
    say(f"funnels over {_FILTERED_DAYS} days at {scale}")
    with server.connect(database) as connection:
        for name, places in (("bench-ordinary", FUNNEL_STEPS), ("bench-first", (0, 1, 2))):
            connection.execute(_FUNNEL, {"id": name, "places": list(places)})
    ranges = _last_days(_FILTERED_DAYS)
    ordinary, first = (
        Report("funnels", f"/api/v1/funnels/{name}/analytics") for name in ("bench-ordinary", "bench-first")
    )
    computed = median(ask_often(ordinary, page, ranges, FILTERED_CALLS, fresh=True).ms)
    most = median(ask_often(first, page, ranges, FILTERED_CALLS, fresh=True).ms)
    kept = median(ask_often(ordinary, page, ranges, FILTERED_CALLS).ms)
    told = f"three ordinary pages; the three that most visitors saw {most:.0f} ms; Umami: 1.3 s"
    return [
        at_most("funnel_adhoc_30d_ms", computed, "ms", told, 500),
        at_most("funnel_saved_30d_ms", kept, "ms", "asked again, nothing has come since; Umami keeps none", 10),
    ]


def _last_days(count: int) -> list[tuple[date, date]]:
    """Return three ranges: one ends today, which is open, the others on the days before."""
    ends = [load.FIRST_DAY + timedelta(load.DAYS - 1 - before) for before in range(3)]
    return [(end - timedelta(count - 1), end) for end in ends]


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
