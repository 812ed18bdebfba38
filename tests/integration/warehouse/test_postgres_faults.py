"""Postgres restarts at once, or its connection is cut when COMMIT was sent: nothing is lost, nothing is counted twice."""

from __future__ import annotations

import os
import random
import shutil
import signal
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from streamgauge.schema.runner import migrate
from streamgauge.settings import settings

from infra.local.event_source import Mapping
from infra.local.postgres import Postgres, free_port
from tests.support.postgres_proxy import CutAfterCommit
from tests.support.seeds import seeded
from tests.support.simulator import Faults, Simulator, stream
from tests.support.warehouse import (
    assert_counters_equal,
    assert_exact,
    containers_per_thread,
    invoke,
    traffic,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.faulty_aws import FaultyAws


@pytest.fixture
def own_server(aws: FaultyAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Postgres]:
    """A server to be ended at will; what it has committed is in the kernel's hands, so only the machine may not fail."""
    folder = Path(tempfile.mkdtemp(prefix="streamgauge-restarted-"))
    server = Postgres(folder, free_port(), folder / "log", careless=True)
    server.start()
    try:
        assert server.query("SHOW data_directory", "postgres").strip() == str(server.data.resolve())
        server.create_database("streamgauge")
        server.query("ALTER DATABASE streamgauge SET synchronous_commit = on", "postgres")
        with psycopg.connect(server.url(), autocommit=True) as connection:
            migrate(connection)
        for name, value in (aws.environment() | {"DATABASE_URL": server.url()}).items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()
        held = containers_per_thread(monkeypatch)
        yield server
        for made in held.all:
            made.close()
        settings.cache_clear()
    finally:
        server.stop()
        shutil.rmtree(folder)


def restarted(server: Postgres, *, seed: int, size: int, restarts: int) -> None:
    chance = seeded(seed)
    with psycopg.connect(server.url(), autocommit=True) as connection:
        made = traffic(connection, f"restarted {seed}", seed, size)
    shards = stream(made.payloads, 2, chance)
    done = threading.Event()
    count_of_restarts = 0

    def load() -> None:
        while not done.is_set():  # the stream again and again, until every restart has met load
            mapping = Mapping(batch_size=40, parallelization=2, bisect=True)
            Simulator(shards, mapping, invoke, random.Random(seed), Faults(restart=0.05), workers=2).run()

    loader = threading.Thread(target=load)
    loader.start()
    try:
        for _ in range(restarts):
            time.sleep(chance.uniform(0.1, 0.8))
            head = server.head()
            assert head is not None
            os.kill(head, signal.SIGQUIT)
            while (server.data / "postmaster.pid").exists() and server.head() is not None:
                time.sleep(0.01)
                with_reaped(head)
            server.start()
            count_of_restarts += 1
    finally:
        done.set()
        loader.join()
    assert count_of_restarts == restarts
    with psycopg.connect(server.url(), autocommit=True) as connection:
        assert_exact(connection, made, f"seed {seed}")
        assert_counters_equal(connection, [made], f"seed {seed}")


def with_reaped(process_id: int) -> None:
    """Take the exit of an ended child, so that its number does not count as running."""
    try:
        os.waitpid(process_id, os.WNOHANG)
    except ChildProcessError:
        return


def test_postgres_may_restart_at_once_under_load(own_server: Postgres) -> None:
    restarted(own_server, seed=21, size=600, restarts=3)


@pytest.mark.torture
@pytest.mark.timeout(1800)
def test_postgres_may_restart_at_once_twenty_times_under_load(own_server: Postgres) -> None:
    restarted(own_server, seed=22, size=5000, restarts=20)


def cut(
    connection: psycopg.Connection[Any], url: str, monkeypatch: pytest.MonkeyPatch, *, seed: int, size: int, cuts: int
) -> None:
    chance = seeded(seed)
    made = traffic(connection, f"cut {seed}", seed, size)
    proxy = CutAfterCommit(url, seed, share=0.3)
    monkeypatch.setenv("DATABASE_URL", proxy.url)
    settings.cache_clear()
    try:
        shards = stream(made.payloads, 2, chance)
        while proxy.cuts < cuts:
            Simulator(
                shards, Mapping(batch_size=30, parallelization=2), invoke, chance, Faults(restart=0.1), workers=2
            ).run()
        proxy.share = 0.0
    finally:
        proxy.close()
    assert_exact(connection, made, f"seed {seed}")
    assert_counters_equal(connection, [made], f"seed {seed}")


def test_the_connection_may_be_cut_after_commit_was_sent(
    connection: psycopg.Connection[Any], database_url: str, lanes: pytest.MonkeyPatch
) -> None:
    cut(connection, database_url, lanes, seed=31, size=300, cuts=8)


@pytest.mark.torture
@pytest.mark.timeout(1800)
def test_the_connection_may_be_cut_two_hundred_times_after_commit_was_sent(
    connection: psycopg.Connection[Any], database_url: str, lanes: pytest.MonkeyPatch
) -> None:
    cut(connection, database_url, lanes, seed=32, size=3000, cuts=200)
