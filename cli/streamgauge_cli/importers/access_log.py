"""`streamgauge import access-log`: page views of nginx and Apache logs, sent as history."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from streamgauge_cli import console
from streamgauge_cli.access_log import Kind, LineIds, Unreadable, event, kind, parse_line
from streamgauge_cli.connection import Connection, KeyOption, SiteOption, UrlOption, connect, site_domain
from streamgauge_cli.errors import CommandError, StoppedError
from streamgauge_cli.importers import resume
from streamgauge_cli.reading import lines, size
from streamgauge_cli.sending import IN_FLIGHT, MOST_EVENT_BYTES, Answer, Sender, batches, to_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from hashlib import blake2b
    from typing import BinaryIO

_SAVE_SECONDS: Final = 1.0
_EXAMPLES: Final = 10


@dataclass(frozen=True, slots=True)
class PageView:
    """One event to send, with the line it comes from and the digest of all lines up to there."""

    body: bytes
    line: int
    mark: blake2b


class LogReader:
    """Reads a log into page views and counts the rest; unreadable lines go to a file beside.

    `counts` holds lines, page_views, skipped and unreadable of what has been read so far.
    """

    def __init__(self, path: Path, unreadable: Path, *, site: str | None, domain: str | None, source: str) -> None:
        self.counts: Counter[str] = Counter()
        self.examples: list[str] = []
        self.position = 0
        self._path = path
        self._unreadable = unreadable
        self._site = site
        self._domain = domain
        self._source = source

    def page_views(self, after: int) -> Iterator[PageView]:
        """Yield the page views of all lines behind the line `after`; every line is counted."""
        ids = LineIds(self._source)
        mark = resume.new_mark()
        agents_so_far = False
        self._unreadable.unlink(missing_ok=True)
        kept: BinaryIO | None = None
        try:
            for line in lines(self._path):
                self.position = line.position
                self.counts["lines"] += 1
                resume.add_line(mark, line)
                read = Unreadable("too long") if line.too_long else parse_line(line.text)
                if not isinstance(read, Unreadable) and not line.ended and agents_so_far and not read.has_agent:
                    read = Unreadable("unfinished last line")
                if isinstance(read, Unreadable):
                    if not line.text.strip():
                        self.counts["skipped"] += 1
                        continue
                    kept = kept or self._unreadable.open("wb")
                    self._keep(kept, line.number, line.text, read.reason)
                    continue
                agents_so_far = agents_so_far or read.has_agent
                if kind(read) is not Kind.PAGE_VIEW:
                    self.counts["skipped"] += 1
                    continue
                body = to_json(event(read, ids.next(read), site=self._site, domain=self._domain))
                if len(body) > MOST_EVENT_BYTES:
                    kept = kept or self._unreadable.open("wb")
                    self._keep(kept, line.number, line.text, "too long for an event")
                    continue
                self.counts["page_views"] += 1
                if line.number > after:
                    yield PageView(body, line.number, mark.copy())
        finally:
            if kept is not None:
                kept.close()

    def _keep(self, kept: BinaryIO, number: int, text: bytes, reason: str) -> None:
        self.counts["unreadable"] += 1
        kept.write(text + b"\n")
        if len(self.examples) < _EXAMPLES:
            self.examples.append(f"line {number}: {reason}")


def import_file(
    path: Path,
    sender: Sender,
    *,
    reader: LogReader,
    state: Path,
    restart: bool,
    on_progress: Callable[[int, int], None],
    on_refused: Callable[[str], None],
) -> Counter[str]:
    """Send the page views of one file and return all counts; `state` is gone when the whole file is in.

    `on_progress` is told the position in the file and the number of page views answered; `on_refused` each refusal.
    """
    done = resume.Progress() if restart else resume.load(state, path)
    counts = Counter(done.counts)
    saved = time.monotonic()

    def answered(batch: list[PageView], answer: Answer) -> None:
        nonlocal saved
        counts.update(
            accepted=answer.accepted, duplicates=answer.duplicates, refused=len(answer.refused), sent=len(batch)
        )
        for refusal in answer.refused:
            on_refused(f"line {batch[refusal.index].line}: {refusal.code} {refusal.detail}".rstrip())
        done.line, done.mark = batch[-1].line, batch[-1].mark.hexdigest()
        if time.monotonic() - saved >= _SAVE_SECONDS:
            saved = time.monotonic()
            _save(state, done, counts)
        on_progress(reader.position, counts["sent"])

    try:
        sender.send_all(batches(reader.page_views(done.line)), answered)
    except BaseException:
        if done.line:
            _save(state, done, counts)
        raise
    state.unlink(missing_ok=True)
    return reader.counts + counts


def _save(state: Path, done: resume.Progress, counts: Counter[str]) -> None:
    done.counts = dict(counts)
    resume.save(state, done)


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
    total: Counter[str] = Counter()
    for path in files:
        total += _import_one(
            path, connection, folder, domain=domain, source=source, in_flight=in_flight, restart=restart
        )
    _summarize(total, as_json=as_json)


def _import_one(
    path: Path,
    connection: Connection,
    folder: Path,
    *,
    domain: str | None,
    source: str,
    in_flight: int,
    restart: bool,
) -> Counter[str]:
    stem = resume.name(path, (connection.url, connection.site or connection.key, source))
    state, unreadable = folder / f"{stem}.progress.json", folder / f"{stem}.unreadable"
    reader = LogReader(path, unreadable, site=connection.site, domain=domain, source=source)
    refusals: list[str] = []
    with connection.client() as client, console.progress(counted=False) as bar:
        task = bar.add_task(path.name, total=size(path) or 1, note="")

        def on_progress(position: int, sent: int) -> None:
            bar.update(task, completed=position, note=f"{sent} page views")

        sender = Sender(client, in_flight=in_flight, on_retry=lambda text: bar.console.print(text, markup=False))
        try:
            counts = import_file(
                path,
                sender,
                reader=reader,
                state=state,
                restart=restart,
                on_progress=on_progress,
                on_refused=refusals.append,
            )
        except (KeyboardInterrupt, StoppedError) as stop:
            raise StoppedError(f"stopped in {path}. {_how_to_go_on(state)}") from stop
        except CommandError as error:
            raise CommandError(f"{error} The import of {path} is not complete. {_how_to_go_on(state)}") from error
        on_progress(size(path), counts["sent"])
    if counts["unreadable"]:
        console.warn(f"{counts['unreadable']} lines of {path} cannot be read; they are kept in {unreadable}")
        _examples(reader.examples, counts["unreadable"])
    if counts["refused"]:
        console.warn(
            f"{counts['refused']} page views of {path} were refused; the service keeps them: `streamgauge dead-letters list`"
        )
        _examples(refusals, len(refusals))
    return counts


def _how_to_go_on(state: Path) -> str:
    if not state.exists():
        return "Run the same command again."
    return f"Run the same command again to go on (progress is kept in {state})."


def _examples(examples: list[str], count: int) -> None:
    for example in examples[:_EXAMPLES]:
        console.err.print(f"  {example}", markup=False)
    if count > _EXAMPLES:
        console.err.print(f"  … and {count - _EXAMPLES} more")


def _summarize(counts: Counter[str], *, as_json: bool) -> None:
    rows = {
        "lines": counts["lines"],
        "page_views": counts["page_views"],
        "accepted": counts["accepted"],
        "duplicates": counts["duplicates"],
        "refused": counts["refused"],
        "skipped": counts["skipped"],
        "unreadable": counts["unreadable"],
    }
    if as_json:
        typer.echo(json.dumps(rows))
        return
    table = console.table("", "")
    table.columns[1].justify = "right"
    labels = {"page_views": "page views sent", "skipped": "skipped (no page views)"}
    for name, count in rows.items():
        table.add_row(labels.get(name, name), f"{count:,}".replace(",", " "))
    console.show(table)
    console.out.print("Page views that were imported before are counted once by the service.", style="dim")
