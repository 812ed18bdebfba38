"""Making and deleting the goals of a website; `api/journeys` reports on them."""

from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response
from streamgauge.edge.http import ADMIN, application, site_for
from streamgauge.ingestion.pages import folded
from streamgauge.store import postgres
from streamgauge.web import goals
from streamgauge.web.journey_models import MadeGoal, NewGoal

app = application()


@app.post("/api/v1/analytics/goals/<website_id>", security=ADMIN, tags=["website"], status_code=HTTPStatus.CREATED)
def make_goal(website_id: str, goal: NewGoal) -> MadeGoal:
    """Make a goal: a page or a custom event. What happened before it was made counts too."""
    site = site_for(app, "admin", website_id)
    # Pages are counted with their trailing slash folded.
    value = folded(goal.value) if goal.type == "page" and goal.match == "equals" else goal.value
    made = goals.make_goal(_database(), site.site_no, goal.name, goal.type, goal.match, value)
    return MadeGoal(goal_id=made.goal_id, name=made.name, type=made.type, match=made.match, value=made.value)


@app.delete(
    "/api/v1/analytics/goals/<website_id>/<goal_id>",
    security=ADMIN,
    tags=["website"],
    responses={204: {"description": "The site has no such goal any more."}},
)
def delete_goal(website_id: str, goal_id: str) -> Response[None]:
    """Delete a goal; again: the same answer."""
    site = site_for(app, "admin", website_id)
    goals.delete_goal(_database(), site.site_no, goal_id)
    return Response(HTTPStatus.NO_CONTENT)


def _database() -> postgres.Connection:
    """Return a connection that answers: one that idled away is replaced before anything is written."""
    postgres.read("SELECT 1", {})
    return postgres.connection()


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer a request."""
    return app.resolve(event, context)
