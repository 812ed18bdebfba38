"""Erasure of a person: asked for here, done by `schedules/erasure` within two minutes."""

import time
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Path
from streamgauge.edge.http import ADMIN, application, caller, site_for
from streamgauge.edge.parameters import Website
from streamgauge.erasure import requests
from streamgauge.erasure.requests import Erasure
from streamgauge.errors import OutOfBoundsError
from typing_extensions import TypedDict

app = application()


class Erasures(TypedDict):
    """The erasures of a site, the latest first."""

    results: list[Erasure]


@app.delete("/api/v1/users/<user_id>", security=ADMIN, tags=["privacy"], status_code=HTTPStatus.ACCEPTED)
def erase_user(user_id: Annotated[str, Path(max_length=1024)], website_id: Website = None) -> Erasure:
    """Erase a user: ids, addresses and properties are replaced in every store by one random id; counts stay as they are.

    Asking twice is asking once. Events from before that come later are stored under the random id too.
    """
    if "\0" in user_id:
        message = "No user has such an id."
        raise OutOfBoundsError(message, [(["path", "user_id"], message)])
    site = site_for(app, "admin", website_id)
    return requests.ask(site, user_id, time.time_ns() // 1000, caller(app).principal)


@app.get("/api/v1/erasures", security=ADMIN, tags=["privacy"])
def list_erasures(website_id: Website = None) -> Erasures:
    """List the erasures of a site and how far they are; none of them says of whom it is."""
    return Erasures(results=requests.erasures(site_for(app, "admin", website_id).site_id))


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer a request."""
    return app.resolve(event, context)
