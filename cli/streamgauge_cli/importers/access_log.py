"""`streamgauge import access-log`: page views of nginx and Apache logs, sent as history."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from streamgauge_cli import access_log
from streamgauge_cli.access_log import Kind, LineIds, event, kind, parse_line
from streamgauge_cli.connection import KeyOption, SiteOption, UrlOption, connect, site_domain
from streamgauge_cli.importers import resume
from streamgauge_cli.importers.running import Plan, Row, Unreadable, import_with_progress, summarize
from streamgauge_cli.reading import lines, size
from streamgauge_cli.sending import IN_FLIGHT, MOST_EVENT_BYTES, to_json

if TYPE_CHECKING:
    from collections.abc import Iterator

_LABELS: Final = {
    "lines": "lines",
    "page_views": "page views sent",
    "accepted": "accepted",
    "duplicates": "duplicates",
    "refused": "refused",
    "skipped": "skipped (no page views)",
    "unreadable": "unreadable",
}


class LogReader:
    """Reads a log into page views and counts the rest; unreadable lines go to a file beside.

    `counts` holds lines, page_views, skipped and unreadable of what has been read so far.
    """

    def __init__(self, path: Path, unreadable: Path, *, site: str | None, domain: str | None, source: str) -> None:
        self.counts: Counter[str] = Counter()
        self.position = 0
        self.unreadable = Unreadable(unreadable, self.counts)
        self._path = path
        self._site = site
        self._domain = domain
        self._source = source

    def rows(self, after: int) -> Iterator[Row]:
        """Yield the page views of all lines behind the line `after`; every line is counted."""
        ids = LineIds(self._source)
        mark = resume.new_mark()
        agents_so_far = False
        with self.unreadable as bad:
            for line in lines(self._path):
                self.position = line.position
                self.counts["lines"] += 1
                resume.add_line(mark, line)
                read = access_log.Unreadable("too long") if line.too_long else parse_line(line.text)
                if not isinstance(read, access_log.Unreadable) and (
                    not line.ended and agents_so_far and not read.has_agent
                ):
                    read = access_log.Unreadable("unfinished last line")
                if isinstance(read, access_log.Unreadable):
                    if not line.text.strip():
                        self.counts["skipped"] += 1
                        continue
                    bad.keep(line.number, line.text, read.reason)
                    continue
                agents_so_far = agents_so_far or read.has_agent
                if kind(read) is not Kind.PAGE_VIEW:
                    self.counts["skipped"] += 1
                    continue
                body = to_json(event(read, ids.next(read), site=self._site, domain=self._domain))
                if len(body) > MOST_EVENT_BYTES:
                    bad.keep(line.number, line.text, "too long for an event")
                    continue
                self.counts["page_views"] += 1
                if line.number > after:
                    yield Row(body, line.number, mark.copy())


def command(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Access logs, plain or gzip")],
    url: UrlOption = None,
    key: KeyOption = None,
    site: SiteOption = None,
    domain: Annotated[
        str | None,
        typer.Option(help="Host of the page addresses, as a log names paths only [default: the site's first domain]"),
    ] = None,
    source: Annotated[
        str,
        typer.Option(help="Name of the server that wrote the log, when several servers write logs of one site"),
    ] = "",
    in_flight: Annotated[int, typer.Option(min=1, max=32, help="Requests under way at one time")] = IN_FLIGHT,
    restart: Annotated[bool, typer.Option("--restart", help="Forget how far an interrupted import came")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Write the summary as JSON")] = False,
) -> None:
    """Import page views of nginx or Apache access logs (common or combined format) as history.

    A line is a page view when its method is GET, its status 200-299 or 304, and its path ends without an extension or in
    .html .htm .php .asp .aspx .jsp. Running it twice on the same lines changes nothing; an interrupted import goes on where
    it stopped. Needs a server key.
    """
    connection = connect("server", url, key, site)
    for path in files:
        size(path)
    domain = domain or site_domain(connection)
    folder = resume.folder(connection.home, Path.cwd())
    plan = Plan(connection, folder, "page views", source, in_flight, restart)
    total: Counter[str] = Counter()
    for path in files:
        total += import_with_progress(
            path,
            plan,
            lambda unreadable, path=path: LogReader(  # type: ignore[misc]
                path, unreadable, site=connection.site, domain=domain, source=source
            ),
        )
    summarize(total, _LABELS, "Page views that were imported before are counted once by the service.", as_json=as_json)
