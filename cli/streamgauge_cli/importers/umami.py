"""`streamgauge import umami`: page views and custom events of Umami's exports, sent as history."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from streamgauge_cli import console
from streamgauge_cli.connection import KeyOption, SiteOption, UrlOption, connect, site_domain
from streamgauge_cli.errors import CommandError
from streamgauge_cli.importers import resume
from streamgauge_cli.importers.running import Plan, Row, Unreadable, import_with_progress, summarize
from streamgauge_cli.reading import lines, sources
from streamgauge_cli.records import records
from streamgauge_cli.sending import IN_FLIGHT, MOST_EVENT_BYTES, to_json
from streamgauge_cli.umami import Bad, RowIds, event, session
from streamgauge_cli.umami_columns import Columns, columns, unknown_file
from streamgauge_cli.umami_data import EventData

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from streamgauge_cli.reading import Source

_LABELS: Final = {
    "rows": "rows",
    "page_views": "page views sent",
    "events": "custom events sent",
    "accepted": "accepted",
    "duplicates": "duplicates",
    "refused": "refused",
    "skipped": "skipped (of other kinds)",
    "unreadable": "unreadable",
}

Sessions = dict[str, dict[str, str]]
"""By session id: what its events have of it."""


class RowReader:
    """Reads the events of an export and counts the rest; unreadable rows go to a file beside.

    `counts` holds rows, page_views, events, skipped and unreadable of what has been read so far.
    """

    def __init__(
        self,
        source: Source,
        unreadable: Path,
        *,
        sessions: Sessions,
        data: EventData,
        site: str | None,
        domain: str | None,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.position = 0
        self.unreadable = Unreadable(unreadable, self.counts)
        self._source = source
        self._sessions = sessions
        self._data = data
        self._site = site
        self._domain = domain

    def rows(self, after: int) -> Iterator[Row]:
        """Yield the events of all rows that end behind the line `after`; every row is counted."""
        ids = RowIds()
        mark = resume.new_mark()
        found: Columns | None = None
        with self.unreadable as bad:
            for record in records(lines(self._source)):
                for line in record.lines:
                    resume.add_line(mark, line)
                self.position = record.lines[-1].position
                if found is None:
                    found = columns(record.fields or ())
                    continue
                if not record.text.strip():
                    continue
                self.counts["rows"] += 1
                if record.fields is None or len(record.fields) != found.width:
                    bad.keep(record.number, record.text, record.reason or f"it has not {found.width} columns")
                    continue
                row = found.row(record.fields)
                made = event(
                    self._sessions.get(row.get("session", ""), {}) | row,
                    ids,
                    self._data.of(row.get("id")),
                    site=self._site,
                    domain=self._domain,
                )
                body = b"" if isinstance(made, Bad) else to_json(made)
                if isinstance(made, Bad) and made.skipped:
                    self.counts["skipped"] += 1
                elif isinstance(made, Bad) or len(body) > MOST_EVENT_BYTES:
                    reason = made.reason if isinstance(made, Bad) else "too long for an event"
                    bad.keep(record.number, record.text, reason)
                else:
                    self.counts["page_views" if made["event_type"] == "page_view" else "events"] += 1
                    if record.lines[-1].number > after:
                        yield Row(body, record.lines[-1].number, mark.copy())


def command(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="The zip of Umami's data export, or its CSV files")
    ],
    url: UrlOption = None,
    key: KeyOption = None,
    site: SiteOption = None,
    domain: Annotated[
        str | None,
        typer.Option(help="Host of the pages, where the export names none [default: the site's first domain]"),
    ] = None,
    in_flight: Annotated[int, typer.Option(min=1, max=32, help="Requests under way at one time")] = IN_FLIGHT,
    restart: Annotated[bool, typer.Option("--restart", help="Forget how far an interrupted import came")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Write the summary as JSON")] = False,
) -> None:
    """Import page views and custom events of Umami (versions 1, 2 and 3) as history.

    Takes the zip or the CSV of Umami Cloud's data export, or tables of your own database as CSV with a header: website_event
    (version 1: pageview, event), with session and event_data beside it. Running it twice changes nothing; an interrupted import goes on
    where it stopped. Needs a server key.
    """
    connection = connect("server", url, key, site)
    total: Counter[str] = Counter()
    with EventData() as data:
        events, sessions = _sort(files, data)
        domain = domain or site_domain(connection)
        folder = resume.folder(connection.home, Path.cwd())
        plan = Plan(connection, folder, "events", "umami", in_flight, restart)
        for source in events:
            total += import_with_progress(
                source,
                plan,
                lambda unreadable, source=source: RowReader(  # type: ignore[misc]
                    source, unreadable, sessions=sessions, data=data, site=connection.site, domain=domain
                ),
            )
    summarize(total, _LABELS, "Events that were imported before are counted once by the service.", as_json=as_json)


def _sort(files: list[Path], data: EventData) -> tuple[list[Source], Sessions]:
    """Return the files of events, and the sessions of others; data of events goes into `data`.

    Raises CommandError where a file is none of these.
    """
    events: list[Source] = []
    sessions: Sessions = {}
    for source in sources(files, ".csv"):
        header = next((record.fields for record in records(lines(source))), None) or ()
        found = columns(header)
        if found.holds_events:
            events.append(source)
        elif found.holds_sessions:
            sessions |= _sessions(source, found)
        elif found.holds_data:
            data.add(source, found)
        elif not header:
            console.warn(f"{source} is empty and is left out.")
        elif isinstance(source, Path):
            raise unknown_file(source, header)
        else:
            # An archive holds other tables too.
            console.warn(f"{source} holds neither events nor sessions and is left out.")
    if not events:
        raise CommandError("none of these files holds events of Umami.")
    return events, sessions


def _sessions(source: Source, found: Columns) -> Sessions:
    rows: Iterator[Mapping[str, str]] = (
        found.row(record.fields)
        for record in records(lines(source))
        if record.fields is not None and len(record.fields) == found.width
    )
    return {row["session"]: session(row) for row in rows if "session" in row}
