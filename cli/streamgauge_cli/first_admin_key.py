"""`streamgauge first-admin-key`: the first key of a fresh deployment, asked of the admin function itself."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from streamgauge_cli import console
from streamgauge_cli.errors import CommandError

_PAYLOAD: Final = {"command": "first_admin_key"}


def payload(*, another: bool) -> str:
    """Return what the admin function is told."""
    return json.dumps({**_PAYLOAD, "another": True} if another else _PAYLOAD)


def invocation(function: str, told: str, region: str | None, profile: str | None, answer: str) -> list[str]:
    """Return the arguments of the AWS command line that asks the admin function for the key."""
    made = ["aws", "lambda", "invoke", "--function-name", function, "--payload", told]
    made += ["--cli-binary-format", "raw-in-base64-out"]
    if region:
        made += ["--region", region]
    if profile:
        made += ["--profile", profile]
    return [*made, answer]


def command(
    stage: Annotated[str, typer.Option(help="Name of the deployed stage, as in cdk.json")] = "small",
    function: Annotated[
        str | None, typer.Option(help="Name of the admin function [default: streamgauge-STAGE-admin]")
    ] = None,
    region: Annotated[str | None, typer.Option(help="AWS region [default: that of the AWS command line]")] = None,
    profile: Annotated[str | None, typer.Option(help="AWS profile")] = None,
    another: Annotated[bool, typer.Option("--another", help="The first one is lost: make one more")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be run")] = False,
) -> None:
    """Make the first admin key of a deployment on AWS; it is shown this once.

    A fresh deployment has no key that could make the first one. Whoever may invoke the admin function in the AWS account may
    have it: this runs `aws lambda invoke` with your AWS credentials. The local stack writes its keys to endpoints.json.
    """
    name = function or f"streamgauge-{stage}-admin"
    told = payload(another=another)
    if dry_run:
        typer.echo(shlex.join(invocation(name, told, region, profile, "answer.json")))
        return
    if shutil.which("aws") is None:
        raise CommandError(
            f"the AWS command line (aws) is not installed. Install it, or invoke the function {name} by other means with the "
            f"payload {told}; `--dry-run` shows the whole command."
        )
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        run = subprocess.run(  # noqa: S603 - a list of arguments, no shell
            invocation(name, told, region, profile, str(answer)), check=False, capture_output=True, text=True
        )
        if run.returncode != 0:
            raise CommandError(f"aws lambda invoke failed: {run.stderr.strip() or run.stdout.strip()}")
        key = read_key(run.stdout, answer.read_text(encoding="utf-8"))
    console.err.print("Keep the key now, it is shown this once:")
    typer.echo(key)


def read_key(said: str, answer: str) -> str:
    """Return the key from what the AWS command line said and the function answered. Raises CommandError for a failure."""
    try:
        outcome, body = json.loads(said or "{}"), json.loads(answer or "null")
    except ValueError as error:
        raise CommandError(f"the function's answer cannot be read: {answer[:300]}") from error
    if outcome.get("FunctionError"):
        reason = body.get("errorMessage") if isinstance(body, dict) else body
        raise CommandError(f"the function refused: {reason}")
    if isinstance(body, dict) and body.get("error"):
        raise CommandError(
            f"the function refused: {body['error']} (`--another` makes one more when the first is lost.)"
        )
    key: Any = body.get("key") if isinstance(body, dict) else None
    if not isinstance(key, str):
        raise CommandError(f"the function gave no key: {answer[:300]}")
    return key
