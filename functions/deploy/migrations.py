"""Brings the schema up to date and makes DynamoDB say again what Postgres says.

A custom resource of the deploy, run when a schema file is new. Invoked by hand with `{"restore": true}`, after a restore of either
store or when the local stack was killed, it also pushes every view counter anew and projects the catalogues. Every step may run any number of times.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from streamgauge import telemetry
from streamgauge.access.sites import list_sites, project_all
from streamgauge.jobs.restore import restore_pending
from streamgauge.library import catalogue
from streamgauge.schema.runner import migrate
from streamgauge.store import postgres
from streamgauge.views import projection

if TYPE_CHECKING:
    from collections.abc import Mapping

_WAIT_SECONDS: Final = 120
"""A cluster that has just been made takes its time; nobody waits for this answer but the deploy."""


_MOST_SITES: Final = 1_000_000


def _push_counters(connection: postgres.Connection) -> int:
    """Push all view counters as newer than whatever DynamoDB holds; return how many it took."""
    projection.raise_epoch(connection)
    sites = [row.record for row in list_sites(connection, "", _MOST_SITES)]
    return sum(projection.push(connection, site.site_no, site.site_id) for site in sites)


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Migrate and restore on create, update and by hand; a removed stage keeps its schema, since its data may be kept."""
    if event.get("RequestType") == "Delete":
        return {"PhysicalResourceId": "schema"}
    connection = postgres.connect(_WAIT_SECONDS)
    try:
        applied = ",".join(migrate(connection))
        done = {"registry": project_all(connection), "pending": restore_pending(connection)}
        if event.get("restore"):
            done["counters"] = _push_counters(connection)
            done["catalogue"] = catalogue.project_all(connection)
    finally:
        connection.close()
    telemetry.logger().info("schema up to date", extra={"applied": applied, **done})
    return {"PhysicalResourceId": "schema", "Data": {"Applied": applied}}
