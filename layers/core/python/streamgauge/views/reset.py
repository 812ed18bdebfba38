"""Closing the past periods of the view counters: reconciled with the raw views, archived where they stand, never zeroed.

"Today" and "this month" are buckets of the calendar and need no reset to be right; what a reset does is final for the past.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from streamgauge import clock, telemetry
from streamgauge.store.postgres import rows_parameter
from streamgauge.views import projection, reset_queries

if TYPE_CHECKING:
    from streamgauge.store.postgres import Connection

Period = Literal["daily", "monthly"]

_TRIES: Final = 5


class Site(Protocol):
    """What a reset wants to know of a site."""

    @property
    def site_no(self) -> int:
        """Its number in Postgres."""

    @property
    def site_id(self) -> str:
        """Its public id."""

    @property
    def timezone(self) -> str:
        """Its IANA time zone."""


def close_period(connection: Connection, site: Site, period: Period, now: int) -> int:
    """Close every past day (or month) of a site's view counters that is open; return how many videos had one.

    `now` is in microseconds since the epoch; the running period stays as it is. A second call closes nothing and returns 0.
    Ten at once close each period once: every row is closed by whoever locks it first.
    """
    today = clock.local_day(now, site.timezone)
    # Bucket names of one kind sort as their periods do.
    bounds = ("day#", f"day#{today.isoformat()}") if period == "daily" else ("month#", f"month#{today:%Y-%m}")
    parameters: dict[str, Any] = {"site_no": site.site_no, "from": bounds[0], "until": bounds[1]}
    buckets = [row[0] for row in connection.execute(reset_queries.OPEN_BUCKETS, parameters).fetchall()]
    if not buckets:
        return 0
    reconcile(connection, site, buckets)
    these = {"site_no": site.site_no, "buckets": buckets, "at": clock.instant(now)}
    repaired = [row[0] for row in connection.execute(reset_queries.REPAIRED, these).fetchall()]
    telemetry.measure(telemetry.Metric.RECONCILIATION_DIFFERENCES, len(repaired))
    if repaired:
        projection.push(connection, site.site_no, site.site_id, repaired, buckets)
    closed = connection.execute(reset_queries.CLOSE, these).fetchall()
    return len({row[0] for row in closed})


def reconcile(connection: Connection, site: Site, buckets: list[str]) -> None:
    """Put right the counters of past buckets that differ from the raw views.

    Buckets with a day whose raw views are not whole any more are left as they are.
    """
    periods = _whole(connection, site, buckets)
    if not periods:
        return
    parameters: dict[str, Any] = {
        "site_no": site.site_no,
        "periods": rows_parameter(periods),
        "first": clock.instant(min(one["since"] for one in periods)).date(),
        "last": clock.instant(max(one["until"] for one in periods)).date(),
    }
    for _ in range(_TRIES):
        rows = connection.execute(reset_queries.DIFFERENCES, parameters).fetchall()
        if not rows:
            return
        wanted = [{"bucket": row[0], "video_id": row[1], "n": row[2], "version": row[3]} for row in rows]
        connection.execute(reset_queries.REPAIR, {"site_no": site.site_no, "rows": rows_parameter(wanted)})


def first_and_last_day(bucket: str) -> tuple[date, date]:
    """Return the first and last local day of `day#2026-11-21` or `month#2026-11`."""
    kind, _, text = bucket.partition("#")
    if kind == "day":
        return date.fromisoformat(text), date.fromisoformat(text)
    first = date.fromisoformat(f"{text}-01")
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _whole(connection: Connection, site: Site, buckets: list[str]) -> list[dict[str, Any]]:
    """Return the buckets whose raw views are all there, with their bounds in microseconds."""
    spans = {bucket: first_and_last_day(bucket) for bucket in buckets}
    bounds = {"first": min(first for first, _ in spans.values()), "last": max(last for _, last in spans.values())}
    rows = connection.execute(reset_queries.LOST_DAYS, {"site_no": site.site_no, **bounds}).fetchall()
    lost = [row[0] for row in rows]
    return [
        {
            "bucket": bucket,
            "since": clock.day_start(first, site.timezone) * clock.MICROSECONDS,
            "until": clock.day_start(last + timedelta(days=1), site.timezone) * clock.MICROSECONDS,
        }
        for bucket, (first, last) in spans.items()
        if not any(first <= day <= last for day in lost)
    ]
