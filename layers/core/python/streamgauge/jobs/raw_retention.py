"""Retention of raw events, views and calls about sessions: a partition whose rows are all due is dropped, else the due ones are deleted."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from psycopg import sql

from streamgauge import clock
from streamgauge.events.facts import HISTORICAL
from streamgauge.jobs import queries
from streamgauge.jobs import retention_queries as wanted
from streamgauge.store.postgres import rows_parameter
from streamgauge.warehouse import gate, partitions
from streamgauge.warehouse.partitions import Partition, State

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import LiteralString

    from psycopg import Cursor
    from psycopg.rows import TupleRow

    from streamgauge.store.postgres import Connection

CHUNK_ROWS: Final = 20_000


def remove_raw(connection: Connection, today: date, kept_days: int) -> dict[str, int]:
    """Remove what is older than `kept_days` (0: nothing is); the rollups stay as they are."""
    result = {"partitions": 0, "raw_rows": 0}
    for partition in _candidates(connection, today, kept_days):
        due = _due(today, kept_days)
        # No bucket is counted from calls about sessions: a day without them takes late events as before.
        if kept_days and partition.state is State.ATTACHED and partition.table != "session_calls":
            mark_lost(connection, partition, due)
        if partitions.remove(connection, partition, partial(_keeps, due=due)):
            result["partitions"] += 1
        else:
            result["raw_rows"] += _delete(connection, partition, due)
    return result


def next_due(connection: Connection, today: date, kept_days: int) -> date | None:
    """Return the first UTC day on which a raw row will be due; None when there is none."""
    dues: list[date] = []
    for table in partitions.TABLES:
        for partition in partitions.existing(connection, table):
            if kept_days and partition.day >= today - timedelta(days=kept_days):
                dues.append(partition.day + timedelta(days=kept_days + 1))
            elif kept_days:
                row = _named(connection, wanted.OLDEST_KEPT, partition, {}).fetchone()
                received = clock.instant(row[0]).date() if row and row[0] is not None else today
                dues.append(received + timedelta(days=kept_days + 1))
    return min(dues, default=None)


def mark_lost(connection: Connection, partition: Partition, due: Mapping[str, Any]) -> None:
    """Mark the local days that lose rows as not whole: from then on they take no late event."""
    bounds = rows_parameter(list(_bounds(connection, partition.day)))
    rows = _named(connection, wanted.DAYS_THAT_LOSE, partition, {**due, "bounds": bounds}).fetchall()
    for site_no, of_site in groupby(rows, itemgetter(0)):
        days = {day: received for _, day, received in of_site}
        marks = [
            {
                "day": day.isoformat(),
                "received": None if received is None else clock.instant(received).date().isoformat(),
            }
            for day, received in days.items()
        ]
        with connection.transaction():
            # No batch that still believes the day to be whole reads its raw rows when they go.
            gate.close(connection, site_no)
            connection.execute(wanted.MARK_LOST, {"site_no": site_no, "days": rows_parameter(marks)})


def _candidates(connection: Connection, today: date, kept_days: int) -> list[Partition]:
    oldest_kept = today - timedelta(days=kept_days)
    found = [one for table in partitions.TABLES for one in partitions.existing(connection, table)]
    # One that is on its way out goes on its way, whatever the settings are by now.
    return [one for one in found if one.state is not State.ATTACHED or (kept_days and one.day < oldest_kept)]


def _due(today: date, kept_days: int) -> dict[str, Any]:
    start = clock.day_start(today - timedelta(days=kept_days), "UTC") * clock.MICROSECONDS
    return {"historical": HISTORICAL, "received_before": start, "limit": CHUNK_ROWS}


def _bounds(connection: Connection, utc_day: date) -> Iterator[dict[str, Any]]:
    """Yield the local days of every site that share time with a UTC day, with their bounds in microseconds."""
    for site_no, _, zone in connection.execute(queries.ALL_SITES).fetchall():
        for day in (utc_day - timedelta(days=1), utc_day, utc_day + timedelta(days=1)):
            since, until = clock.day_start(day, zone), clock.day_start(day + timedelta(days=1), zone)
            yield {
                "site_no": site_no,
                "day": day.isoformat(),
                "since": since * clock.MICROSECONDS,
                "until": until * clock.MICROSECONDS,
            }


def _keeps(connection: Connection, partition: Partition, due: Mapping[str, Any]) -> bool:
    row = _named(connection, wanted.KEEPS_SOME, partition, due).fetchone()
    return bool(row and row[0])


def _delete(connection: Connection, partition: Partition, due: Mapping[str, Any]) -> int:
    deleted = 0
    while True:
        count = _named(connection, wanted.DELETE_DUE, partition, due).rowcount
        deleted += count
        if count < CHUNK_ROWS:
            return deleted


def _named(
    connection: Connection, query: LiteralString, partition: Partition, parameters: Mapping[str, Any]
) -> Cursor[TupleRow]:
    name = sql.Identifier(partition.name)
    return connection.execute(sql.SQL(query).format(*[name] * query.count("{}")), parameters)
