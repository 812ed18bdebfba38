"""What all tests may use: a real Postgres of the test run's own, with databases made from the real migrations."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from infra.local.postgres import Postgres

_TEMPLATE = "streamgauge_template"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of a running stack last: it would take the processor from all others."""
    items.sort(key=lambda item: item.get_closest_marker("e2e") is not None)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """Start an empty server on a free port; it is checked to be this run's own before anything is changed."""
    from infra.local.postgres import Postgres, free_port

    folder = Path(tempfile.mkdtemp(prefix="streamgauge-postgres-"))
    server = Postgres(folder, free_port(), folder / "log", careless=True)
    server.start()
    try:
        assert server.query("SHOW data_directory", "postgres").strip() == str(server.data.resolve())
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def new_database(postgres_server: Postgres) -> Callable[[], str]:
    """Return a function that makes a fresh database with the whole schema and returns its DSN."""
    import psycopg
    from streamgauge.schema.runner import migrate

    postgres_server.create_database(_TEMPLATE)
    with psycopg.connect(postgres_server.url(_TEMPLATE), autocommit=True) as connection:
        migrate(connection)
    numbers = itertools.count(1)

    def make() -> str:
        name = f"test_{next(numbers)}"
        postgres_server.query(f'CREATE DATABASE "{name}" TEMPLATE "{_TEMPLATE}" STRATEGY file_copy', "postgres")
        return postgres_server.url(name)

    return make


@pytest.fixture(scope="module")
def database_url(new_database: Callable[[], str]) -> str:
    """The DSN of a database that this test module has for itself."""
    return new_database()
