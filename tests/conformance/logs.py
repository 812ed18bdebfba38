"""Access logs through the real command into a service in this process."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from streamgauge_cli.connection import Connection
from streamgauge_cli.main import app
from typer.testing import CliRunner

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.service import Service


def import_log(service: Service, log: Path, write_key: str, folder: Path) -> dict[str, Any]:
    """Import a log with a server key and return what the command counts; the service has it all when this returns."""
    make = Connection.client
    transport = httpx.MockTransport(service.http)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Connection, "client", lambda self: make(self, transport))
        patch.setattr("streamgauge_cli.connection.CHECKOUT", folder)
        patch.chdir(folder)
        given = ("--url", "http://service.test", "--key", write_key, "--in-flight", "1", "--json")
        run = CliRunner().invoke(app, ["import", "access-log", str(log), *given])
    assert run.exit_code == 0, run.output
    service.flow()
    counts: dict[str, Any] = json.loads(run.stdout)
    return counts
