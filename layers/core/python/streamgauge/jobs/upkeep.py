"""Partitions of the coming week, for a stage that has traffic; one without makes a day's on demand."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from streamgauge.jobs import hints, runs
from streamgauge.warehouse import partitions, pending

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from streamgauge.jobs.slots import Slot
    from streamgauge.store.postgres import Connection

JOB: Final = "partition_upkeep"
DAYS_AHEAD: Final = 7
TRAFFIC_DAYS: Final = 2
"""A stage has traffic when a day waits to be closed, or one of the last two was."""


def make_partitions(slot: Slot) -> dict[str, int]:
    """Make what is missing of today's partitions and of the week ahead."""
    wanted = [slot.day + timedelta(days=ahead) for ahead in range(DAYS_AHEAD + 1)]
    return runs.run(JOB, slot, wanted if slot.by_hand or _is_due(slot, wanted[-1]) else [], _make)


def _is_due(slot: Slot, until: date) -> bool:
    made = hints.partitions_until()
    if made is not None and made >= until:
        return False
    last = hints.last_traffic()
    return bool(pending.waiting(pending.DAYS)) or (last is not None and last >= slot.day - timedelta(days=TRAFFIC_DAYS))


def _make(connection: Connection, days: Sequence[date]) -> dict[str, int]:
    for day in days:
        partitions.ensure_day(connection, day)
    hints.set_partitions_until(days[-1])
    return {"days": len(days)}
