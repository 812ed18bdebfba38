"""Takes, lists and removes days that another tool has counted."""

from datetime import UTC, date, datetime
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body
from aws_lambda_powertools.event_handler.openapi.params import Path as InPath
from streamgauge.edge.http import ADMIN, application, site_for
from streamgauge.imports import days
from streamgauge.imports.models import ImportedRows, ImportId, ImportList, Part, Taken
from streamgauge.jobs import hints
from streamgauge.rollups.imported import first_own_day
from streamgauge.store import postgres

app = application()

Name = Annotated[ImportId, InPath(description="Chosen by the caller: what comes under it again replaces its days.")]


@app.put("/api/v1/sites/<site_id>/imports/<import_id>/<part>", security=ADMIN, tags=["administration"])
def put_days(site_id: str, import_id: Name, part: Part, piece: Annotated[ImportedRows, Body()]) -> Taken:
    """Take a piece of one list of an import: up to 5000 rows, 1 MB. Sent again, it counts once."""
    site = site_for(app, "admin", site_id)
    before = _first_own_day(site.site_no)
    rows = days.put(postgres.connection(), site, import_id, part, piece)
    hints.note_import(datetime.now(UTC).date())
    return Taken(import_id=import_id, rows=rows, counted_before=before)


@app.get("/api/v1/sites/<site_id>/imports", security=ADMIN, tags=["administration"])
def list_imports(site_id: str) -> ImportList:
    """List the imports of a site."""
    site = site_for(app, "admin", site_id)
    before = _first_own_day(site.site_no)
    return ImportList(results=days.listed(postgres.connection(), site.site_no), counted_before=before)


@app.delete(
    "/api/v1/sites/<site_id>/imports/<import_id>",
    security=ADMIN,
    tags=["administration"],
    responses={204: {"description": "No report shows it any more."}},
)
def remove_import(site_id: str, import_id: str) -> Response[None]:
    """Remove an import with its days; again: the same answer."""
    site = site_for(app, "admin", site_id)
    _first_own_day(site.site_no)
    days.remove(postgres.connection(), site.site_no, import_id)
    return Response(HTTPStatus.NO_CONTENT)


def _first_own_day(site_no: int) -> date | None:
    """Ask by a read, which replaces a connection that idled away before anything is written."""
    return first_own_day(postgres.read, site_no)


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer a request."""
    return app.resolve(event, context)
