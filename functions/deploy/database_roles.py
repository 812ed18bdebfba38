"""Makes the database roles through the Data API, before the first migration and whenever `roles.sql` or MAX_DB_CONNECTIONS changes.

A custom resource of the deploy: it stands outside the VPC and needs no connection, only the master user's secret.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamgauge.settings import settings
from streamgauge.store import data_api

if TYPE_CHECKING:
    from collections.abc import Mapping


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Make the roles on create and update; a removed stage keeps them, since its data may be kept."""
    if event.get("RequestType") != "Delete":
        data_api.execute(
            data_api.client(),
            [*data_api.role_statements(), data_api.connection_limit(settings().integer("MAX_DB_CONNECTIONS", 100))],
            cluster=settings().text("DATABASE_ARN"),
            secret=settings().text("DATABASE_ADMIN_SECRET_ARN"),
            database=settings().text("DATABASE_NAME"),
        )
    return {"PhysicalResourceId": "database-roles"}
