"""Tickets for the live connection: a page opens it with one instead of its key."""

import time
from typing import Any

from streamgauge.edge.http import READ, application, site_for
from streamgauge.edge.parameters import Website
from streamgauge.edge.sockets import holder_of
from streamgauge.sockets import tickets
from typing_extensions import TypedDict

app = application()


class Ticket(TypedDict):
    """A ticket, and for how many seconds it is good."""

    ticket: str
    expires_in: int


@app.post("/api/v1/live/tickets", security=READ, tags=["live"])
def make_ticket(
    website_id: Website = None,
) -> Ticket:
    """Make a ticket for one connection to `/ws?ticket=…`, good once and for 60 seconds, for one site."""
    site = site_for(app, "read", website_id)
    holder = holder_of(app.current_event.raw_event, site.site_id)
    return {"ticket": tickets.issue(holder, time.time()), "expires_in": tickets.GOOD_SECONDS}


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer a request."""
    return app.resolve(event, context)
