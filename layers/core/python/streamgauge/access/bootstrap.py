"""The first admin key: of a new deployment, and of the local stack."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamgauge.access import queries, registry
from streamgauge.access.keys import make_key, store_key
from streamgauge.access.registry import KeyRecord, key_hash
from streamgauge.access.scopes import ALL_SITES
from streamgauge.errors import ConflictError

if TYPE_CHECKING:
    from streamgauge.store.postgres import Connection


def ensure_admin_key(connection: Connection, raw_key: str) -> None:
    """Let a given key open all sites as admin; doing it again changes nothing. Raises ConflictError when it was revoked."""
    with connection.transaction():
        row = connection.execute(queries.KEY_BY_HASH, {"key_hash": key_hash(raw_key)}).fetchone()
        if row is None:
            store_key(connection, raw_key, None, "admin", "first")
        elif row[1]:
            registry.project_key(key_hash(raw_key), KeyRecord(row[0], ALL_SITES, "admin"))
        else:
            raise ConflictError("This key was revoked; take another one.")


def first_admin_key(connection: Connection, *, another: bool = False) -> str:
    """Make an admin key for all sites and return it, this once.

    Raises ConflictError when there is one already, unless `another` is asked for (the first one is lost).
    """
    with connection.transaction():
        connection.execute(queries.LOCK_ADMIN_KEYS)
        row = connection.execute(queries.ADMIN_KEYS).fetchone()
        if row and row[0] and not another:
            raise ConflictError("There is an admin key for all sites already; ask for another one if it is lost.")
        raw_key, _ = make_key(connection, ALL_SITES, "admin", "first")
    return raw_key
