"""`streamgauge import tautulli`: Tautulli's history, as sessions of the past."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import httpx
import typer

from streamgauge_cli import tautulli
from streamgauge_cli.connection import KeyOption, SiteOption, UrlOption, connect
from streamgauge_cli.errors import CommandError
from streamgauge_cli.importers.sessions import BeforeOption, Reading, SourceOption, read_json, send
from streamgauge_cli.plays import BadPlayError
from streamgauge_cli.sending import IN_FLIGHT

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE: Final = 1000
_SQLITE: Final = b"SQLite format 3\0"
_HISTORY: Final = "session_history"
_COLUMNS: Final = {
    # Ours, and where the versions of the database have it: table, column.
    "section_id": ((_HISTORY, "section_id"), ("session_history_metadata", "section_id")),
    "transcode_decision": (
        (_HISTORY, "transcode_decision"),
        ("session_history_media_info", "transcode_decision"),
        ("session_history_media_info", "video_decision"),
    ),
    "bitrate": (("session_history_media_info", "stream_bitrate"), ("session_history_media_info", "bitrate")),
    "resolution": (
        ("session_history_media_info", "stream_video_resolution"),
        ("session_history_media_info", "video_resolution"),
    ),
    "position_ms": ((_HISTORY, "view_offset"),),
    "runtime_ms": (("session_history_metadata", "duration"),),
}
_PLAIN: Final = (
    (_HISTORY, ("id", "reference_id", "started", "stopped", "paused_counter", "user_id", "user", "ip_address")),
    (_HISTORY, ("platform", "product", "player", "machine_id", "media_type", "rating_key")),
    ("session_history_metadata", ("title", "full_title", "grandparent_title", "media_index", "parent_media_index")),
)


def command(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE|URL...",
            help="Tautulli's address (with --api-key), its database tautulli.db, or answers of get_history as JSON",
        ),
    ],
    url: UrlOption = None,
    key: KeyOption = None,
    site: SiteOption = None,
    api_key: Annotated[
        str | None, typer.Option(envvar="TAUTULLI_API_KEY", help="Tautulli's own key (Settings, Web Interface)")
    ] = None,
    source: SourceOption = "",
    owner: Annotated[
        str | None, typer.Option(help="The owner's user id in Tautulli, whom webhooks call 1", metavar="ID")
    ] = None,
    before: BeforeOption = None,
    in_flight: Annotated[int, typer.Option(min=1, max=32, help="Requests under way at one time")] = IN_FLIGHT,
    as_json: Annotated[bool, typer.Option("--json", help="Write the summary as JSON")] = False,
) -> None:
    """Import the history of Tautulli as sessions of the past.

    A play that was taken up again is one session, as Tautulli groups it. Running it twice, or on exports that overlap, changes
    nothing. Files are read whole. Needs a server key.
    """
    connection = connect("server", url, key, site)
    found: list[tautulli.Row] = []
    with Reading(connection, "tautulli", source) as reading:
        for index, given in enumerate(given for one in sources for given in _rows(one, api_key)):
            reading.counts["rows"] += 1
            try:
                read = tautulli.row(given)
            except BadPlayError as error:
                reading.keep(index, given, str(error))
                continue
            if read is None:
                reading.counts["skipped"] += 1
            else:
                found.append(read)
        sessions = tautulli.sessions(found, source, owner)
        send(connection, reading, sessions, before=before, in_flight=in_flight, as_json=as_json)


def _rows(source: str, api_key: str | None) -> Iterator[Any]:
    if source.startswith(("http://", "https://")):
        if api_key is None:
            raise CommandError("Tautulli's address needs its key: --api-key.")
        return _asked(source, api_key)
    path = Path(source)
    try:
        with path.open("rb") as file:
            is_database = file.read(len(_SQLITE)) == _SQLITE
    except OSError as error:
        raise CommandError(f"cannot read {path}: {error.strerror or error}.") from error
    if is_database:
        return _of_database(path)
    rows = tautulli.rows_in(read_json(path))
    if rows is None:
        raise CommandError(f"{path} holds no history of Tautulli.")
    return iter(rows)


def _asked(address: str, api_key: str) -> Iterator[Any]:
    """Yield all rows that Tautulli's API has, page by page, oldest first. Raises CommandError."""
    start = 0
    with httpx.Client(timeout=60) as client:
        while True:
            asked: dict[str, str | int] = {
                "apikey": api_key,
                "cmd": "get_history",
                "grouping": 0,
                "include_activity": 0,
                "order_column": "date",
                "order_dir": "asc",
                "start": start,
                "length": PAGE,
            }
            try:
                answer = client.get(f"{address.rstrip('/')}/api/v2", params=asked)
                rows = tautulli.rows_in(answer.json()) if answer.is_success else None
            except (httpx.HTTPError, ValueError) as error:
                raise CommandError(f"Tautulli does not answer at {address} ({type(error).__name__}).") from error
            if rows is None:
                raise CommandError(f"Tautulli refuses at {address} ({answer.status_code}); is the key right?")
            yield from rows
            start += len(rows)
            if len(rows) < PAGE:
                return


def _of_database(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a copy of Tautulli's database, whatever its version. Raises CommandError."""
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
            database.row_factory = sqlite3.Row
            tables = (_HISTORY, "session_history_metadata", "session_history_media_info")
            known = {
                (table, column[1]) for table in tables for column in database.execute(f"PRAGMA table_info({table})")
            }
            if (_HISTORY, "started") not in known:
                raise CommandError(f"{path} is no database of Tautulli.")
            wanted = [
                f"{table}.{column} AS {column}"
                for table, names in _PLAIN
                for column in names
                if (table, column) in known
            ]
            for name, places in _COLUMNS.items():
                there = [f"{table}.{column}" for table, column in places if (table, column) in known]
                # Of one value alone, coalesce would be refused.
                wanted.append(f"coalesce({', '.join([*there, 'NULL', 'NULL'])}) AS {name}")
            joins = " ".join(f"LEFT JOIN {table} ON {table}.id = {_HISTORY}.id" for table in tables[1:])
            # Names of tables and columns alone, all of them written here.
            query = f"SELECT {', '.join(wanted)} FROM {_HISTORY} {joins} ORDER BY {_HISTORY}.id"
            for row in database.execute(query):
                yield dict(row)
    except sqlite3.Error as error:
        raise CommandError(f"cannot read {path} as Tautulli's database ({error}).") from error
