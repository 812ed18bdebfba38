"""How many live connections there are, as a metric."""

from __future__ import annotations

from typing import Final

from streamgauge import telemetry
from streamgauge.sockets import connections
from streamgauge.sockets.pushing import guarded

_EVERY_SECONDS: Final = 10.0

_last: list[float] = []


def measure_connections(now_seconds: float) -> None:
    """Measure how many there are, at most every ten seconds in a container: a thousand that come at once are not counted a thousand times."""
    if _last and 0 <= now_seconds - _last[0] < _EVERY_SECONDS:
        return
    _last[:] = [now_seconds]
    with guarded():
        telemetry.measure(telemetry.Metric.WEBSOCKET_CONNECTIONS, connections.count(now_seconds))
