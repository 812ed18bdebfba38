"""What every importer of events does alike: send the rows of a file, keep the bad ones, go on where it stopped, and sum up."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, Self

import typer

from streamgauge_cli import console
from streamgauge_cli.errors import CommandError, StoppedError
from streamgauge_cli.importers import resume
from streamgauge_cli.reading import size
from streamgauge_cli.sending import Answer, Sender, batches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from hashlib import blake2b
    from pathlib import Path
    from typing import BinaryIO, TextIO

    from streamgauge_cli.connection import Connection
    from streamgauge_cli.reading import Source

_SAVE_SECONDS: Final = 1.0
_EXAMPLES: Final = 10


@dataclass(frozen=True, slots=True)
class Row:
    """One event to send, with the line at which it ends in its file and the digest of all lines up to there."""

    body: bytes
    line: int
    mark: blake2b


class Reader(Protocol):
    """Reads a file into events and counts what it meets; `position` is how far it has come."""

    counts: Counter[str]
    position: int

    @property
    def unreadable(self) -> Unreadable:
        """What could not be read."""

    def rows(self, after: int) -> Iterator[Row]:
        """Yield the events of all lines behind the line `after`; every line is counted."""


class Unreadable:
    """Keeps what cannot be read in a file beside, and in another one why, line by line; both are made with the first of it."""

    def __init__(self, path: Path, counts: Counter[str]) -> None:
        self.path = path
        self.reasons = path.with_name(f"{path.name}.reasons")
        self.examples: list[str] = []
        self._counts = counts
        self._files: tuple[BinaryIO, TextIO] | None = None

    def __enter__(self) -> Self:
        for path in (self.path, self.reasons):
            path.unlink(missing_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files or ():
            file.close()

    def keep(self, number: int, text: bytes, reason: str) -> None:
        """Keep the text that begins at a line."""
        self._counts["unreadable"] += 1
        if self._files is None:
            self._files = self.path.open("wb"), self.reasons.open("w", encoding="utf-8")
        lines, reasons = self._files
        lines.write(text + b"\n")
        said = f"line {number}: {reason}"
        reasons.write(f"{said}\n")
        if len(self.examples) < _EXAMPLES:
            self.examples.append(said)


@dataclass(frozen=True, slots=True)
class Plan:
    """How files are imported: `what` their events are called, `salt` what else tells one import of a file from another."""

    connection: Connection
    folder: Path
    what: str
    salt: str
    in_flight: int
    restart: bool


def import_file(
    source: Source,
    sender: Sender,
    *,
    reader: Reader,
    state: Path,
    restart: bool,
    on_progress: Callable[[int, int], None],
    on_refused: Callable[[str], None],
) -> Counter[str]:
    """Send the events of one file and return all counts; `state` is gone when the whole file is in.

    `on_progress` is told the position in the file and the number of events answered; `on_refused` each refusal.
    """
    done = resume.Progress() if restart else resume.load(state, source)
    counts = Counter(done.counts)
    saved = time.monotonic()

    def answered(batch: list[Row], answer: Answer) -> None:
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
        sender.send_all(batches(reader.rows(done.line)), answered)
    except BaseException:
        if done.line:
            _save(state, done, counts)
        raise
    state.unlink(missing_ok=True)
    return reader.counts + counts


def _save(state: Path, done: resume.Progress, counts: Counter[str]) -> None:
    done.counts = dict(counts)
    resume.save(state, done)


def import_with_progress(source: Source, plan: Plan, make_reader: Callable[[Path], Reader]) -> Counter[str]:
    """Import one file behind a progress bar, and say what was wrong with it; `make_reader` is given where bad lines go."""
    connection = plan.connection
    stem = resume.name(source, (connection.url, connection.site or connection.key, plan.salt))
    state = plan.folder / f"{stem}.progress.json"
    reader = make_reader(plan.folder / f"{stem}.unreadable")
    refusals: list[str] = []
    with connection.client() as client, console.progress(counted=False) as bar:
        task = bar.add_task(source.name, total=size(source) or 1, note="")

        def on_progress(position: int, sent: int) -> None:
            bar.update(task, completed=position, note=f"{sent} {plan.what}")

        sender = Sender(client, in_flight=plan.in_flight, on_retry=lambda text: bar.console.print(text, markup=False))
        try:
            counts = import_file(
                source,
                sender,
                reader=reader,
                state=state,
                restart=plan.restart,
                on_progress=on_progress,
                on_refused=refusals.append,
            )
        except (KeyboardInterrupt, StoppedError) as stop:
            raise StoppedError(f"stopped in {source}. {_how_to_go_on(state)}") from stop
        except CommandError as error:
            raise CommandError(f"{error} The import of {source} is not complete. {_how_to_go_on(state)}") from error
        on_progress(size(source), counts["sent"])
    if counts["unreadable"]:
        bad = reader.unreadable
        console.warn(f"{counts['unreadable']} lines of {source} cannot be read; they are kept in {bad.path}")
        show_examples(bad.examples, counts["unreadable"])
    if counts["refused"]:
        console.warn(
            f"{counts['refused']} {plan.what} of {source} were refused; the service keeps them: `streamgauge dead-letters list`"
        )
        show_examples(refusals, len(refusals))
    return counts


def _how_to_go_on(state: Path) -> str:
    if not state.exists():
        return "Run the same command again."
    return f"Run the same command again to go on (progress is kept in {state})."


def show_examples(examples: list[str], count: int) -> None:
    """Write the first of `count` complaints to standard error."""
    for example in examples[:_EXAMPLES]:
        console.err.print(f"  {example}", markup=False)
    if count > _EXAMPLES:
        console.err.print(f"  … and {count - _EXAMPLES} more")


def summarize(counts: Mapping[str, int], labels: Mapping[str, str], note: str, *, as_json: bool) -> None:
    """Write the counts named in `labels`, as a table with a note or as JSON."""
    rows = {name: counts[name] for name in labels}
    if as_json:
        typer.echo(json.dumps(rows))
        return
    table = console.table("", "")
    table.columns[1].justify = "right"
    for name, count in rows.items():
        table.add_row(labels[name], f"{count:,}".replace(",", " "))
    console.show(table)
    console.out.print(note, style="dim")
