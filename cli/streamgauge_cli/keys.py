"""`streamgauge keys`: list, create and revoke the keys of a site."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from streamgauge_cli import console
from streamgauge_cli.service import Service, served

app = typer.Typer(no_args_is_help=True, help="Keys of a site.")


class Scope(StrEnum):
    """What a key opens."""

    WRITE = "write"
    SERVER = "server"
    READ = "read"
    ADMIN = "admin"


@app.command("list")
@served("admin")
def list_keys(service: Service) -> None:
    """List the keys of a site (`--site '*'`: those for all sites). Needs an admin key."""
    answer = service.call("GET", service.path("/keys"))
    table = console.table("key id", "scope", "ends in", "name", "created")
    for row in answer["results"]:
        table.add_row(
            row["key_id"], row["scope"], row.get("hint") or "", row.get("name") or "", row.get("created_at") or ""
        )
    console.show(table)


@app.command("create")
@served("admin")
def create(
    service: Service,
    scope: Annotated[Scope, typer.Option(help="What the key opens")],
    name: Annotated[str, typer.Option(help="What the key is for")] = "",
) -> None:
    """Make a key and write it to standard output; it is shown this once. Needs an admin key."""
    body = {"scope": scope.value, **({"name": name} if name else {})}
    answer = service.call("POST", service.path("/keys"), body=body)
    console.err.print(f"{answer['key_id']}: a {scope.value} key of {service.site}. Keep it now, it is shown this once:")
    typer.echo(answer["key"])


@app.command("revoke")
@served("admin")
def revoke(
    service: Service,
    key_id: Annotated[str, typer.Argument(help="Id of the key, as `keys list` shows it")],
) -> None:
    """Revoke a key; it opens nothing any more within 60 seconds. Needs an admin key."""
    service.call("DELETE", service.path(f"/keys/{key_id}"))
    console.out.print(f"{key_id} is revoked; what it may still do ends within 60 seconds.", markup=False)
