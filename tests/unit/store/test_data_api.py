from __future__ import annotations

import pytest
from streamgauge.errors import UnavailableError
from streamgauge.store.data_api import execute, role_statements


class ClientError(Exception):
    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.response = {"Error": {"Code": code}}


class FakeData:
    """A Data API that is away for its first calls."""

    def __init__(self, *errors: str) -> None:
        self.errors = list(errors)
        self.ran: list[str] = []

    def execute_statement(self, *, resourceArn: str, secretArn: str, database: str, sql: str) -> object:  # noqa: N803
        assert (resourceArn, secretArn, database) == ("cluster", "secret", "streamgauge")
        if self.errors:
            raise ClientError(self.errors.pop(0))
        self.ran.append(sql)
        return {}


def run(data: FakeData, statements: list[str], waited: list[float]) -> None:
    execute(data, statements, cluster="cluster", secret="secret", database="streamgauge", sleep=waited.append)


def test_statements_run_in_order_once_the_database_has_resumed() -> None:
    data, waited = FakeData("DatabaseResumingException", "ServiceUnavailableError"), []
    run(data, ["one", "two"], waited)
    assert data.ran == ["one", "two"]
    assert waited == [5.0, 5.0]


def test_a_database_that_stays_away_is_given_up() -> None:
    data, waited = FakeData(*["DatabaseResumingException"] * 100), []
    with pytest.raises(UnavailableError):
        run(data, ["one"], waited)
    assert sum(waited) == 300


def test_any_other_error_is_raised_at_once() -> None:
    data = FakeData("BadRequestException")
    with pytest.raises(ClientError):
        run(data, ["one"], [])


def test_roles_are_made_one_statement_at_a_time() -> None:
    statements = role_statements()
    assert statements[0].startswith("-- The database roles")
    assert statements[0].endswith("$$"), "a block is one statement, whatever semicolons stand in it"
    assert "GRANT rds_iam TO migrator, writer, reader" in [one.rpartition("\n")[2] for one in statements]
    assert not [one for one in statements if one.endswith(";")]
