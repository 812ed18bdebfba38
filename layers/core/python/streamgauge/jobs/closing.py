"""Closing a local day: recounted from raw events, added to its month, its uniques built."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from streamgauge import clock, telemetry
from streamgauge.access import registry
from streamgauge.dimensions import Dimension
from streamgauge.funnels import saved
from streamgauge.jobs import hints, queries, runs
from streamgauge.rollups import build
from streamgauge.settings import settings
from streamgauge.video import peaks
from streamgauge.warehouse import gate, pending
from streamgauge.warehouse.recount import recount_day
from streamgauge.web import page_steps

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from streamgauge.jobs.slots import Slot
    from streamgauge.store.postgres import Connection
    from streamgauge.warehouse.pending import Pending

JOB: Final = "daily_aggregation"

HOLES_AFTER_SECONDS: Final = 2 * 3600
"""A receipt that has not been heard of for so long is a hole, not in flight."""
HOLES_UNTIL_SECONDS: Final = 9 * 86_400
"""Longer than anything waits in the stream; a hole that old has been reported for days."""

_TIME: Final = "00:00"


class Closing(NamedTuple):
    """What closing a day did. `differences`: rollup rows that were not what the raw events say, and were repaired."""

    closed: bool
    rebuilt: bool
    differences: int


def aggregate_days(slot: Slot) -> dict[str, int]:
    """Close every local day that waits and whose site's aggregation time has come; rebuild what changed since."""
    due = [item for item in pending.waiting(pending.DAYS) if is_due(item, slot.second)]
    return runs.run(JOB, slot, due, lambda connection, items: _close_all(connection, items, slot))


def is_due(item: Pending, second: int) -> bool:
    """Say whether the day of an item is over and the site's aggregation time has come."""
    site = registry.find_site(item.site_id)
    return second >= due_second(item.day, item.zone, site.settings if site else {})


def due_second(day: date, zone: str, site_settings: Mapping[str, Any]) -> int:
    """Return the second from which a local day may be closed: the next day's start, or its aggregation time."""
    at = str(
        site_settings.get("aggregation_time")
        or settings().text("ANALYTICS_AGGREGATION_TIME", _TIME, "AGGREGATION_TIME")
    )
    start = clock.day_start(day + timedelta(days=1), zone)
    if at == _TIME:
        return start
    hour, minute = at.split(":")
    local = datetime(day.year, day.month, day.day, int(hour), int(minute), tzinfo=clock.zone(zone)) + timedelta(days=1)
    # A time that the clocks skip is taken as if they had not; it never comes before the day itself.
    return max(start, int(local.astimezone(UTC).timestamp()))


def close_day(connection: Connection, site_no: int, day: date) -> Closing:
    """Close a local day of a site, or build a changed day's uniques again; nothing when it is closed and clean.

    The transaction that closes keeps the site's batches out, and is short: the recount before it is not part of it.
    """
    key = {"site_no": site_no, "day": day, "dimensions": [int(dimension) for dimension in Dimension]}
    row = connection.execute(queries.READ_DAY, key).fetchone()
    differences = reconcile_day(connection, site_no, day) if row and not row[0] else 0
    with connection.transaction():
        gate.close(connection, site_no)
        row = connection.execute(queries.LOCK_DAY, key).fetchone()
        if row is None:
            return Closing(closed=False, rebuilt=False, differences=differences)
        closed, dirty = row
        if closed and not dirty:
            return Closing(closed=False, rebuilt=False, differences=differences)
        if not closed:
            connection.execute(queries.ADD_DAY_TO_MONTH, key)
        build.build_day(connection, site_no, day)
        _keep_peak(connection, site_no, day)
        connection.execute(queries.CLOSE_DAY, key)
    return Closing(closed=not closed, rebuilt=True, differences=differences)


