"""Where the command writes: results to standard output, progress and complaints to standard error."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

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
    """Write a table; where the output is no terminal, wide enough that no cell is folded."""
    if out.is_terminal:
        out.print(made)
    else:
        out.print(made, width=max(out.measure(made).maximum, 80))
