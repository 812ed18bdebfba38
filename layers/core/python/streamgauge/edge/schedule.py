"""The adapter between a schedule and a job: the event's time becomes the slot, the result one line of the log."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from streamgauge import telemetry
from streamgauge.errors import UnreadableError
from streamgauge.jobs.slots import QUARTER_SECONDS, Slot

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def slot_of(event: Mapping[str, Any], now: datetime, slot_seconds: int = QUARTER_SECONDS) -> Slot:
    """Return the slot of an event: its `time` (ISO 8601) down to the quarter (to `slot_seconds`); without one it is run by hand, for `now`.

    Raises UnreadableError for a time that is none.
    """
    text = event.get("time")
    if text is None:
        return Slot(now.astimezone(UTC), by_hand=True)
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError as error:
        raise UnreadableError(f"time is no ISO 8601 time: {text!r}") from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    seconds = int(moment.timestamp())
    return Slot(datetime.fromtimestamp(seconds - seconds % slot_seconds, UTC))


def run(
    job: Callable[[Slot], dict[str, int]], event: Mapping[str, Any], slot_seconds: int = QUARTER_SECONDS
) -> dict[str, Any]:
    """Run a job for the slot of its event and return what it did. A job that fails raises, and comes again."""
    slot = slot_of(event, datetime.now(UTC), slot_seconds)
    telemetry.correlate(f"{job.__name__}/{slot.name}")
    try:
        result: dict[str, Any] = {"slot": slot.name, **job(slot)}
    finally:
        telemetry.flush()
    if any(value for name, value in result.items() if name != "slot"):
        telemetry.logger().info("job done", extra={"job": job.__name__, "result": result})
    return result
