"""Where the command writes: results to standard output, progress and complaints to standard error."""

from __future__ import annotations

from typing import Final

from rich.console import Console
from rich.measure import Measurement
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

_WIDEST: Final = 100_000

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def warn(message: str) -> None:
    """Write a warning."""
    err.print("warning:", style="bold yellow", end=" ")
    err.print(message, markup=False)


def fail(message: str) -> None:
    """Write why the command ends."""
    err.print("error:", style="bold red", end=" ")
    err.print(message, markup=False)


def progress(*, counted: bool = True) -> Progress:
    """Return a progress bar on standard error; `counted` shows done/total as numbers."""
    columns = [SpinnerColumn(), TextColumn("{task.description}"), BarColumn()]
    if counted:
        columns.append(MofNCompleteColumn())
    return Progress(*columns, TextColumn("{task.fields[note]}"), TimeElapsedColumn(), console=err)


def table(*columns: str) -> Table:
    """Return an empty table with these columns."""
    made = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def show(made: Table) -> None:
    """Write a table; where the output is no terminal, so wide that no cell is folded."""
    if out.is_terminal:
        out.print(made)
        return
    wide = out.options.update(max_width=_WIDEST)
    out.print(made, width=Measurement.get(out, wide, made).maximum)
