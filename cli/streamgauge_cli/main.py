"""The command `streamgauge` and its groups."""

from __future__ import annotations

import sys

import typer

from streamgauge_cli import accounting, console, dead_letters, first_admin_key, imports, keys, rebuild, simulate, sites
from streamgauge_cli.errors import CommandError, StoppedError
from streamgauge_cli.importers import commands

_INTERRUPTED = 130

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Import, simulate and administer Streamgauge over its HTTP API.",
)
app.add_typer(commands.app, name="import")
app.add_typer(imports.app, name="imports")
app.command("simulate")(simulate.command)
app.add_typer(sites.app, name="sites")
app.add_typer(keys.app, name="keys")
app.add_typer(dead_letters.app, name="dead-letters")
app.command("rebuild")(rebuild.command)
app.command("accounting")(accounting.command)
app.command("first-admin-key")(first_admin_key.command)


def main() -> None:
    """Run the command; what a user can put right ends in one sentence, not in a traceback."""
    try:
        app()
    except CommandError as error:
        console.fail(str(error))
        sys.exit(1)
    except (KeyboardInterrupt, StoppedError) as stop:
        console.fail(str(stop) or "stopped.")
        sys.exit(_INTERRUPTED)
