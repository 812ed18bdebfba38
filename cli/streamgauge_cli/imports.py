"""`streamgauge imports`: list and remove days that came from the exports of other tools."""

from __future__ import annotations

from typing import Annotated

import typer

from streamgauge_cli import console
from streamgauge_cli.service import Service, served

app = typer.Typer(no_args_is_help=True, help="Days that came from the exports of other tools.")


@app.command("list")
@served("admin")
def list_imports(service: Service) -> None:
    """List the imported days of a site. Needs an admin key."""
    answer = service.call("GET", service.path("/imports"))
    table = console.table("import", "source", "first day", "last day", "days", "rows", "updated")
    for row in answer["results"]:
        known = (row["import_id"], row["source"], row["start"] or "", row["end"] or "")
        table.add_row(*known, str(row["days"]), str(row["rows"]), row["updated_at"])
    console.show(table)
    if answer["counted_before"]:
        console.err.print(
            f"Shown are days before {answer['counted_before']}, the first with a visit of the site's own."
        )


@app.command("delete")
@served("admin")
def delete(
    service: Service, import_id: Annotated[str, typer.Argument(help="Name of the import, as `imports list` shows it")]
) -> None:
    """Remove imported days from all reports. Needs an admin key."""
    service.call("DELETE", service.path(f"/imports/{import_id}"))
    console.out.print(f"{import_id} is removed.", markup=False)
