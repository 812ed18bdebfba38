"""A stub of a service in a process of its own, and the environment in which functions find it."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from streamgauge.settings import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

_TABLES: Final = (
    "COUNTERS_TABLE",
    "LIVE_TABLE",
    "SESSIONS_TABLE",
    "SOCKETS_TABLE",
    "REGISTRY_TABLE",
    "STATUS_TABLE",
    "DEAD_LETTERS_TABLE",
)


@contextmanager
def dynamo(**more: str) -> Iterator[None]:
    """Run the stub of DynamoDB, and point the stores of this process at it; `more` are further settings."""
    command = [sys.executable, str(Path(__file__).with_name("stub_dynamo.py"))]
    stub = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own file
    try:
        if stub.stdout is None:
            raise SystemExit("the stub has no output")
        os.environ.update(
            AWS_ENDPOINT_URL=f"http://127.0.0.1:{stub.stdout.readline().strip()}",
            AWS_ACCESS_KEY_ID="bench",
            AWS_SECRET_ACCESS_KEY="bench",  # noqa: S106 - the stub checks nothing
            AWS_REGION="eu-central-1",
            **{table: table.lower() for table in _TABLES},
            **more,
        )
        os.environ.pop("ORIGIN_SECRET", None)
        settings.cache_clear()
        yield
    finally:
        stub.terminate()
        stub.wait()
