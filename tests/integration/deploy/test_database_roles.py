"""`roles.sql` as on Aurora: run by a master user that is no superuser, one statement at a time, twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from streamgauge.schema.runner import migrate
from streamgauge.store import data_api

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.local.postgres import Postgres

DATABASE = "with_roles"
ROLES = ("reader", "writer", "migrator", "master", "rds_iam")


@pytest.fixture(scope="module")
def server(postgres_server: Postgres) -> Iterator[Postgres]:
    with psycopg.connect(postgres_server.url("postgres"), autocommit=True) as connection:
        connection.execute("CREATE ROLE rds_iam")
        connection.execute("CREATE ROLE master LOGIN CREATEROLE CREATEDB PASSWORD 'known'")
        connection.execute("GRANT rds_iam TO master WITH ADMIN OPTION")
        connection.execute(f"CREATE DATABASE {DATABASE} OWNER master")
        for _ in range(2):
            with as_user(postgres_server, "master") as master:
                for statement in (*data_api.role_statements(), data_api.connection_limit(100)):
                    master.execute(statement.encode())
            for role in ("reader", "writer", "migrator"):
                # Here they show a password; on Aurora a token.
                connection.execute(f"ALTER ROLE {role} PASSWORD 'known'")
            with as_user(postgres_server, "migrator") as migrator:
                migrate(migrator)
        yield postgres_server
        connection.execute(f"DROP DATABASE {DATABASE}")
        for role in ROLES:
            connection.execute(f"DROP ROLE {role}")


def as_user(server: Postgres, user: str) -> psycopg.Connection:
    return psycopg.connect(server.url(DATABASE), user=user, password="known", autocommit=True)


def test_what_writer_makes_belongs_to_migrator(server: Postgres) -> None:
    with as_user(server, "writer") as writer:
        assert writer.execute("SELECT session_user, current_user").fetchone() == ("writer", "migrator")
        writer.execute("CREATE TABLE of_a_day (n int)")
        owner = writer.execute("SELECT tableowner FROM pg_tables WHERE tablename = 'of_a_day'").fetchone()
    assert owner == ("migrator",)


def test_the_database_lets_in_as_many_as_the_stage_says_and_no_more(server: Postgres) -> None:
    with as_user(server, "master") as master:
        master.execute(data_api.connection_limit(1).encode())
        try:
            with pytest.raises(psycopg.OperationalError, match="too many connections"):
                as_user(server, "reader")
        finally:
            master.execute(data_api.connection_limit(100).encode())
    as_user(server, "reader").close()


def test_reader_reads_what_was_made_later_and_writes_nothing(server: Postgres) -> None:
    with as_user(server, "writer") as writer:
        writer.execute("CREATE TABLE made_later (n int)")
    with as_user(server, "reader") as reader:
        assert reader.execute("SELECT count(*) FROM sites").fetchone() == (0,)
        assert reader.execute("SELECT count(*) FROM made_later").fetchone() == (0,)
        for statement in ("INSERT INTO made_later VALUES (1)", "CREATE TABLE own (n int)", "TRUNCATE made_later"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute(statement)


@pytest.mark.parametrize(("user", "longest"), [("reader", "27s"), ("writer", "270s"), ("migrator", "800s")])
def test_nobody_holds_connections_or_locks_for_long(server: Postgres, user: str, longest: str) -> None:
    settings = ("idle_session_timeout", "idle_in_transaction_session_timeout", "lock_timeout", "statement_timeout")
    with as_user(server, user) as connection:
        found = [connection.execute(f"SHOW {name}").fetchone()[0] for name in settings]
    assert found == ["1min", "15s", "10s", longest]
