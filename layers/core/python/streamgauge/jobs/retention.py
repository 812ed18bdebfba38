"""Retention: what is older than the stage keeps goes, raw events first. What is gone leaves no report wrong."""

from __future__ import annotations

import time
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from psycopg import errors, sql

from streamgauge import clock
from streamgauge.erasure import tombstones
from streamgauge.jobs import closing, hints, raw_retention, rollup_retention, runs, session_retention
from streamgauge.jobs import retention_queries as wanted
from streamgauge.settings import settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamgauge.jobs.slots import Slot
    from streamgauge.store.postgres import Connection

JOB: Final = "retention"
RUNS_KEPT_DAYS: Final = 400
_TRIES: Final = 20
_PAUSE_SECONDS: Final = 0.5


def remove_old(slot: Slot) -> dict[str, int]:
    """Remove what is due on the slot's UTC day, when there is something."""
    due = [slot.day] if slot.by_hand or hints.retention_due(slot.day) else []
    return runs.run(JOB, slot, due, _remove)


def _remove(connection: Connection, days: Sequence[date]) -> dict[str, int]:
    today = days[0]
    raw_days, rollup_days = settings().retention_days, settings().rollup_retention_days
    _settle_days(connection, today, [kept for kept in (raw_days, rollup_days) if kept])
    result = raw_retention.remove_raw(connection, today, raw_days)
    due = rollup_retention.limits(today, raw_days, rollup_days)
    refused = rollup_retention.refuse_due_days(connection, due) if due else []
    for statement in wanted.DELETE_SPENT_STATE:
        connection.execute(statement)
    for site_no, day in refused:
        if due:
            rollup_retention.remove_day(connection, site_no, day, due)
    if due:
        for statement in wanted.DELETE_IMPORTED:
            connection.execute(statement, {"before": due.before})
        connection.execute(wanted.DELETE_TRAITS, {"before": due.before})
    result |= {"days": len(refused), "event_ids": _delete_ids(connection, today)}
    result |= session_retention.remove(connection, today, rollup_days)
    receipts_before = clock.day_start(today - timedelta(days=hints.IDS_KEPT_DAYS), "UTC")
    connection.execute(wanted.DELETE_LOST_RECEIPTS, {"before": receipts_before})
    if rollup_days:
        accounting_before = clock.day_start(today - timedelta(days=rollup_days), "UTC")
        connection.execute(wanted.DELETE_ACCOUNTING, {"before": accounting_before})
    names_before = clock.day_start(today - timedelta(days=tombstones.ON_THE_WAY_DAYS), "UTC") * clock.MICROSECONDS
    result["erased_names"] = tombstones.forget_names(connection, names_before)
    connection.execute(wanted.DELETE_RUNS, {"before": today - timedelta(days=RUNS_KEPT_DAYS)})
    _forget_anchors(connection)
    hints.set_retention(_next_due(connection, today, raw_days, rollup_days))
    return result


def _settle_days(connection: Connection, today: date, kept_days: list[int]) -> None:
    """Close every open or changed day that is about to lose something, while its raw events can still be counted."""
    if kept_days:
        # One more than is due: a partition is a day of UTC, and holds hours of the next day of a site.
        until = today - timedelta(days=min(kept_days)) + timedelta(days=1)
        for site_no, day in connection.execute(wanted.UNSETTLED_UNTIL, {"day": until}).fetchall():
            closing.close_day(connection, site_no, day)


def _delete_ids(connection: Connection, today: date) -> int:
    """Delete the de-duplication marks whose horizon has passed, a bounded number per transaction."""
    deleted = 0
    for (name,) in connection.execute(wanted.ID_PARTS).fetchall():
        part = sql.Identifier(name)
        statement = sql.SQL(wanted.DELETE_IDS).format(part, part)
        count = raw_retention.CHUNK_ROWS
        while count == raw_retention.CHUNK_ROWS:
            count = connection.execute(statement, {"today": today, "limit": raw_retention.CHUNK_ROWS}).rowcount
            deleted += count
    return deleted


def _forget_anchors(connection: Connection) -> None:
    """Empty the anchors: rows that exist only to be locked, and that whoever locks one makes anew.

    The lock on the whole table waits for every batch under way. Where it cannot be had, they go another day.
    """
    for _ in range(_TRIES):
        try:
            with connection.transaction():
                connection.execute("SET LOCAL lock_timeout = '2s'")
                connection.execute(wanted.FORGET_ANCHORS)
        except (errors.LockNotAvailable, errors.DeadlockDetected):
            time.sleep(_PAUSE_SECONDS)
        else:
            return


def _next_due(connection: Connection, today: date, raw_days: int, rollup_days: int) -> date | None:
    parameters = {
        "receipts": hints.IDS_KEPT_DAYS,
        "rollups": rollup_days,
        "names": tombstones.ON_THE_WAY_DAYS,
        "keeps_raw": raw_days == 0 or raw_days > rollup_days,
    }
    row = connection.execute(wanted.NEXT_DUE, parameters).fetchone()
    dues = [raw_retention.next_due(connection, today, raw_days), row[0] if row else None]
    dues.append(session_retention.next_due(connection, rollup_days))
    return min((due for due in dues if due is not None), default=None)
