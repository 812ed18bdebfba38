"""Forgets a live connection that was closed."""

from __future__ import annotations

import time
from typing import Any

from streamgauge import telemetry
from streamgauge.edge.sockets import answer, connection_of
from streamgauge.sockets import connections
from streamgauge.sockets.watching import measure_connections


def handler(event: dict[str, Any], context: object) -> dict[str, int]:  # noqa: ARG001 - Lambda's signature
    """Remove it from every list; one that is not there any more is well."""
    connection = connection_of(event)
    site = connections.site_of(connection)
    if site is not None:
        connections.remove([connection], site)
        measure_connections(time.time())
        telemetry.flush()
    return answer()
