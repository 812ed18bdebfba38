"""Applies the schema files that a database has not seen yet."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import psycopg

_MIGRATION_LOCK: Final = 0x53_47_4D_49  # "SGMI": one migrator at a time


def files() -> list[tuple[str, str]]:
    """Return (name, SQL) of every schema file in order."""
    folder = resources.files(__package__)
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return [(name, (folder / name).read_text("utf-8")) for name in names]


def migrate(connection: psycopg.Connection) -> list[str]:
    """Apply what is missing, each file in a transaction of its own, and return the names applied.

    Waits for a migration that runs elsewhere; a lock that a running query holds is waited for 10 s, then the file fails whole.
    """
    applied: list[str] = []
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [_MIGRATION_LOCK])
        connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_files (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())"
        )
    for name, sql in files():
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [_MIGRATION_LOCK])
            if connection.execute("SELECT 1 FROM schema_files WHERE name = %s", [name]).fetchone():
                continue
            connection.execute("SET LOCAL lock_timeout = '10s'")
            connection.execute(sql.encode())
            connection.execute("INSERT INTO schema_files (name) VALUES (%s)", [name])
            applied.append(name)
    return applied
