"""The bench's own Postgres: under `$STREAMGAUGE_HOME/bench`, so that a loaded database is there for the next run."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psycopg
from streamgauge.schema.runner import migrate
from streamgauge.store.postgres import NEVER

from infra.local.postgres import Postgres, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamgauge.store.postgres import Connection

ROOT: Final = Path(__file__).parents[1]
HOME: Final = ROOT / (os.environ.get("STREAMGAUGE_HOME") or ".streamgauge")
FOLDER: Final = HOME / "bench"

_ADD_SITE: Final = """
    INSERT INTO sites (site_id, name, timezone, secret) VALUES (%(site)s, %(site)s, 'UTC', 'x')
    ON CONFLICT (site_id) DO UPDATE SET name = excluded.name RETURNING site_no
"""


class Server:
    """A running server; `head` is the process whose children do its work."""

    def __init__(self, postgres: Postgres, head: int) -> None:
        self._postgres, self.head = postgres, head

    def url(self, database: str) -> str:
        """Return the DSN of a database."""
        return self._postgres.url(database)

    def connect(self, database: str) -> Connection:
        """Connect as the functions do: plans are kept where it is asked for, every statement its own transaction."""
        connection = psycopg.connect(self.url(database), autocommit=True)
        connection.prepare_threshold = NEVER
        return connection

    def drop(self, database: str) -> None:
        """Remove a database."""
        self._postgres.query(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)', "postgres")

    def make(self, database: str) -> Connection:
        """Make a database anew, with the schema, and connect."""
        self.drop(database)
        self._postgres.create_database(database)
        connection = self.connect(database)
        migrate(connection)
        return connection

    def exists(self, database: str) -> bool:
        """Say whether a database is there."""
        return bool(self._postgres.query(f"SELECT 1 FROM pg_database WHERE datname = '{database}'", "postgres").strip())

    def find(self, beginning: str) -> str | None:
        """Return the name of the latest database whose name begins like this."""
        names = self._postgres.query(
            f"SELECT datname FROM pg_database WHERE datname LIKE '{beginning}%' ORDER BY oid DESC LIMIT 1", "postgres"
        )
        return names.strip() or None

    def rename(self, database: str, name: str) -> None:
        """Give a database another name: loading ends with it, so that half a load is never taken for a whole one."""
        self._postgres.query(f'ALTER DATABASE "{database}" RENAME TO "{name}"', "postgres")


@contextmanager
def server() -> Iterator[Server]:
    """Start the bench's server, which does without durability: it costs wall time of the disk, hardly any CPU."""
    postgres = _at(FOLDER)
    postgres.stop()
    head = postgres.start()
    try:
        yield Server(postgres, head)
    finally:
        postgres.stop()


def kept_server(folder: Path) -> Server:
    """Return the server of a folder, started where it does not run, and left running."""
    running = folder / "postgres" / "data" / "postmaster.pid"
    if running.exists():
        postgres = _at(folder, int(running.read_text().split("\n")[3]))
        head = postgres.head()
        if head is not None and postgres.answers():
            return Server(postgres, head)
    postgres = _at(folder)
    return Server(postgres, postgres.start())


def _at(folder: Path, port: int | None = None) -> Postgres:
    return Postgres(folder / "postgres", port or free_port(), folder / "postgres.log", careless=True)


def add_site(connection: Connection, site: str) -> int:
    """Make a site in UTC and return its number."""
    row = connection.execute(_ADD_SITE, {"site": site}).fetchone()
    if row is None:
        raise SystemExit("the site was not made")
    return int(row[0])
