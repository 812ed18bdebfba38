"""`streamgauge dead-letters`: what the service refused or could not process, and sending it again."""

from __future__ import annotations

import json
from collections import Counter
from typing import Annotated, Any, Final

import typer

from streamgauge_cli import console
from streamgauge_cli.errors import CommandError
from streamgauge_cli.service import Service, served

app = typer.Typer(no_args_is_help=True, help="Events that were refused or failed.")

OUTCOMES: Final = ("accepted", "refused", "expired", "not_found")
_BODY_SHOWN: Final = 80

ReasonOption = Annotated[str | None, typer.Option(help="Only letters of this reason, for instance too_late")]


@app.command("list")
@served("admin")
def list_letters(
    service: Service,
    reason: ReasonOption = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line, with the whole body")] = False,
) -> None:
    """List dead letters with their reasons, newest first. Needs an admin key."""
    query = {"reason": reason, "limit": limit, "website_id": service.site}
    answer = service.call("GET", "/api/v1/dead-letters", query=query)
    if as_json:
        for row in answer["results"]:
            typer.echo(json.dumps(row))
        return
    table = console.table("id", "reason", "stage", "received", "event id", "body")
    for row in answer["results"]:
        table.add_row(
            row["id"],
            row["reason"],
            row["stage"],
            row["received_at"],
            row.get("event_id") or "",
            _short(row.get("body")),
        )
    console.show(table)
    console.err.print(f"{len(answer['results'])} of {answer['total']}")


@app.command("replay")
@served("admin")
def replay(
    service: Service,
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Ids of dead letters")] = None,
    reason: ReasonOption = None,
) -> None:
    """Send dead letters through ingest again: those named, or all of one reason. Needs an admin key."""
    if bool(ids) == bool(reason):
        raise CommandError("name the ids to replay, or one --reason.")
    body: dict[str, Any] = {"ids": ids} if ids else {"reason": reason}
    if service.site:
        body["website_id"] = service.site
    sums: Counter[str] = Counter()
    while True:
        answer = service.call("POST", "/api/v1/dead-letters/replay", body=body)
        sums.update({outcome: int(answer.get(outcome) or 0) for outcome in OUTCOMES})
        if not answer.get("next_cursor"):
            break
        body["cursor"] = answer["next_cursor"]
    console.out.print(", ".join(f"{sums[outcome]} {outcome.replace('_', ' ')}" for outcome in OUTCOMES))


def _short(body: object) -> str:
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    return text if len(text) <= _BODY_SHOWN else text[: _BODY_SHOWN - 1] + "…"
