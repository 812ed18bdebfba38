"""A real Postgres with the real schema and DynamoDB by moto, behind the function `admin`."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from streamgauge.access import registry
from streamgauge.access.bootstrap import ensure_admin_key
from streamgauge.settings import settings
from streamgauge.store import postgres

from functions.api import admin, authorizer
from tests.support.requests import ORIGIN_SECRET, request

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLES = {"REGISTRY_TABLE": "registry", "DEAD_LETTERS_TABLE": "dead_letters", "STATUS_TABLE": "status"}
ADMIN = "sga_the-first-key-of-these-tests-0000"


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    """Return the address of a DynamoDB."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def stores(moto_url: str, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Empty both stores and let functions find them."""
    import boto3

    values = {"AWS_ENDPOINT_URL": moto_url, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    values |= {
        "AWS_DEFAULT_REGION": "us-east-1",
        "DATABASE_URL": database_url,
        "ORIGIN_SECRET": ORIGIN_SECRET,
        **TABLES,
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("dynamodb")
    for table in TABLES.values():
        client.create_table(
            TableName=table,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        )
    with psycopg.connect(database_url) as connection:
        connection.execute("TRUNCATE sites, api_keys, accounting RESTART IDENTITY CASCADE")
    settings.cache_clear()
    registry.forget()
    yield
    postgres.discard()
    settings.cache_clear()
    registry.forget()
    for table in TABLES.values():
        client.delete_table(TableName=table)
    client.close()


@dataclass
class Api:
    """Calls the function as the gateway does: first the authorizer, with the key; then the function, with its word."""

    key: str = ADMIN

    def __call__(self, method: str, path: str, *, key: str | None = None, **rest: Any) -> tuple[int, Any]:
        found = authorizer.handler({"headers": {"authorization": f"Bearer {key or self.key}"}}, None)["context"]
        answer = admin.handler(request(method, path, caller=found, **rest), None)
        body = answer["body"]
        return answer["statusCode"], json.loads(body) if body else None


@pytest.fixture
def connection(stores: None) -> psycopg.Connection[Any]:
    """Return the function's own connection."""
    return postgres.connection()


@pytest.fixture
def api(connection: psycopg.Connection[Any]) -> Api:
    """Return the API, with an admin key for all sites."""
    ensure_admin_key(connection, ADMIN)
    return Api()
