"""Takes the catalogue of a media server or video platform: libraries, items and users."""

from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body
from aws_lambda_powertools.event_handler.openapi.params import Path as InPath
from streamgauge.edge.http import ADMIN, application, site_for
from streamgauge.edge.parameters import Website
from streamgauge.library import catalogue
from streamgauge.library.models import (
    CataloguedLibrary,
    Id,
    Items,
    Library,
    Refused,
    Upserted,
    Users,
    items_of,
    users_of,
)
from streamgauge.store import postgres
from streamgauge.warehouse import catalogued

app = application()

LibraryId = Annotated[Id, InPath(description="As in items and sessions.")]
TAKEN: dict[int, Any] = {
    200: {"description": "All were taken.", "content": {"application/json": {"model": Upserted}}},
    207: {
        "description": "Some were refused, each with its reason; the others were taken.",
        "content": {"application/json": {"model": Upserted}},
    },
}


@app.put("/api/v1/catalog/libraries/<library_id>", security=ADMIN, tags=["catalogue"])
def put_library(
    library_id: LibraryId, library: Annotated[Library, Body()], website_id: Website = None
) -> CataloguedLibrary:
    """Make or change a library. What is left out stays as it was."""
    site = site_for(app, "admin", website_id)
    row = catalogue.put_library(_database(), site, library_id, library)
    return CataloguedLibrary(library_id=library_id, name=row["name"], type=row["type"])


@app.delete(
    "/api/v1/catalog/libraries/<library_id>",
    security=ADMIN,
    tags=["catalogue"],
    responses={204: {"description": "The catalogue has neither the library nor its items any more."}},
)
def delete_library(library_id: LibraryId, website_id: Website = None) -> Response[None]:
    """Delete a library with its items; again: the same answer. Sessions stay."""
    site = site_for(app, "admin", website_id)
    database = _database()
    catalogue.delete_library(database, site, library_id)
    catalogued.settle(database, site, None)
    return Response(HTTPStatus.NO_CONTENT)


@app.put("/api/v1/catalog/items", security=ADMIN, tags=["catalogue"], responses=TAKEN)
def put_items(given: Annotated[Items, Body()], website_id: Website = None) -> Response[Upserted]:
    """Make, change or delete up to 5000 items. What is left out stays as it was; a refused item keeps no other out."""
    site = site_for(app, "admin", website_id)
    items, refused = items_of(given.items)
    database = _database()
    deleted = catalogue.put_items(database, site, items)
    catalogued.settle(database, site, [item.content_id for item in items])
    return _answer(len(items), deleted, refused)


@app.put("/api/v1/catalog/users", security=ADMIN, tags=["catalogue"], responses=TAKEN)
def put_users(given: Annotated[Users, Body()], website_id: Website = None) -> Response[Upserted]:
    """Make, change or delete up to 5000 users. What is left out stays as it was; a refused user keeps no other out."""
    site = site_for(app, "admin", website_id)
    users, refused = users_of(given.users)
    return _answer(len(users), catalogue.put_users(_database(), site, users), refused)


def _answer(accepted: int, deleted: int, refused: list[Refused]) -> Response[Upserted]:
    body = Upserted(accepted=accepted, deleted=deleted, rejected=refused)
    status = HTTPStatus.MULTI_STATUS if refused else HTTPStatus.OK
    return Response(status, content_type="application/json", body=body)


def _database() -> postgres.Connection:
    """Return a connection that answers: one that idled away is replaced before anything is written."""
    postgres.read("SELECT 1", {})
    return postgres.connection()


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer a request."""
    return app.resolve(event, context)
