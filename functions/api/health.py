"""How the process, the stores and the consumers are."""

import time
from http import HTTPStatus
from typing import Any, Literal

from aws_lambda_powertools.event_handler import Response
from pydantic import BaseModel
from streamgauge.edge.http import ADMIN, OPEN, application
from streamgauge.operations.health import State, check, probes
from streamgauge.operations.progress import CONTENT_TYPE, progress_items, write_metrics
from streamgauge.sockets import connections

app = application()

HOLD_SECONDS = 5
"""How long an answer about the stores stands: the route is open, and asking costs."""

_last: list[tuple[float, dict[str, State]]] = []


class Health(BaseModel):
    """The process."""

    status: Literal["ok"]


class DependencyHealth(BaseModel):
    """The stores."""

    status: Literal["ok", "degraded"]
    dependencies: dict[str, State]


@app.get("/health", security=OPEN, tags=["operation"])
def health() -> Health:
    """Say that the process answers; nothing else is asked."""
    return Health(status="ok")


@app.get("/api/metrics/health", security=OPEN, tags=["operation"])
def dependencies() -> Response[DependencyHealth]:
    """Say how each store is: 503 when one is away. A paused database is `idle`, and well."""
    states = _states()
    away = "away" in states.values()
    body = DependencyHealth(status="degraded" if away else "ok", dependencies=states)
    status = HTTPStatus.SERVICE_UNAVAILABLE if away else HTTPStatus.OK
    return Response(status, content_type="application/json", body=body)


@app.get(
    "/metrics",
    security=ADMIN,
    tags=["operation"],
    responses={
        200: {"description": "Prometheus text 0.0.4", "content": {"text/plain": {"schema": {"type": "string"}}}}
    },
)
def metrics() -> Response[str]:
    """Give the figures that Prometheus scrapes."""
    now = time.time()
    text = write_metrics(progress_items(), now, connections.count(now))
    return Response(HTTPStatus.OK, content_type=CONTENT_TYPE, body=text)


def _states() -> dict[str, State]:
    now = time.time()
    if not _last or not 0 <= now - _last[0][0] < HOLD_SECONDS:
        _last[:] = [(now, check(probes()))]
    return _last[0][1]


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer a request."""
    return app.resolve(event, context)
