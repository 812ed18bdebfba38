"""Takes what a client of a live connection says: what it subscribes to, and pings."""

from __future__ import annotations

import time
from typing import Any

from streamgauge.edge.sockets import answer, connection_of
from streamgauge.errors import StreamgaugeError
from streamgauge.live.announcing import state_of
from streamgauge.sockets import connections
from streamgauge.sockets.models import MESSAGE_TYPES, Problem, read_request
from streamgauge.sockets.pushing import send_to

HOW = f'Send {{"action": "subscribe", "types": [...]}} with types of: {", ".join(MESSAGE_TYPES)}; or {{"action": "ping"}}.'


def handler(event: dict[str, Any], context: object) -> dict[str, int]:  # noqa: ARG001 - Lambda's signature
    """Subscribe, then send how things stand; whoever comes back goes on from there."""
    connection, request, now = connection_of(event), read_request(event.get("body") or ""), time.time()
    try:
        if request is None:
            send_to(connection, [Problem({"detail": HOW})])
        elif request.action == "subscribe":
            holder = connections.holder_of(connection, now)
            if holder is None:
                send_to(connection, [Problem({"detail": "This connection is over: open one with a new ticket."})])
            else:
                connections.subscribe(connection, holder, request.types, now)
                send_to(connection, state_of(holder.site_id, request.types, now))
    except StreamgaugeError as error:
        return answer(error)
    return answer()
