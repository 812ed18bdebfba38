"""Rebuilds a site's state, rollups and counters from its raw events, one day a call."""

from datetime import date
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Body
from pydantic import BaseModel, Field
from streamgauge.access.site_settings import view_window_seconds
from streamgauge.clock import MICROSECONDS
from streamgauge.edge.http import ADMIN, application, site_for
from streamgauge.store import postgres
from streamgauge.warehouse.rebuild import rebuild_next

app = application()


class RebuildRequest(BaseModel):
    """Which site to rebuild, and after which day to go on (the last answer's `next_cursor`)."""

    site_id: str | None = Field(default=None, description="For credentials that open several sites.")
    cursor: date | None = None


class RebuildAnswer(BaseModel):
    """How far the rebuild is: `done` of `total` days; `repaired` rollup rows of this day were wrong."""

    site_id: str
    done: int
    total: int
    repaired: int
    next_cursor: date | None


@app.post("/api/v1/rebuild", security=ADMIN, tags=["administration"])
def rebuild(asked: Annotated[RebuildRequest, Body()]) -> RebuildAnswer:
    """Rebuild the next day; call again with `next_cursor` until it is null."""
    site = site_for(app, "admin", asked.site_id)
    postgres.read("SELECT 1", {})
    window = view_window_seconds(site.settings) * MICROSECONDS
    answer = rebuild_next(postgres.connection(), site.site_no, asked.cursor, window)
    return RebuildAnswer(site_id=site.site_id, **answer._asdict())


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer a request."""
    return app.resolve(event, context)
