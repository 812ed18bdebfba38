"""A real Postgres with the real schema and DynamoDB by moto, behind the function `admin`."""

from __future__ import annotations

import json
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

    from tests.support.aws import Aws

ADMIN = "sga_the-first-key-of-these-tests-0000"


@pytest.fixture
def stores(empty_aws: Aws, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Empty both stores and let functions find them."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("ORIGIN_SECRET", ORIGIN_SECRET)
    with psycopg.connect(database_url) as connection:
        connection.execute("TRUNCATE sites, api_keys, accounting RESTART IDENTITY CASCADE")
    settings.cache_clear()
    registry.forget()
    yield
    postgres.discard()
    settings.cache_clear()
    registry.forget()


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
