"""One run of a job: asks first, connects only when there is something to do, and records the slot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from psycopg.types.json import Jsonb

from streamgauge import telemetry
from streamgauge.jobs import queries
from streamgauge.store import postgres

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from streamgauge.jobs.slots import Slot
    from streamgauge.store.postgres import Connection

Item = TypeVar("Item")
Result = dict[str, int]

NOTHING: Final[Result] = {"due": 0}
_PATIENCE: Final = {
    "idle_in_transaction_session_timeout": "120s",
    "idle_session_timeout": "280s",
    "lock_timeout": "60s",
    "statement_timeout": "280s",
}
_JOBS_LOCK: Final = 0x534A  # "SJ": the first half of the advisory lock's two numbers


def run(job: str, slot: Slot, due: Sequence[Item], work: Callable[[Connection, Sequence[Item]], Result]) -> Result:
    """Do the `work` on what is `due` and record it under (job, slot); nothing due: Postgres is not asked.

    A slot that is done is not done again; one that was begun and not finished is. A job runs once at a time: of ten at once
    nine wait, and find their slot done.
    """
    if not due:
        return NOTHING
    with postgres.connect() as connection:
        # A job thinks longer between two statements than a report does, and waits its turn at a site's gate.
        for name, value in _PATIENCE.items():
            connection.execute(queries.SET_FOR_SESSION, [name, value])
        # Held by the session: whoever is killed gives it back.
        connection.execute(queries.LOCK_JOB, {"lock": _JOBS_LOCK, "job": job})
        started = connection.execute(queries.BEGIN_RUN, {"job": job, "slot": slot.name, "at": slot.at}).fetchone()
        if started is not None and started[0] is not None:
            return {"due": len(due), "done_before": 1}
        result = {"due": len(due), **work(connection, due)}
        connection.execute(queries.FINISH_RUN, {"job": job, "slot": slot.name, "result": Jsonb(result)})
    return result


def each(items: Iterable[Item], step: Callable[[Item], None], connection: Connection) -> None:
    """Do a step for every item: one that fails does not keep the others waiting, but the run fails with it in the end."""
    failures: list[Exception] = []
    for item in items:
        try:
            step(item)
        except Exception as error:
            if connection.closed or connection.broken:
                raise
            telemetry.logger().exception("a part of a job failed", extra={"part": str(item)})
            failures.append(error)
    if failures:
        raise ExceptionGroup("parts of a job failed; the next run tries them again", failures)
