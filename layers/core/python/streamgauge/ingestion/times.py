"""Step: the time of an event, stamped once; `docs/definitions.md`, Time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from streamgauge.clock import MICROSECONDS, microseconds
from streamgauge.events.reasons import Reason
from streamgauge.ingestion.refusal import RefusedError

AHEAD: Final = 5 * 60 * MICROSECONDS
"""How far a client's clock may run ahead of ours."""


def event_time(
    timestamp: datetime | None, sent_at: datetime | None, received: int, max_age: int, *, historical: bool
) -> tuple[int, bool]:
    """Return (time, whether it was corrected to the time of receipt), all in microseconds.

    Raises RefusedError for an event older than `max_age`, and for history without a time, before 1970 or ahead of now.
    """
    if historical:
        return _history(timestamp, sent_at, received), False
    time = _claimed(timestamp, sent_at, received)
    if time > received + AHEAD:
        return received, True
    if time < received - max_age:
        raise RefusedError(Reason.TOO_LATE, "It is older than events are taken.", ("timestamp",))
    return time, False


def _history(timestamp: datetime | None, sent_at: datetime | None, received: int) -> int:
    if timestamp is None:
        raise RefusedError(Reason.INVALID, "History needs its timestamp.", ("timestamp",))
    time = _claimed(timestamp, sent_at, received)
    if not 0 <= time <= received + AHEAD:
        raise RefusedError(Reason.INVALID, "History lies between 1970 and now.", ("timestamp",))
    return time


def _claimed(timestamp: datetime | None, sent_at: datetime | None, received: int) -> int:
    if timestamp is None:
        return received
    if sent_at is None:
        return _instant(timestamp)
    # The client's clock may be wrong, but not its difference.
    return received - (_instant(sent_at) - _instant(timestamp))


def _instant(moment: datetime) -> int:
    return microseconds(moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC))
