"""Stores what arrives on the stream, exactly once."""

from __future__ import annotations

import gc
import time
from functools import lru_cache
from typing import Any, Final

from streamgauge import telemetry
from streamgauge.edge.stream import records_of
from streamgauge.settings import settings
from streamgauge.warehouse.consumer import Consumer
from streamgauge.warehouse.directory import Directory

_ALLOCATIONS_BETWEEN_LOOKS: Final = 100_000
_ACKNOWLEDGE_SECONDS: Final = 60.0
"""What is left of an invocation when waiting for a store ends."""
_LOCAL_WAIT_SECONDS: Final = 5.0
"""On a laptop one loop may drive everything: do not hold it up."""


@lru_cache(maxsize=1)
def _consumer() -> Consumer:
    # What is loaded by now stays, and a batch leaves no cycles: the collector, which would walk through all of it, rests.
    gc.freeze()
    gc.set_threshold(_ALLOCATIONS_BETWEEN_LOOKS)
    return Consumer(Directory())


def handler(event: dict[str, Any], context: Any) -> dict[str, int]:  # noqa: ANN401 - Lambda's own context
    """Store a batch; raises when it must come again."""
    wait = context.get_remaining_time_in_millis() / 1000 - _ACKNOWLEDGE_SECONDS
    if settings().text("STREAMGAUGE_STAGE", "local") == "local":
        wait = _LOCAL_WAIT_SECONDS
    try:
        return {"stored": _consumer().consume(records_of(event), time.monotonic() + wait)}
    finally:
        telemetry.flush()
