"""Sites, their keys, and the accounts of what became of events.

Called directly (`aws lambda invoke`, which IAM allows to operators alone) it also makes the first admin key of a stage:
`{"command": "first_admin_key"}` answers `{"key": …}` once; `"another": true` makes one more when that is lost.
"""

import time
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import BaseModel
from streamgauge.access import keys, sites
from streamgauge.access.bootstrap import first_admin_key
from streamgauge.access.models import (
    CreatedKey,
    CreatedSite,
    Key,
    KeyList,
    ListedSite,
    NewKey,
    NewSite,
    Site,
    SiteList,
    SitePatch,
    change_of,
    created_site,
)
from streamgauge.access.scopes import ALL_SITES
from streamgauge.access.sites import SiteRow
from streamgauge.clock import local_day
from streamgauge.edge.callers import Caller, require
from streamgauge.edge.http import ADMIN, READ, application, caller, site_for
from streamgauge.edge.parameters import RangeParameters, Website, report_range
from streamgauge.errors import ConflictError
from streamgauge.operations.accounting import HourAccount, accounts
from streamgauge.store import postgres

app = application()


class Accounting(BaseModel):
    """Accounts per hour of receipt."""

    range: dict[str, str]
    results: list[HourAccount]


@app.post("/api/v1/sites", security=ADMIN, tags=["administration"], status_code=HTTPStatus.CREATED)
def create_site(site: NewSite) -> CreatedSite:
    """Make a site, with a key of each scope. Needs an admin key for all sites."""
    require(caller(app), "admin", ALL_SITES)
    return created_site(*sites.create_site(_database(), site.site_id, change_of(site)))


@app.get("/api/v1/sites", security=READ, tags=["administration"])
def list_sites(limit: Annotated[int, Query(ge=1, le=1000)] = 100, cursor: Annotated[str, Query()] = "") -> SiteList:
    """List the sites that the caller may look at, each with what the caller may do there."""
    known = caller(app)
    if known.allows("read", ALL_SITES):
        rows = sites.list_sites(_database(), cursor, limit + 1)
        more = rows[limit - 1].record.site_id if len(rows) > limit else None
        return SiteList(results=[_listed(row, known) for row in rows[:limit]], next_cursor=more)
    own = sorted({grant.site_id for grant in known.grants if grant.allows("read")})
    return SiteList(
        results=[_listed(sites.read_site(_database(), site_id), known) for site_id in own], next_cursor=None
    )


def _listed(row: SiteRow, known: Caller) -> ListedSite:
    may_administer = known.allows("admin", row.record.site_id)
    return ListedSite(**dict(Site.of(row)), scope="admin" if may_administer else "read")


@app.get("/api/v1/sites/<site_id>", security=ADMIN, tags=["administration"])
def read_site(site_id: str) -> Site:
    """Show a site."""
    require(caller(app), "admin", site_id)
    return Site.of(sites.read_site(_database(), site_id))


@app.patch("/api/v1/sites/<site_id>", security=ADMIN, tags=["administration"])
def change_site(site_id: str, change: SitePatch) -> Site:
    """Change a site; its time zone only before its first event."""
    require(caller(app), "admin", site_id)
    return Site.of(sites.change_site(_database(), site_id, change_of(change)))


@app.post("/api/v1/sites/<site_id>/keys", security=ADMIN, tags=["administration"], status_code=HTTPStatus.CREATED)
def create_key(site_id: str, key: NewKey) -> CreatedKey:
    """Make a key of a site (`*`: for all sites), shown this once."""
    require(caller(app), "admin", site_id)
    raw_key, row = keys.make_key(_database(), site_id, key.scope, key.name)
    return CreatedKey(**Key.of(row).model_dump(), key=raw_key)


@app.get("/api/v1/sites/<site_id>/keys", security=ADMIN, tags=["administration"])
def list_keys(site_id: str) -> KeyList:
    """List the live keys of a site."""
    require(caller(app), "admin", site_id)
    return KeyList(results=[Key.of(row) for row in keys.list_keys(_database(), site_id)])


@app.delete(
    "/api/v1/sites/<site_id>/keys/<key_id>",
    security=ADMIN,
    tags=["administration"],
    responses={204: {"description": "The key opens nothing from 60 s on."}},
)
def revoke_key(site_id: str, key_id: str) -> Response[None]:
    """Revoke a key; again: the same answer."""
    require(caller(app), "admin", site_id)
    keys.revoke_key(_database(), site_id, key_id)
    return Response(HTTPStatus.NO_CONTENT)


@app.get("/api/v1/accounting", security=ADMIN, tags=["administration"])
def accounting(
    asked: Annotated[RangeParameters, Query()],
    website_id: Website = None,
) -> Accounting:
    """Account for every event received, per hour: received = stored + duplicates + dead-lettered + in flight."""
    site = site_for(app, "admin", website_id)
    days = report_range(asked, local_day(time.time_ns() // 1000, site.timezone), site.timezone)
    return Accounting(range=days.echo(), results=accounts(_database(), site, days.start, days.end))


def _database() -> postgres.Connection:
    """Return a connection that answers: one that idled away is replaced before anything is written."""
    postgres.read("SELECT 1", {})
    return postgres.connection()


def command(event: dict[str, Any]) -> dict[str, Any]:
    """Do what a direct invocation asks for."""
    if event.get("command") != "first_admin_key":
        return {"error": "The one command is first_admin_key."}
    try:
        return {"key": first_admin_key(_database(), another=event.get("another") is True)}
    except ConflictError as error:
        return {"error": error.detail}


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer a request; an event without a request's context can only come from a direct invocation."""
    return app.resolve(event, context) if "requestContext" in event else command(event)