def _keep_peak(connection: Connection, site_no: int, day: date) -> None:
    """Write down the day's peak of concurrent viewers; a day that has lost raw events keeps the one it has."""
    row = connection.execute(queries.ZONE_OF_WHOLE_DAY, {"site_no": site_no, "day": day}).fetchone()
    if row is None:
        return
    parameters = peaks.peak_parameters(site_no, day, row[0])
    viewers, at = connection.execute(peaks.PEAK, parameters).fetchone() or (0, None)
    connection.execute(peaks.KEEP_PEAK, {**parameters, "viewers": viewers, "at": at})


def reconcile_day(connection: Connection, site_no: int, day: date) -> int:
    """Hold a day's rollups against its raw events and repair them; return how many rows differed.

    A day that has lost raw events, or borders on one that has, is left as it is.
    """
    key = {"site_no": site_no, "day": day}
    with connection.transaction():
        # One snapshot sees whole batches: comparing needs no lock, and keeps nobody waiting.
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        if connection.execute(queries.LOST_NEAR, key).fetchone() or not recount_day(
            connection, site_no, day, repair=False
        ):
            return 0
    with connection.transaction():
        gate.close(connection, site_no)
        if connection.execute(queries.LOST_NEAR, key).fetchone():
            return 0
        return len(recount_day(connection, site_no, day, repair=True))


def _close_all(connection: Connection, items: Sequence[Pending], slot: Slot) -> dict[str, int]:
    site_nos = {
        row[0]: row[1]
        for row in connection.execute(queries.SITES, {"site_ids": [item.site_id for item in items]}).fetchall()
    }
    marked = {(item.site_id, item.period): item for item in items}
    # As Postgres is awake: also every day whose mark was lost, or that a visit over midnight changed after it was closed.
    for site_id, site_no, zone, day in connection.execute(queries.UNSETTLED_DAYS).fetchall():
        item = pending.Pending(pending.DAYS, site_id, day.isoformat(), zone, "")
        if (site_id, item.period) not in marked and is_due(item, slot.second):
            marked[site_id, item.period] = item
            site_nos[site_id] = site_no
    done: list[Closing] = []

    def close(item: Pending) -> None:
        if item.site_id in site_nos:
            done.append(close_day(connection, site_nos[item.site_id], item.day))
            hints.note_day(item.day)
        # Last: whoever is killed before this finds the item again, and the day closed.
        pending.settle(item)

    try:
        runs.each([marked[key] for key in sorted(marked)], close, connection)
    finally:
        telemetry.measure(telemetry.Metric.RECONCILIATION_DIFFERENCES, sum(one.differences for one in done))
    for site_id in sorted({item.site_id for item in marked.values()} & site_nos.keys()):
        page_steps.write_days(connection, site_nos[site_id])
    save_funnels(connection, {item.site_id: item.zone for item in marked.values()}, site_nos)
    holes = count_holes(connection, sorted(site_nos.values()), slot.second)
    telemetry.measure(telemetry.Metric.ACCOUNTING_HOLES, holes)
    return {
        "closed": sum(one.closed for one in done),
        "rebuilt": sum(one.rebuilt for one in done),
        "differences": sum(one.differences for one in done),
        "holes": holes,
    }


def save_funnels(connection: Connection, zones: Mapping[str, str], site_nos: Mapping[str, int]) -> int:
    """Compute the attempts of closed days of these sites' funnels, where they are not kept or not true any more."""
    saved.forget_results(connection)
    return sum(
        saved.build_days(connection, site_nos[site_id], zone)
        for site_id, zone in sorted(zones.items())
        if site_id in site_nos
    )


def count_holes(connection: Connection, site_nos: list[int], second: int) -> int:
    """Return how many receipts of the last days have become nothing: no event, no duplicate, no dead letter."""
    window = {"site_nos": site_nos, "since": second - HOLES_UNTIL_SECONDS, "until": second - HOLES_AFTER_SECONDS}
    row = connection.execute(queries.ACCOUNTING_HOLES, window).fetchone()
    return int(row[0]) if row else 0
