"""Live figures and live connections."""

from __future__ import annotations

from typing import Final

from infra.catalog.model import ANALYTICS, Function, Route, Socket
from infra.permissions import May

FUNCTIONS: Final = (
    Function(
        module="api/realtime",
        about="answers the live figures",
        routes=(
            Route("GET", "/api/metrics/realtime"),
            Route("GET", f"{ANALYTICS}/realtime/{{website_id}}"),
        ),
        may=(May.READ_REGISTRY, May.READ_LIVE),
    ),
    Function(
        module="api/live_tickets",
        about="makes tickets for live connections",
        routes=(Route("POST", "/api/v1/live/tickets"),),
        may=(May.READ_REGISTRY, May.MAKE_TICKETS),
    ),
    Function(
        module="websocket/connect",
        about="lets live connections open",
        socket=Socket.CONNECT,
        may=(May.READ_REGISTRY, May.TAKE_TICKETS, May.KEEP_CONNECTIONS),
    ),
    Function(
        module="websocket/message",
        about="takes what live connections subscribe to",
        socket=Socket.MESSAGE,
        pushes=True,
        may=(May.READ_REGISTRY, May.READ_LIVE, May.READ_SESSIONS, May.KEEP_CONNECTIONS),
    ),
    Function(
        module="websocket/disconnect",
        about="forgets live connections that were closed",
        socket=Socket.DISCONNECT,
        may=(May.KEEP_CONNECTIONS,),
    ),
)
