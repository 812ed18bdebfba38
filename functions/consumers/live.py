"""Keeps the last five minutes of each site at hand, and tells those who watch."""

from __future__ import annotations

import time
from functools import lru_cache
from typing import Any

from streamgauge.edge.stream import records_of
from streamgauge.live.announcing import Announcer
from streamgauge.live.items import recent_events, store


@lru_cache(maxsize=1)
def _announcer() -> Announcer:
    return Announcer()


def handler(event: dict[str, Any], context: object) -> dict[str, int]:  # noqa: ARG001 - Lambda's signature
    """Store the live part of a batch; raises when it must come again. What is told then fails nothing."""
    records, now = records_of(event), time.time()
    recent = recent_events(records, now)
    stored = store(records, recent, now)
    _announcer().announce(recent)
    return {"live": stored}
