"""`streamgauge keys`: list, create and revoke the keys of a site."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from streamgauge_cli import console
from streamgauge_cli.connection import KeyOption, SiteOption, UrlOption, call, connect

app = typer.Typer(no_args_is_help=True, help="Keys of a site.")


class Scope(StrEnum):
    """What a key opens."""

    WRITE = "write"
    SERVER = "server"
    READ = "read"
    ADMIN = "admin"


@app.command("list")
def list_keys(url: UrlOption = None, key: KeyOption = None, site: SiteOption = None) -> None:
    """List the keys of a site (`--site '*'`: those for all sites). Needs an admin key."""
    connection = connect("admin", url, key, site)
    with connection.client() as client:
        answer = call(client, "GET", f"/api/v1/sites/{connection.needed_site()}/keys")
    table = console.table("key id", "scope", "ends in", "name", "created")
    for row in answer["results"]:
        table.add_row(
            row["key_id"], row["scope"], row.get("hint") or "", row.get("name") or "", row.get("created_at") or ""
        )
    console.show(table)


@app.command("create")
def create(
    scope: Annotated[Scope, typer.Option(help="What the key opens")],
    name: Annotated[str, typer.Option(help="What the key is for")] = "",
    url: UrlOption = None,
    key: KeyOption = None,
    site: SiteOption = None,
) -> None:
    """Make a key and write it to standard output; it is shown this once. Needs an admin key."""
    connection = connect("admin", url, key, site)
    with connection.client() as client:
        answer = call(
            client,
            "POST",
            f"/api/v1/sites/{connection.needed_site()}/keys",
            body={"scope": scope.value, **({"name": name} if name else {})},
        )
    console.err.print(
        f"{answer['key_id']}: a {scope.value} key of {connection.site}. Keep it now, it is shown this once:"
    )
    typer.echo(answer["key"])


@app.command("revoke")
def revoke(
    key_id: Annotated[str, typer.Argument(help="Id of the key, as `keys list` shows it")],
    url: UrlOption = None,
    key: KeyOption = None,
    site: SiteOption = None,
) -> None:
    """Revoke a key; it opens nothing any more within 60 seconds. Needs an admin key."""
    connection = connect("admin", url, key, site)
    with connection.client() as client:
        call(client, "DELETE", f"/api/v1/sites/{connection.needed_site()}/keys/{key_id}")
    console.out.print(f"{key_id} is revoked; what it may still do ends within 60 seconds.", markup=False)
