"""Storing, listing and removing imported days."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from streamgauge.dimensions import Dimension
from streamgauge.imports import queries
from streamgauge.imports.models import Import
from streamgauge.imports.rows import PARTS, Amounts, stored_rows

if TYPE_CHECKING:
    from streamgauge.access.registry import SiteRecord
    from streamgauge.imports.models import ImportedRows, Part
    from streamgauge.store.postgres import Connection

IMPORT_GATE: Final = 0x5349  # "SI": the first half of the advisory lock's two numbers


def put(connection: Connection, site: SiteRecord, import_id: str, part: Part, piece: ImportedRows) -> int:
    """Store a piece of a list in one transaction and return the number of stored rows; the same piece again changes nothing.

    What other imports have of the replaced days in this list goes: a day counts once, as imported last.
    """
    rows = stored_rows(part, piece.rows, site.domains)
    key = {"site_no": site.site_no, "gate": IMPORT_GATE, "part": PARTS[part]}
    with connection.transaction():
        connection.execute(queries.ONE_AT_A_TIME, key)
        found = connection.execute(queries.IMPORT, {**key, "import_id": import_id, "source": piece.source}).fetchone()
        if piece.replace:
            dimensions = [int(dimension) for dimension in Dimension]
            connection.execute(queries.EMPTY_DAYS, {**key, "dimensions": dimensions, "days": piece.replace})
        if rows and found is not None:
            columns = {
                "dimension": [row.dimension for row in rows],
                "day": [row.day for row in rows],
                "code": [row.code for row in rows],
                "origin": [row.origin for row in rows],
                "name": [row.name for row in rows],
            }
            columns |= {name: [row.amounts[place] for row in rows] for place, name in enumerate(Amounts._fields)}
            connection.execute(queries.PUT_ROWS, {**key, "import_no": found[0], **columns})
    return len(rows)


def listed(connection: Connection, site_no: int) -> list[Import]:
    """Return the imports of a site, newest first."""
    names = ("import_id", "source", "created_at", "updated_at", "start", "end", "days", "rows")
    found = connection.execute(queries.LIST, {"site_no": site_no}).fetchall()
    return [Import.model_validate(dict(zip(names, row, strict=True))) for row in found]


def remove(connection: Connection, site_no: int, import_id: str) -> None:
    """Remove an import with the days that it still has; again: nothing."""
    key = {"site_no": site_no, "import_id": import_id, "gate": IMPORT_GATE}
    with connection.transaction():
        connection.execute(queries.ONE_AT_A_TIME, key)
        connection.execute(queries.REMOVE_ROWS, key)
        connection.execute(queries.REMOVE, key)
