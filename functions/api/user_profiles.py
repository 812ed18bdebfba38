"""Says what is known of a user: the traits that clients told."""

from typing import Any

from streamgauge.edge.http import READ, application, site_for
from streamgauge.edge.parameters import Website
from streamgauge.errors import NotFoundError
from streamgauge.store import postgres
from streamgauge.web.traits import UserTraits, traits_of

app = application()


@app.get("/api/v1/users/<user_id>", security=READ, tags=["users"])
def profile(
    user_id: str,
    website_id: Website = None,
) -> UserTraits:
    """Say what is known of a user: of each trait the value that was told last."""
    site = site_for(app, "read", website_id)
    # No text of the database holds NUL.
    found = None if "\0" in user_id else traits_of(postgres.read, site, user_id)
    if found is None:
        raise NotFoundError("Nothing is known of this user.")
    return found


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer a request."""
    return app.resolve(event, context)
