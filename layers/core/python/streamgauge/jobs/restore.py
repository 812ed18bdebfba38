"""Puts back what waits for the jobs, after DynamoDB was lost or restored to an earlier point."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamgauge.jobs import queries
from streamgauge.warehouse import pending

if TYPE_CHECKING:
    from streamgauge.store.postgres import Connection


def restore_pending(connection: Connection) -> int:
    """Mark every day that is open or dirty and every open period of view counters; return how many. Safe to run at any time."""
    days = connection.execute(queries.UNSETTLED_DAYS).fetchall()
    periods = connection.execute(queries.OPEN_VIEW_PERIODS).fetchall()
    for site_id, _, zone, day in days:
        pending.put(pending.DAYS, site_id, day.isoformat(), zone)
    for site_id, zone, bucket in periods:
        pending.put(pending.VIEWS, site_id, bucket, zone)
    return len(days) + len(periods)
