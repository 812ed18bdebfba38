"""The only maker of Postgres connections: one per container, made on first use, remade when it broke."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, LiteralString

import msgspec
import psycopg
from psycopg import sql
from psycopg.rows import TupleRow, tuple_row

from streamgauge.errors import UnavailableError
from streamgauge.settings import Settings, settings
from streamgauge.store.signature import credentials, database_token

Connection = psycopg.Connection[TupleRow]

Query = LiteralString | sql.Composed
Read = Callable[[Query, Mapping[str, Any]], list[TupleRow]]
"""What returns all rows of a statement: `read`, or what a job or a test reads with."""

RESUME_SECONDS: Final = 25
"""How long a read waits for a paused Aurora before it answers 503."""

NEVER: Final = 2**31 - 1
"""So often a statement may come before its plan is kept by itself."""

_ENCODE: Final = msgspec.json.Encoder().encode
_QUOTES: Final = str.maketrans({'"': '\\"', "\\": "\\\\"})

_held: list[Connection] = []


def _parameters(environment: Settings) -> dict[str, Any]:
    """Return what psycopg.connect takes: a team's own DSN, or Aurora with a token of its IAM role."""
    url = environment.text("DATABASE_URL", "")
    if url:
        return {"conninfo": url}
    host, port = environment.text("DATABASE_HOST"), environment.integer("DATABASE_PORT", 5432)
    user = environment.text("DATABASE_USER")
    token = database_token(host, port, user, environment.text("AWS_REGION"), keys=credentials())
    return {
        "host": host,
        "port": port,
        "user": user,
        "password": token,
        "dbname": environment.text("DATABASE_NAME", "streamgauge"),
        "sslmode": "require",
    }


def connect(wait_seconds: float = RESUME_SECONDS) -> Connection:
    """Open a new connection, waiting so long for a database that resumes or restarts. Raises UnavailableError after that."""
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            connection = psycopg.connect(
                **_parameters(settings()), connect_timeout=5, autocommit=True, row_factory=tuple_row
            )
        except psycopg.OperationalError as error:
            if time.monotonic() >= deadline:
                raise UnavailableError("the database is resuming or away; try again") from error
            time.sleep(0.2)
            continue
        # A plan that is kept may have been made for a table that was empty then, so none is kept but where it is asked for
        # (`prepare=True`): by statements that only insert by a key, for which there is one plan whatever the table holds.
        connection.prepare_threshold = NEVER
        return connection


def connection(wait_seconds: float = RESUME_SECONDS) -> Connection:
    """Return this container's connection, opening it anew when the last one was closed or broke."""
    if _held and not _held[0].closed and not _held[0].broken:
        return _held[0]
    discard()
    _held.append(connect(wait_seconds))
    return _held[0]


def discard() -> None:
    """Close this container's connection: the next caller opens a new one."""
    while _held:
        _held.pop().close()


def rows_parameter(rows: list[dict[str, Any]]) -> str:
    """Return rows as the one JSON parameter of `json_to_recordset`, for small numbers of rows or many nullable columns."""
    return _ENCODE(rows).decode()


def array(values: Iterable[float | str | None]) -> str:
    """Return the text of an array for `unnest`: of numbers, booleans, or texts that need no quoting (dates, digits).

    Columns as such arrays cost a quarter here and half in the server of what `json_to_recordset` does; psycopg's own lists cost
    twenty times as much.
    """
    return "{" + _ENCODE(values)[1:-1].decode() + "}"


def text_array(values: Iterable[str | None]) -> str:
    """Return the text of an array of any texts."""
    return "{" + ",".join(["null" if text is None else f'"{_quoted(text)}"' for text in values]) + "}"


def _quoted(text: str) -> str:
    # Nearly all texts hold nothing to quote, and looking is cheaper.
    return text.translate(_QUOTES) if '"' in text or "\\" in text else text


def columns(rows: Sequence[tuple[float | str | None, ...]], count: int) -> list[str]:
    """Return `count` arrays, a column each, of rows of what `array` takes."""
    return [array(column) for column in zip(*rows, strict=True)] if rows else ["{}"] * count


def read(query: Query, parameters: Mapping[str, Any], wait_seconds: float = RESUME_SECONDS) -> list[TupleRow]:
    """Run one reading statement and return all rows; a connection that idled away is replaced once.

    Raises UnavailableError when the database is away for longer than `wait_seconds`.
    """
    for last_try in (False, True):
        try:
            return connection(wait_seconds).execute(query, parameters).fetchall()
        except psycopg.OperationalError as error:
            discard()
            if last_try:
                raise UnavailableError("the database is resuming or away; try again") from error
    raise AssertionError("unreachable")
