"""Retention of rollups: a local day goes with its hours, videos, uniques and view counts, and is taken out of its month."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from streamgauge import clock
from streamgauge.contributions import TOTAL_CODE
from streamgauge.dimensions import Dimension
from streamgauge.events.facts import HISTORICAL
from streamgauge.jobs import queries
from streamgauge.jobs import retention_queries as wanted
from streamgauge.rollups.queries import REMEMBER_DAY
from streamgauge.views.reset import first_and_last_day
from streamgauge.warehouse import gate
from streamgauge.warehouse.raw import utc_day

if TYPE_CHECKING:
    from streamgauge.store.postgres import Connection


class Limits(NamedTuple):
    """Rollups of days before `before` go. Days before `raw_before` have no raw events any more, and leave nothing behind."""

    before: date
    raw_before: date


def limits(today: date, raw_days: int, rollup_days: int) -> Limits | None:
    """Return what is due on a UTC day; None when rollups are kept for ever."""
    if not rollup_days:
        return None
    raw_before = today - timedelta(days=raw_days) if raw_days else date.min
    return Limits(today - timedelta(days=rollup_days), raw_before)


def refuse_due_days(connection: Connection, due: Limits) -> list[tuple[int, date]]:
    """Shut the days that are due to late events and return them, (site, local day). Then their state may go."""
    zones = {row[0]: row[2] for row in connection.execute(queries.ALL_SITES).fetchall()}
    found: list[tuple[int, date]] = []
    for site_no, day in connection.execute(wanted.ROLLUP_DAYS_DUE, due._asdict()).fetchall():
        with connection.transaction():
            gate.close(connection, site_no)
            received = _history_received(connection, site_no, day, zones[site_no])
            if received is not None and received >= due.before:
                # History counts from its receipt: looked up once, and remembered when its raw rows are gone.
                connection.execute(wanted.NOTE_HISTORY, {"site_no": site_no, "day": day, "received": received})
                continue
            connection.execute(wanted.REFUSE_DAY, {"site_no": site_no, "day": day})
        found.append((site_no, day))
    return found


def remove_day(connection: Connection, site_no: int, day: date, due: Limits) -> None:
    """Delete the rollups of a refused day in one transaction; the month stays the sum of its closed days."""
    month_bucket = f"month#{day:%Y-%m}"
    key: dict[str, Any] = {
        "site_no": site_no,
        "day": day,
        "code": TOTAL_CODE,
        "dimensions": [int(dimension) for dimension in Dimension],
        "day_bucket": f"day#{day.isoformat()}",
        "month_bucket": month_bucket,
        "month_end": first_and_last_day(month_bucket)[1],
        **due._asdict(),
    }
    with connection.transaction():
        gate.close(connection, site_no)
        zone = connection.execute(queries.ZONE, key).fetchone()
        key["first_hour"] = clock.day_start(day, zone[0]) if zone else 0
        key["end_hour"] = clock.day_start(day + timedelta(days=1), zone[0]) if zone else 0
        connection.execute(wanted.TAKE_FROM_MONTH, key)
        connection.execute(wanted.DELETE_EMPTY_MONTH, key)
        connection.execute(REMEMBER_DAY, key)
        for statement in wanted.DELETE_DAY:
            connection.execute(statement, key)
        connection.execute(wanted.FORGET_DAY, key)
        connection.execute(wanted.DELETE_EMPTY_VIEW_MONTH, key)


def _history_received(connection: Connection, site_no: int, day: date, zone: str) -> date | None:
    since, until = (clock.day_start(one, zone) * clock.MICROSECONDS for one in (day, day + timedelta(days=1)))
    span = {"since": since, "until": until, "first_day": utc_day(since), "last_day": utc_day(until)}
    row = connection.execute(wanted.HISTORY_OF_DAY, {"site_no": site_no, "historical": HISTORICAL, **span}).fetchone()
    return None if row is None or row[0] is None else clock.instant(row[0]).date()
