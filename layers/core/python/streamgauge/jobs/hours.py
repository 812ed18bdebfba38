"""Closing an hour: its totals are held against its raw events, its day is recounted where they differ, its uniques are built."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from streamgauge import clock, telemetry
from streamgauge.events.facts import BOT, CUSTOM, PAGE_VIEW
from streamgauge.jobs import closing, queries, runs
from streamgauge.jobs.slots import QUARTER_SECONDS
from streamgauge.rollups.build import build_open_day
from streamgauge.settings import settings
from streamgauge.store.postgres import rows_parameter
from streamgauge.warehouse import pending
from streamgauge.warehouse.raw import utc_day

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from streamgauge.jobs.slots import Slot
    from streamgauge.store.postgres import Connection
    from streamgauge.warehouse.pending import Pending

JOB: Final = "hourly_aggregation"


def aggregate_hours(slot: Slot) -> dict[str, int]:
    """Reconcile every local hour that waits and is over, once per ANALYTICS_AGGREGATION_INTERVAL."""
    interval = settings().seconds("ANALYTICS_AGGREGATION_INTERVAL", "1h", "AGGREGATION_INTERVAL")
    if not slot.by_hand and interval and slot.second % interval >= QUARTER_SECONDS:
        return dict(runs.NOTHING)
    due = [item for item in pending.waiting(pending.HOURS) if hour_end(int(item.period), item.zone) <= slot.second]
    return runs.run(JOB, slot, due, _reconcile)


def hour_end(hour: int, zone: str) -> int:
    """Return the first second after a local hour, which is shorter where the clocks change within it."""
    start = hour * clock.MICROSECONDS
    return clock.hours_between(start, start + 3600 * clock.MICROSECONDS, zone)[1][0]


def _reconcile(connection: Connection, items: Sequence[Pending]) -> dict[str, int]:
    sites = {
        row[0]: row[1]
        for row in connection.execute(queries.SITES, {"site_ids": [item.site_id for item in items]}).fetchall()
    }
    days: dict[tuple[int, int], tuple[int, date, str, str]] = {}
    ends: dict[tuple[int, int], int] = {}
    for item in items:
        if item.site_id in sites:
            key = sites[item.site_id], int(item.period)
            days[key] = key[0], clock.local_day(key[1] * clock.MICROSECONDS, item.zone), item.site_id, item.zone
            ends[key] = hour_end(key[1], item.zone)
    repaired: list[int] = []

    def repair(part: tuple[int, date, str, str]) -> None:
        site_no, day, site_id, zone = part
        differences = closing.reconcile_day(connection, site_no, day)
        repaired.append(differences)
        if differences:
            # A closed day has new uniques to build.
            pending.put(pending.DAYS, site_id, day.isoformat(), zone)

    try:
        runs.each(sorted({days[key] for key in _hours_that_differ(connection, ends)}), repair, connection)
    finally:
        telemetry.measure(telemetry.Metric.RECONCILIATION_DIFFERENCES, sum(repaired))
    for site_no, day in sorted({(site_no, day) for site_no, day, _, _ in days.values()}):
        # Reports that include today then look only at what changed since.
        build_open_day(connection, site_no, day)
    for item in items:
        pending.settle(item)
    return {"hours": len(ends), "differences": sum(repaired)}


def _hours_that_differ(connection: Connection, ends: dict[tuple[int, int], int]) -> list[tuple[int, int]]:
    if not ends:
        return []
    hours = [{"site_no": site_no, "hour": hour, "until": until} for (site_no, hour), until in ends.items()]
    bounds = {
        "first_day": utc_day(min(hour for _, hour in ends) * clock.MICROSECONDS),
        "last_day": utc_day(max(ends.values()) * clock.MICROSECONDS),
    }
    kinds = {"bot": BOT, "page_view": PAGE_VIEW, "custom": CUSTOM}
    rows = connection.execute(queries.HOURS_THAT_DIFFER, {"hours": rows_parameter(hours), **bounds, **kinds}).fetchall()
    return [(site_no, hour) for site_no, hour in rows]
