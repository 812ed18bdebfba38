"""Funnels in Postgres: made, read, changed, removed."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any, NamedTuple

from streamgauge.errors import NotFoundError
from streamgauge.funnels import queries
from streamgauge.funnels.models import Funnel, FunnelDefinition

if TYPE_CHECKING:
    from datetime import datetime

    from streamgauge.store.postgres import Connection

_ID_BYTES = 8


class Kept(NamedTuple):
    """A funnel as it stands; what was computed for another `version` is about another definition."""

    number: int
    funnel_id: str
    site_id: str
    site_no: int
    definition: FunnelDefinition
    version: int
    created_at: datetime
    updated_at: datetime

    def shown(self) -> Funnel:
        """Return the funnel as the API gives it."""
        fields = {name: getattr(self.definition, name) for name in FunnelDefinition.model_fields}
        return Funnel(
            **fields,
            funnel_id=self.funnel_id,
            website_id=self.site_id,
            created_at=self.created_at,
            updated_at=self.updated_at,
        )


def create(connection: Connection, site_no: int, definition: FunnelDefinition) -> Kept:
    """Make a funnel of a site."""
    funnel_id = secrets.token_hex(_ID_BYTES)
    given = {"funnel_id": funnel_id, "site_no": site_no, "definition": _json(definition)}
    connection.execute(queries.INSERT_FUNNEL, given)
    return find(connection, funnel_id)


def find(connection: Connection, funnel_id: str) -> Kept:
    """Return a funnel. Raises NotFoundError."""
    row = None if "\0" in funnel_id else connection.execute(queries.FUNNEL, {"funnel_id": funnel_id}).fetchone()
    if row is None:
        raise NotFoundError("There is no such funnel.")
    return _kept(row)


def of_site(connection: Connection, site_no: int, after: int, limit: int) -> list[Kept]:
    """Return up to `limit` funnels of a site numbered above `after`, oldest first."""
    asked = {"site_no": site_no, "after": after, "limit": limit}
    return [_kept(row) for row in connection.execute(queries.FUNNELS, asked).fetchall()]


def change(connection: Connection, funnel: Kept, definition: FunnelDefinition) -> Kept:
    """Put a definition in the place of a funnel's; the same one again, or another name alone, leaves its results."""
    asked = {"number": funnel.number, "definition": _json(definition)}
    connection.execute(queries.UPDATE_FUNNEL, asked)
    return find(connection, funnel.funnel_id)


def remove(connection: Connection, funnel: Kept) -> None:
    """Remove a funnel and all that was computed for it; events that report its steps stay."""
    connection.execute(queries.DELETE_FUNNEL, {"number": funnel.number})


def _json(definition: FunnelDefinition) -> str:
    return json.dumps(definition.model_dump())


def _kept(row: tuple[Any, ...]) -> Kept:
    number, funnel_id, site_id, site_no, definition, version, created_at, updated_at = row
    return Kept(
        number,
        funnel_id,
        site_id,
        site_no,
        FunnelDefinition.model_validate(definition),
        version,
        created_at,
        updated_at,
    )
