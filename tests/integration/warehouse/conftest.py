"""A real Postgres, a DynamoDB and S3 with faults, and the environment of the warehouse consumer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from streamgauge.settings import settings
from streamgauge.warehouse import pending

from tests.support.faulty_aws import FaultyAws
from tests.support.warehouse import containers_per_thread

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


@pytest.fixture(scope="session")
def aws_server() -> Iterator[FaultyAws]:
    """One server for all; `aws` begins it anew."""
    server = FaultyAws()
    yield server
    server.close()


@pytest.fixture
def aws(aws_server: FaultyAws) -> FaultyAws:
    aws_server.reset()
    return aws_server


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection to look with."""
    with psycopg.connect(database_url, autocommit=True) as made:
        yield made


@pytest.fixture
def lanes(database_url: str, aws: FaultyAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Let threads of this process be containers of the consumer."""
    for name, value in (aws.environment() | {"DATABASE_URL": database_url}).items():
        monkeypatch.setenv(name, value)
    _forget()
    held = containers_per_thread(monkeypatch)
    yield monkeypatch
    for connection in held.all:
        connection.close()
    _forget()


def _forget() -> None:
    settings.cache_clear()
    pending.forget()
