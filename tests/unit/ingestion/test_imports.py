"""What a cold start of ingest loads."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
HEAVY = (
    "boto3",
    "botocore",
    "pydantic",
    "aws_lambda_powertools",
    "http.client",
    "psycopg",
    "jwt",
    "concurrent.futures",
)
CODE = """
import os, sys
os.environ.update(STREAM_NAME="events", ANALYTICS_RATE_LIMIT_PER_IP="0")
import bench.ingest as bench
from functions.api import ingest
from streamgauge.store import kinesis
kinesis.put_records = lambda stream, records, attempts: [None] * len(records)
bench.open_door()
bench.check(ingest.handler(bench.request(1, 0), None))
print(*sys.modules)
"""


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    environment = {"PATH": "/usr/bin:/bin"}
    ran = subprocess.run(
        [sys.executable, "-c", CODE], cwd=ROOT, capture_output=True, text=True, check=True, env=environment
    )
    return set(ran.stdout.split())


@pytest.mark.parametrize("module", HEAVY)
def test_an_accepted_event_never_pays_for_it(loaded: set[str], module: str) -> None:
    assert module not in loaded
