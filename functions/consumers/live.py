"""Keeps the last five minutes of each site at hand."""

from __future__ import annotations

import time
from typing import Any

from streamgauge.edge.stream import records_of
from streamgauge.live.items import store


def handler(event: dict[str, Any], context: object) -> dict[str, int]:  # noqa: ARG001 - Lambda's signature
    """Store the live part of a batch; raises when it must come again."""
    return {"live": store(records_of(event), time.time())}
