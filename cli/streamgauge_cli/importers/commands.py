"""`streamgauge import …`: a further importer adds its module and one line here."""

from __future__ import annotations

import typer

from streamgauge_cli.importers import access_log, jellystat, plausible, tautulli, umami

app = typer.Typer(no_args_is_help=True, help="Bring in history from elsewhere.")
app.command("access-log")(access_log.command)
app.command("umami")(umami.command)
app.command("plausible")(plausible.command)
app.command("tautulli")(tautulli.command)
app.command("jellystat")(jellystat.command)
