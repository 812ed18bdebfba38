"""`make bench`: measure, and compare with what is asked.

`--only NAME …` takes figures or parts (ingest, warehouse, reports, stack, cost); `--scale 1m` leaves the ten million events out.
`--keep DIR` keeps the server with the loaded databases in a folder, and running: the next run reads them as they are.
Results go to `$STREAMGAUGE_HOME/bench.json`, to the table of `docs/performance.md` (a whole run only), and to standard output.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from bench import cost, ingest, load, reports, stack, warehouse
from bench.database import FOLDER, HOME, ROOT, kept_server, server
from bench.figures import Figure

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.database import Server

PARTS: Final = {
    "ingest": ("ingest_",),
    "warehouse": ("insert_", "warehouse_", "bytes_", "live_cpu", "wal_"),
    "reports": ("report_", "uniques_", "filtered_", "funnel_"),
    "stack": ("freshness_", "live_freshness", "view_post"),
    "cost": ("cost_",),
}
"""The parts of a run, and how the names of their figures begin."""

_DOCUMENT: Final = ROOT / "docs" / "performance.md"
_BEGIN, _END = "<!-- bench: begin -->", "<!-- bench: end -->"


class Bench:
    """One run: what is wanted, what is known so far, and where progress is shown."""

    def __init__(self, wanted: set[str], scales: list[str], keep: Path | None, progress: Progress) -> None:
        self.wanted, self.scales, self.keep, self._progress = wanted, scales, keep, progress
        self.figures: list[Figure] = []
        self.warehouse: warehouse.Results | None = None
        self._line = progress.add_task("", total=None)

    def say(self, text: str) -> None:
        """Show what is being measured."""
        self._progress.update(self._line, description=text)

    def wants(self, part: str) -> bool:
        """Say whether a part is to be measured; costs follow from ingest and the warehouse."""
        return part in self.wanted or (part in {"ingest", "warehouse"} and "cost" in self.wanted)

    def run(self) -> None:
        """Measure, quiet things first: nothing else of ours runs meanwhile."""
        if self.wants("ingest"):
            self.say("ingest: CPU of the whole handler, and of a cold start")
            self.figures += [Figure(**row) for row in ingest.measure()]
        if self.wants("warehouse"):
            with server() as postgres:
                self.warehouse = warehouse.measure(postgres, self.say)
            self.figures += self.warehouse.figures
        if self.wants("reports") and self.keep:
            self._reports(kept_server(self.keep))
        elif self.wants("reports"):
            with server() as postgres:
                self._reports(postgres)
        if self.wants("stack"):
            self.figures += stack.measure(self.say)
        if self.wants("cost") and self.warehouse is not None:
            cpu = {figure.name: figure.value for figure in self.figures}
            one, fifty = cpu["ingest_cpu_us_per_event"], cpu["ingest_cpu_us_per_event_50"]
            self.figures += cost.measure(one, fifty, self.warehouse)

    def _reports(self, postgres: Server) -> None:
        databases = {scale: self._load(postgres, scale) for scale in self.scales}
        self.figures += reports.measure(postgres, databases, self.say)

    def _load(self, postgres: Server, scale: str) -> str:
        found = load.take(postgres, scale) if self.keep else None
        if found is not None:
            return found
        self.say(f"loading {load.SCALES[scale]:,} events (kept for the next run)")
        line = self._progress.add_task(f"events at {scale}", total=load.SCALES[scale])
        name = load.load(postgres, scale, lambda count: self._progress.advance(line, count))
        self._progress.remove_task(line)
        return name


def main() -> None:
    """Do what the command line says. Exits with 1 when a figure misses its target."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", nargs="+", metavar="NAME", default=[], help="figures or parts: " + ", ".join(PARTS))
    parser.add_argument(
        "--scale", choices=[*load.SCALES, "all"], default="all", help="how many events the reports read"
    )
    parser.add_argument(
        "--keep", metavar="DIR", type=Path, help="where the loaded databases stay, on a server that stays up"
    )
    asked = parser.parse_args()
    wanted = {_part_of(name, parser.error) for name in asked.only} or set(PARTS)
    scales = list(load.SCALES) if asked.scale == "all" else [asked.scale]
    FOLDER.mkdir(parents=True, exist_ok=True)
    console = Console()
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    began = time.monotonic()
    with ExitStack() as open_, Progress(*columns, console=console, transient=True) as progress:
        before = dict(os.environ)
        open_.callback(lambda: (os.environ.clear(), os.environ.update(before)))
        # Nobody reads the functions' own metrics here, and they would be written between the figures.
        os.environ["POWERTOOLS_METRICS_DISABLED"] = "true"
        bench = Bench(wanted, scales, asked.keep, progress)
        bench.run()
    whole = wanted == set(PARTS) and scales == list(load.SCALES)
    figures = [figure for figure in bench.figures if whole or _is_asked(figure.name, asked.only)]
    (HOME / "bench.json").write_text(json.dumps([figure._asdict() for figure in figures], indent=2) + "\n", "utf-8")
    console.print(_table(figures))
    console.print(f"{machine()}; {time.monotonic() - began:.0f} s; written to {HOME / 'bench.json'}")
    if whole:
        _publish(figures)


def _part_of(name: str, refuse: Callable[[str], Any]) -> str:
    for part, beginnings in PARTS.items():
        if name == part or name.startswith(beginnings):
            return part
    refuse(f"nothing is called {name}")
    return ""


def _is_asked(name: str, only: list[str]) -> bool:
    return not only or any(name == one or (one in PARTS and name.startswith(PARTS[one])) for one in only)


def machine() -> str:
    """Return what this was measured on, and how busy it is."""
    model = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.machine(),
    )
    load_average = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    return f"{os.cpu_count()} cores ({model}), Python {platform.python_version()}, Postgres 16, load {load_average}"


def _lines(path: str) -> list[str]:
    file = Path(path)
    return file.read_text("utf-8").splitlines() if file.exists() else []


def _verdict(figure: Figure) -> str:
    return "" if figure.holds is None else "holds" if figure.holds else "MISSES"


def _shown(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"  # noqa: PLR2004 - three digits either way


def _table(figures: list[Figure]) -> Table:
    table = Table("figure", "value", "unit", "asked", "", "reference")
    for figure in figures:
        style = "red" if figure.holds is False else None
        cells = (
            figure.name,
            _shown(figure.value),
            figure.unit,
            _shown(figure.target),
            _verdict(figure),
            figure.reference,
        )
        table.add_row(*cells, style=style)
    return table


def _publish(figures: list[Figure]) -> None:
    """Write the table into the documentation, between its marks."""
    text = _DOCUMENT.read_text("utf-8")
    head, _, rest = text.partition(_BEGIN)
    tail = rest.partition(_END)[2]
    lines = [
        f"{time.strftime('%Y-%m-%d')}, {machine()}.",
        "",
        "| figure | value | unit | asked | | reference |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| `{figure.name}` | {_shown(figure.value)} | {figure.unit} | {_shown(figure.target)} | {_verdict(figure)} | {figure.reference} |"
        for figure in figures
    ]
    _DOCUMENT.write_text(f"{head}{_BEGIN}\n" + "\n".join(lines) + f"\n{_END}{tail}", "utf-8")


if __name__ == "__main__":
    main()
