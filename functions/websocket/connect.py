"""Lets a live connection open: with a good ticket, through the front door, from a page of the site or ours."""

from __future__ import annotations

import time
from typing import Any

from streamgauge import telemetry
from streamgauge.edge.sockets import admit, answer, connection_of
from streamgauge.errors import StreamgaugeError
from streamgauge.sockets import connections
from streamgauge.sockets.watching import measure_connections


def handler(event: dict[str, Any], context: object) -> dict[str, int]:  # noqa: ARG001 - Lambda's signature
    """Answer 200, and the connection is open; 401, 403 or 503, and it is not."""
    now = time.time()
    try:
        connections.add(connection_of(event), admit(event, now), now)
    except StreamgaugeError as refusal:
        return answer(refusal)
    measure_connections(now)
    telemetry.flush()
    return answer()
