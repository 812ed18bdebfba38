"""Aurora's Data API: SQL over HTTPS with the master user's secret, for what must be done before anybody can connect."""

from __future__ import annotations

import re
import time
from importlib import resources
from typing import TYPE_CHECKING, Final, Protocol

from streamgauge.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable

RESUME_SECONDS: Final = 300
"""How long a new or paused cluster may take to answer."""

_PAUSE_SECONDS: Final = 5.0
# What the Data API says while a cluster starts or resumes.
_AWAY: Final = frozenset(
    {
        "DatabaseResumingException",
        "DatabaseUnavailableException",
        "ServiceUnavailableError",
        "InternalServerErrorException",
    }
)


class Client(Protocol):
    """The one call of boto3's `rds-data` client that is used here."""

    def execute_statement(self, *, resourceArn: str, secretArn: str, database: str, sql: str) -> object:  # noqa: N803
        """Run one statement."""


def client() -> Client:
    """Return a client of the Data API; only a deploy needs one."""
    import boto3  # type: ignore[import-untyped]  # noqa: PLC0415

    made: Client = boto3.client("rds-data")
    return made


def role_statements() -> list[str]:
    """Return the statements of `roles.sql` one by one: the Data API takes one at a time."""
    text = (resources.files(__package__) / "roles.sql").read_text("utf-8")
    return [part.strip().removesuffix(";") for part in re.split(r";\n(?=\n|\Z)", text) if part.strip()]


def connection_limit(most: int) -> str:
    """Return the statement that lets so many connections into the database at once; superusers are not counted."""
    return f"DO $$ BEGIN EXECUTE format('ALTER DATABASE %I CONNECTION LIMIT {most:d}', current_database()); END $$"


def execute(
    data: Client,
    statements: list[str],
    *,
    cluster: str,
    secret: str,
    database: str,
    wait_seconds: float = RESUME_SECONDS,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Run statements in order, waiting for a cluster that starts or resumes. Raises UnavailableError after that."""
    waited = 0.0
    for statement in statements:
        while True:
            try:
                data.execute_statement(resourceArn=cluster, secretArn=secret, database=database, sql=statement)
                break
            except Exception as error:
                # boto3 makes its exception classes per client, so there is nothing to import and name.
                code = getattr(error, "response", {}).get("Error", {}).get("Code", "")
                if code not in _AWAY:
                    raise
                if waited >= wait_seconds:
                    raise UnavailableError("the database does not answer the Data API") from error
                sleep(_PAUSE_SECONDS)
                waited += _PAUSE_SECONDS
