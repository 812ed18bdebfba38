"""Keys: made, listed and revoked in Postgres, and projected in the same transaction.

A key is shown once. The projection is the last step before COMMIT, under the lock of the rows it tells of: so the order in
DynamoDB is the order of commits, and a caller that got an error may simply try again.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from streamgauge.access import queries, registry
from streamgauge.access.registry import KeyRecord, key_hash
from streamgauge.access.scopes import ALL_SITES, Scope
from streamgauge.errors import NotFoundError

if TYPE_CHECKING:
    from datetime import datetime

    from streamgauge.store.postgres import Connection

PREFIXES: Final[dict[Scope, str]] = {"write": "sgw_", "server": "sgs_", "read": "sgr_", "admin": "sga_"}
"""How a key begins, so that people and secret scanners know what they hold."""

_RANDOM_BYTES: Final = 24


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key as lists show it: everything but the key."""

    key_id: str
    scope: Scope
    name: str
    hint: str
    created_at: datetime


def new_key(scope: Scope) -> str:
    """Return a fresh key: the prefix of its scope and 192 random bits."""
    return PREFIXES[scope] + secrets.token_urlsafe(_RANDOM_BYTES)


def store_key(connection: Connection, raw_key: str, site: tuple[int, str] | None, scope: Scope, name: str) -> KeyRow:
    """Keep a key for a site (number, id) or for all (None), inside the caller's transaction, and project it."""
    key_id = f"key_{secrets.token_hex(8)}"
    hint = raw_key[-4:]
    given = {"key_id": key_id, "site_no": site and site[0], "scope": scope, "hint": hint, "name": name}
    row = connection.execute(queries.INSERT_KEY, {**given, "key_hash": key_hash(raw_key)}).fetchone()
    assert row is not None  # noqa: S101 - RETURNING gives a row
    registry.project_key(key_hash(raw_key), KeyRecord(key_id, site[1] if site else ALL_SITES, scope))
    return KeyRow(key_id, scope, name, hint, row[0])


def make_key(connection: Connection, site_id: str, scope: Scope, name: str = "") -> tuple[str, KeyRow]:
    """Make a key for a site (`*`: all sites); the text is nowhere else. Raises NotFoundError for an unknown site."""
    raw_key = new_key(scope)
    with connection.transaction():
        site_no = _site_no(connection, site_id)
        return raw_key, store_key(connection, raw_key, None if site_no is None else (site_no, site_id), scope, name)


def list_keys(connection: Connection, site_id: str) -> list[KeyRow]:
    """Return the live keys of a site (`*`: those for all sites), oldest first. Raises NotFoundError for an unknown site."""
    rows = connection.execute(queries.LIST_KEYS, {"site_no": _site_no(connection, site_id)}).fetchall()
    return [KeyRow(row[0], cast("Scope", row[1]), row[2], row[3], row[4]) for row in rows]


def revoke_key(connection: Connection, site_id: str, key_id: str) -> None:
    """End a key; doing it again changes nothing. Raises NotFoundError when the site has no such key."""
    with connection.transaction():
        site_no = _site_no(connection, site_id)
        row = connection.execute(queries.REVOKE_KEY, {"site_no": site_no, "key_id": key_id}).fetchone()
        if row is None:
            raise NotFoundError("There is no such key.")
        registry.withdraw_key(row[0])


def _site_no(connection: Connection, site_id: str) -> int | None:
    if site_id == ALL_SITES:
        return None
    row = connection.execute(queries.SITE_NO, {"site_id": site_id}).fetchone()
    if row is None:
        raise NotFoundError("There is no such site.")
    return cast("int", row[0])
