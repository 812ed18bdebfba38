"""`streamgauge sites`: list and create sites."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from streamgauge_cli import console
from streamgauge_cli.connection import KeyOption, SiteOption, UrlOption, call, connect

if TYPE_CHECKING:
    import httpx

app = typer.Typer(no_args_is_help=True, help="Sites.")


@app.command("list")
def list_sites(url: UrlOption = None, key: KeyOption = None, site: SiteOption = None) -> None:
    """List the sites that the key may see (`--site`: that one alone). Needs an admin key."""
    connection = connect("admin", url, key, None)
    table = console.table("site id", "name", "time zone", "domains")
    with connection.client() as client:
        rows = [call(client, "GET", f"/api/v1/sites/{site}")] if site else _all_sites(client)
    for row in rows:
        table.add_row(row["site_id"], row["name"], row["timezone"], " ".join(row.get("domains") or []))
    console.show(table)


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="Name of the site")],
    timezone: Annotated[str | None, typer.Option(help="IANA time zone; fixed once the site has events")] = None,
    domain: Annotated[list[str] | None, typer.Option(help="Domain of the site; may be given several times")] = None,
    url: UrlOption = None,
    key: KeyOption = None,
    site: Annotated[str | None, typer.Option("--site", help="Id of the new site [default: made up]")] = None,
) -> None:
    """Make a site and its four keys, which are shown this once. Needs an admin key for all sites."""
    connection = connect("admin", url, key, None)
    body = {"name": name, "timezone": timezone, "domains": domain or None, "site_id": site}
    with connection.client() as client:
        answer = call(
            client, "POST", "/api/v1/sites", body={field: value for field, value in body.items() if value is not None}
        )
    console.err.print("Keep the keys now, they are shown this once.")
    table = console.table("", "")
    for field in ("site_id", "name", "timezone"):
        table.add_row(field, str(answer[field]))
    for scope, made in answer["keys"].items():
        table.add_row(f"{scope} key", made)
    console.show(table)


def _all_sites(client: httpx.Client) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        answer = call(client, "GET", "/api/v1/sites", query={"cursor": cursor})
        rows += answer["results"]
        cursor = answer.get("next_cursor")
        if not cursor:
            return rows
