"""`streamgauge accounting`: per hour, what was received and what became of it."""

from __future__ import annotations

import json
from typing import Annotated, Final

import typer

from streamgauge_cli import console
from streamgauge_cli.service import Service, served

COLUMNS: Final = ("received", "accepted", "stored", "duplicates", "dead_lettered", "in_flight")


@served("admin")
def command(
    service: Service,
    start: Annotated[str | None, typer.Option("--start", help="First day, YYYY-MM-DD")] = None,
    end: Annotated[str | None, typer.Option("--end", help="Last day, YYYY-MM-DD")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write the answer as JSON")] = False,
) -> None:
    """Show per hour of receipt how many events were received, accepted, stored, repeated or refused. Needs an admin key."""
    query = {"startDate": start, "endDate": end, "website_id": service.site}
    answer = service.call("GET", "/api/v1/accounting", query=query)
    if as_json:
        typer.echo(json.dumps(answer))
        return
    table = console.table("hour", *(column.replace("_", " ") for column in COLUMNS))
    for column in table.columns[1:]:
        column.justify = "right"
    rows = [row for row in answer["results"] if any(row[column] for column in COLUMNS)]
    for row in rows:
        table.add_row(row["hour"], *(str(row[column]) for column in COLUMNS))
    table.add_row("total", *(str(sum(row[column] for row in rows)) for column in COLUMNS), style="bold")
    console.show(table)
