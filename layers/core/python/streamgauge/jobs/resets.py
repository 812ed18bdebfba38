"""Closing the past day and month of the view counters of every site that has counted views in them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from streamgauge import clock
from streamgauge.jobs import queries, runs
from streamgauge.views import reset
from streamgauge.warehouse import pending

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamgauge.jobs.slots import Slot
    from streamgauge.store.postgres import Connection
    from streamgauge.views.reset import Period
    from streamgauge.warehouse.pending import Pending

JOBS: Final[dict[Period, str]] = {"daily": "daily_reset", "monthly": "monthly_reset"}
_BUCKETS: Final[dict[Period, str]] = {"daily": "day#", "monthly": "month#"}


class Site(NamedTuple):
    """A site as a reset knows it."""

    site_id: str
    site_no: int
    timezone: str


def reset_days(slot: Slot) -> dict[str, int]:
    """Close the view counts of the days that are over; `videos`: how many had a day to close."""
    return _reset(slot, "daily")


def reset_months(slot: Slot) -> dict[str, int]:
    """Close the view counts of the months that are over; `videos`: how many had a month to close."""
    return _reset(slot, "monthly")


def _reset(slot: Slot, period: Period) -> dict[str, int]:
    waiting = [item for item in pending.waiting(pending.VIEWS) if item.period.startswith(_BUCKETS[period])]
    due = [item for item in waiting if _end(item) <= slot.second]
    return runs.run(JOBS[period], slot, due, lambda connection, items: _close_all(connection, items, period, slot))


def _end(item: Pending) -> int:
    _, last = reset.first_and_last_day(item.period)
    return clock.day_start(last + timedelta(days=1), item.zone)


def _close_all(connection: Connection, items: Sequence[Pending], period: Period, slot: Slot) -> dict[str, int]:
    rows = connection.execute(queries.SITES, {"site_ids": [item.site_id for item in items]}).fetchall()
    sites = {row[0]: Site(*row) for row in rows}
    videos = 0

    def close(site_id: str) -> None:
        nonlocal videos
        if site_id in sites:
            videos += reset.close_period(connection, sites[site_id], period, clock.microseconds(slot.at))
        for item in items:
            if item.site_id == site_id:
                pending.settle(item)

    runs.each(sorted({item.site_id for item in items}), close, connection)
    return {"videos": videos}
