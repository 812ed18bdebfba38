"""`streamgauge import jellystat`: the playback activity of a backup, as sessions of the past."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads it
from typing import Annotated, Any

import typer

from streamgauge_cli.connection import KeyOption, SiteOption, UrlOption, connect
from streamgauge_cli.errors import CommandError
from streamgauge_cli.importers.sessions import BeforeOption, Reading, SourceOption, read_json, read_lines, send
from streamgauge_cli.jellystat import Known, Row, items_in, row, rows_in, sessions, tables_in
from streamgauge_cli.plays import BadPlayError
from streamgauge_cli.sending import IN_FLIGHT


def command(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Jellystat's backup (.json, .jsonl), or answers of its API")
    ],
    url: UrlOption = None,
    key: KeyOption = None,
    site: SiteOption = None,
    source: SourceOption = "",
    before: BeforeOption = None,
    in_flight: Annotated[int, typer.Option(min=1, max=32, help="Requests under way at one time")] = IN_FLIGHT,
    as_json: Annotated[bool, typer.Option("--json", help="Write the summary as JSON")] = False,
) -> None:
    """Import plays of Jellystat as sessions of the past.

    Running it twice, or on backups that overlap, changes nothing. Files are read whole. Needs a server key.
    """
    connection = connect("server", url, key, site)
    found: list[Row] = []
    with Reading(connection, "jellystat", source) as reading:
        items: dict[str, Known] = {}
        exports = []
        for path in files:
            export = _export(path)
            rows = rows_in(export)
            if rows is None:
                raise CommandError(f"{path} holds no playback activity of Jellystat.")
            items |= items_in(export)
            exports.append(rows)
        for index, given in enumerate(given for rows in exports for given in rows):
            reading.counts["rows"] += 1
            try:
                found.append(row(given, items))
            except BadPlayError as error:
                reading.keep(index, given, str(error))
        send(connection, reading, sessions(found, source), before=before, in_flight=in_flight, as_json=as_json)


def _export(path: Path) -> Any:  # noqa: ANN401 - JSON
    """Return what a backup or an answer holds. Raises CommandError."""
    if {".jsonl", ".ndjson"} & set(path.suffixes):
        return tables_in(read_lines(path))
    return read_json(path)
