"""The partitions of `events`, `views` and `session_calls`: one for each UTC day, made by ATTACH and taken away by DETACH CONCURRENTLY.

There is no default partition: it would forbid the concurrent detach. Every call wants a connection outside any transaction,
waits at most 2 s for a lock (a longer wait would queue the consumers behind it), and tries again.
"""

from __future__ import annotations

import random
import time
from datetime import date, timedelta
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from psycopg import errors, sql

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import Connection
    from psycopg.rows import TupleRow

TABLES: Final = ("events", "views", "session_calls")

_MAKERS_LOCK: Final = 0x53_47_50_54  # "SGPT": one maker or remover of partitions at a time
_LOCK_TIMEOUT: Final = "2s"
_TRIES: Final = 40
_PAUSE_SECONDS: Final = (0.05, 0.5)

Done = TypeVar("Done")

_STATES: Final = """
SELECT c.relname, i.inhdetachpending
FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
WHERE c.relkind = 'r' AND c.relname ~ %(pattern)s
  AND c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = %(parent)s::regclass)
ORDER BY c.relname
"""


class State(Enum):
    """Where a partition stands: in the table; on its way out, interrupted; out, and waiting to be dropped."""

    ATTACHED = "attached"
    LEAVING = "leaving"
    LOOSE = "loose"


class Partition(NamedTuple):
    """One day of one table."""

    table: str
    day: date
    state: State

    @property
    def name(self) -> str:
        """The name of the partition's own table, e.g. `events_2026_11_21`."""
        return f"{self.table}_{self.day:%Y_%m_%d}"


class StillLockedError(RuntimeError):
    """Raised when a partition could not be had for itself within all tries; the next run of the job tries again."""


def ensure_day(connection: Connection[TupleRow], day: date) -> None:
    """Make the partitions of a UTC day where they are missing; safe for any number of callers at once."""
    for table in TABLES:
        _insist(partial(_make, connection, table, day))


def existing(connection: Connection[TupleRow], table: str, day: date | None = None) -> list[Partition]:
    """Return the partitions of a table (or only that of a day), oldest first, those on their way out included."""
    pattern = f"^{table}_[0-9]{{4}}_[0-9]{{2}}_[0-9]{{2}}$" if day is None else f"^{table}_{day:%Y_%m_%d}$"
    rows = connection.execute(_STATES, {"pattern": pattern, "parent": table}).fetchall()
    states = {False: State.ATTACHED, True: State.LEAVING, None: State.LOOSE}
    return [
        Partition(table, date.fromisoformat(name[len(table) + 1 :].replace("_", "-")), states[pending])
        for name, pending in rows
    ]


def remove(
    connection: Connection[TupleRow], partition: Partition, keeps: Callable[[Connection[TupleRow], Partition], bool]
) -> bool:
    """Detach and drop a partition, wherever an earlier try was interrupted; say whether it is gone.

    `keeps` says whether it holds a row that must stay: asked once nobody can write to it any more. Then it is attached again.
    """
    return _insist(partial(_remove, connection, partition, keeps))


def _make(connection: Connection[TupleRow], table: str, day: date) -> None:
    found = existing(connection, table, day)
    if found and found[0].state is State.ATTACHED:
        return
    if found and found[0].state is State.LEAVING:
        # Its bounds bar a new partition until it is out.
        _finalize(connection, found[0])
    with connection.transaction():
        _bound_waiting(connection, local=True)
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [_MAKERS_LOCK])
        found = existing(connection, table, day)
        if found and found[0].state is not State.LOOSE:
            # Another caller was faster; or it is being detached just now, then the next try sees to it.
            if found[0].state is State.LEAVING:
                raise errors.LockNotAvailable(f"{found[0].name} is being detached")
            return
        if not found:
            like = sql.SQL("CREATE TABLE {} (LIKE {} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE)")
            connection.execute(like.format(sql.Identifier(f"{table}_{day:%Y_%m_%d}"), sql.Identifier(table)))
        # One that was detached to be dropped comes back as it is: retention looks at it again.
        _attach(connection, Partition(table, day, State.LOOSE))


def _attach(connection: Connection[TupleRow], partition: Partition) -> None:
    attach = sql.SQL("ALTER TABLE {} ATTACH PARTITION {} FOR VALUES FROM ({}) TO ({})")
    bounds = sql.Literal(partition.day), sql.Literal(partition.day + timedelta(days=1))
    connection.execute(attach.format(sql.Identifier(partition.table), sql.Identifier(partition.name), *bounds))


def _remove(
    connection: Connection[TupleRow], partition: Partition, keeps: Callable[[Connection[TupleRow], Partition], bool]
) -> bool:
    found = existing(connection, partition.table, partition.day)
    if found and found[0].state is State.LEAVING:
        _finalize(connection, found[0])
    elif found and found[0].state is State.ATTACHED:
        if keeps(connection, partition):
            return False
        detach = sql.SQL("ALTER TABLE {} DETACH PARTITION {} CONCURRENTLY")
        _alone(connection, detach.format(sql.Identifier(partition.table), sql.Identifier(partition.name)))
    with connection.transaction():
        _bound_waiting(connection, local=True)
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [_MAKERS_LOCK])
        found = existing(connection, partition.table, partition.day)
        if not found:
            return True
        if found[0].state is not State.LOOSE:
            raise errors.LockNotAvailable(f"{partition.name} was attached again")
        if keeps(connection, partition):
            _attach(connection, partition)
            return False
        connection.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(partition.name)))
    return True


def _finalize(connection: Connection[TupleRow], partition: Partition) -> None:
    finalize = sql.SQL("ALTER TABLE {} DETACH PARTITION {} FINALIZE")
    _alone(connection, finalize.format(sql.Identifier(partition.table), sql.Identifier(partition.name)))


def _alone(connection: Connection[TupleRow], statement: sql.Composed) -> None:
    """Run a statement that wants no transaction around it, under the lock timeout."""
    before = connection.execute("SELECT current_setting('lock_timeout')").fetchone()
    _bound_waiting(connection, local=False)
    try:
        connection.execute(statement)
    finally:
        if not connection.closed:
            connection.execute("SELECT set_config('lock_timeout', %s, false)", before)


def _bound_waiting(connection: Connection[TupleRow], *, local: bool) -> None:
    connection.execute("SELECT set_config('lock_timeout', %s, %s)", [_LOCK_TIMEOUT, local])


def _insist(step: Callable[[], Done]) -> Done:
    """Run a step until no lock, and no other maker or remover, is in its way."""
    for _ in range(_TRIES):
        try:
            return step()
        except (
            errors.LockNotAvailable,
            errors.DeadlockDetected,
            errors.DuplicateTable,
            errors.UniqueViolation,
            errors.UndefinedTable,
            errors.ObjectNotInPrerequisiteState,
            errors.InvalidObjectDefinition,
        ):
            time.sleep(random.uniform(*_PAUSE_SECONDS))
    raise StillLockedError("a partition is still in use after all tries")
