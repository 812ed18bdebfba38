"""`streamgauge import plausible`: the days of Plausible's CSV export, taken in as sums."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple

import typer

from streamgauge_cli import console
from streamgauge_cli.connection import explain
from streamgauge_cli.errors import AnswerError, CommandError
from streamgauge_cli.importers import resume
from streamgauge_cli.importers.running import Unreadable, show_examples, summarize
from streamgauge_cli.plausible import BadRowError, Sums, Table, cities, pieces, table_of
from streamgauge_cli.reading import lines, sources
from streamgauge_cli.records import records
from streamgauge_cli.sending import Sender, to_json
from streamgauge_cli.service import Service, served

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamgauge_cli.reading import Source

MOST_ROWS: Final = 5_000
MOST_BYTES: Final = 900_000
_LABELS: Final = {
    "rows": "rows",
    "sent": "values sent, of a day each",
    "skipped": "skipped (without a value)",
    "unreadable": "unreadable",
}


class File(NamedTuple):
    """A file of the export and the list that it holds."""

    source: Source
    table: Table
    header: tuple[str, ...]


@served("admin")
def command(
    service: Service,
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE|ZIP...", help="The zip of Plausible's export, or its CSV files")
    ],
    name: Annotated[str, typer.Option(help="Name of the import, by which it is listed and removed")] = "plausible",
    geonames: Annotated[
        Path | None,
        typer.Option(
            "--cities", help="GeoNames' file of cities (cities500.txt, plain or gzip), as the export has numbers alone"
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write the summary as JSON")] = False,
) -> None:
    """Import the daily sums of Plausible's CSV export; reports without filters add them and say so.

    Shown are days before the first visit that was counted here. A day that comes again, in this export or a later one,
    replaces what it had. Needs an admin key.
    """
    found = _files(files)
    known = {} if geonames is None else cities(line.text for line in lines(geonames))
    events = _events_of_days(found)
    folder = resume.folder(service.connection.home, Path.cwd())
    total: Counter[str] = Counter()
    unnamed: set[str] = set()
    counted_before: str | None = None
    with console.progress(counted=False) as bar:
        sender = Sender(service.client, on_retry=lambda text: bar.console.print(text, markup=False))
        for file in found:
            task = bar.add_task(file.source.name, total=None, note="reading")
            stem = resume.name(file.source, (service.connection.url, name))
            read = Counter[str]()
            bad = Unreadable(folder / f"{stem}.unreadable", read)
            sums = _read(file, known, bad, read)
            unnamed |= sums.unknown_cities
            rows = list(sums.as_sent(events))
            for days, piece in pieces(rows, MOST_ROWS, MOST_BYTES, lambda row: len(to_json(row)) + 1):
                answer = _send(service, sender, f"{name}/{file.table.part}", days, piece)
                counted_before = answer["counted_before"]
                read["sent"] += len(piece)
                bar.update(task, total=len(rows), completed=read["sent"], note=f"{read['sent']} values")
            if read["unreadable"]:
                console.warn(f"{read['unreadable']} rows of {file.source} cannot be read; they are kept in {bad.path}")
                show_examples(bad.examples, read["unreadable"])
            total += read
    if unnamed:
        console.warn(
            f"{len(unnamed)} cities have numbers of GeoNames and no name: they are left out. Give --cities with its list "
            "(https://download.geonames.org/export/dump/cities500.zip, unpacked) to have them."
        )
    if counted_before:
        console.warn(
            f"the site has visits of its own from {counted_before} on: imported days are shown up to the day before."
        )
    note = f"Reports without filters add these days. `streamgauge imports delete {name}` removes them."
    summarize(total, _LABELS, note, as_json=as_json)


def _files(paths: list[Path]) -> list[File]:
    """Return the files of an export; what is empty, or no list of ours in an archive, is left out. Raises CommandError."""
    found: list[File] = []
    for source in sources(paths, ".csv"):
        header = next((record.fields for record in records(lines(source))), None) or ()
        if not header:
            console.warn(f"{source} is empty and is left out.")
            continue
        try:
            found.append(File(source, table_of(source.name, header), header))
        except CommandError as error:
            if isinstance(source, Path):
                raise
            # An archive may hold lists that came later.
            console.warn(f"{error} It is left out.")
    if not found:
        raise CommandError("none of these files holds a list of Plausible's export.")
    return found


def _read(file: File, known: Mapping[str, str], bad: Unreadable, counts: Counter[str]) -> Sums:
    """Add up the rows of a file, keep the bad ones, and count both."""
    sums = Sums(file.table, file.header, known)
    with bad:
        for record in records(lines(file.source)):
            if record.number == 1 or not record.text.strip():
                continue
            counts["rows"] += 1
            if record.fields is None:
                bad.keep(record.number, record.text, record.reason)
                continue
            try:
                sums.add(record.fields)
            except BadRowError as error:
                bad.keep(record.number, record.text, str(error))
    counts["skipped"] = sums.without_value
    return sums


def _events_of_days(files: list[File]) -> dict[str, int]:
    """Return the custom events of each day: the totals of an export lack them. A later file replaces the days of an earlier one."""
    found: dict[str, int] = {}
    for file in files:
        if file.table.part != "custom_events":
            continue
        days: Counter[str] = Counter()
        sums = Sums(file.table, file.header, {})
        for record in records(lines(file.source)):
            if record.number > 1 and record.fields is not None:
                try:
                    sums.add(record.fields)
                except BadRowError:
                    continue
        for (day, _), counts in sums.rows.items():
            days[day] += counts["events"]
        found |= days
    return found


def _send(service: Service, sender: Sender, path: str, days: list[str], rows: list[dict[str, Any]]) -> Any:  # noqa: ANN401 - JSON
    body = to_json({"source": "plausible", "replace": days, "rows": rows})
    answer = sender.request(service.path(f"/imports/{path}"), body, {"content-type": "application/json"}, "PUT")
    if not answer.is_success:
        raise AnswerError(explain(answer), answer.status_code)
    return answer.json()
