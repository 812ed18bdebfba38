"""Each sample event goes through its function: against a real Postgres and moto, as `sam local invoke` would send it."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from streamgauge.access import sites
from streamgauge.edge import openapi
from streamgauge.settings import settings
from streamgauge.store import data_api, postgres

from functions.api import docs
from infra.catalog import CATALOG
from tests.support.aws import ENVIRONMENT, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

EVENTS = Path(__file__).parents[2] / "events"
SAMPLES = sorted(EVENTS.rglob("*.json"))
FOLDERS = {
    "http": "api",
    "stream": "consumers",
    "table": "streams",
    "schedule": "schedules",
    "deploy": "deploy",
    "websocket": "websocket",
}
CONTEXT = SimpleNamespace(
    aws_request_id="8b0f",
    function_name="sample",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:eu-central-1:123456789012:function:sample",
    get_remaining_time_in_millis=lambda: 100_000,
)


def module_of(sample: Path) -> str:
    trigger, function, _ = sample.relative_to(EVENTS).parts
    return f"functions.{FOLDERS[trigger]}.{function}"


@pytest.fixture(scope="module", autouse=True)
def stage(database_url: str) -> Iterator[None]:
    """A stage with the site of the samples."""
    with serving() as aws, pytest.MonkeyPatch.context() as patch:
        aws.reset()
        variables = ENVIRONMENT | {
            "AWS_ENDPOINT_URL": aws.url,
            "DATABASE_URL": database_url,
            "ORIGIN_SECRET": "local-origin-secret",
            "STREAMGAUGE_STAGE": "local",
            "SOCKETS_ENDPOINT": f"{aws.url}/ws",
            "DATABASE_ARN": "arn:aws:rds:eu-central-1:123456789012:cluster:sample",
            "DATABASE_ADMIN_SECRET_ARN": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:sample",
            "DATABASE_NAME": "streamgauge",
        }
        for name, value in variables.items():
            patch.setenv(name, value)
        settings.cache_clear()
        postgres.discard()
        with psycopg.connect(database_url, autocommit=True) as connection:
            sites.create_site(connection, "blog", sites.SiteChange(name="Blog", timezone="Europe/Berlin"))
        yield
        postgres.discard()
    settings.cache_clear()


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of `api/docs` as a deploy fills it."""
    folder = tmp_path_factory.mktemp("docs")
    openapi.write(folder, ["functions.api.health"])
    return folder


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: "/".join(sample.relative_to(EVENTS).parts[1:]))
def test_the_function_answers_its_sample(sample: Path, published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docs, "FOLDER", published)
    event = json.loads(sample.read_text())
    ran: list[Any] = []
    if module_of(sample).endswith("database_roles"):
        monkeypatch.setattr(data_api, "client", lambda: None)
        monkeypatch.setattr(data_api, "execute", lambda *_, **arguments: ran.append(arguments))
    answer = importlib.import_module(module_of(sample)).handler(event, CONTEXT)
    assert isinstance(answer, dict)
    if module_of(sample).startswith("functions.websocket"):
        assert answer["statusCode"] == (401 if sample.stem == "used_ticket" else 200)
    elif "requestContext" in event and "type" not in event:
        assert 200 <= answer["statusCode"] < 500, answer
    elif event.get("type") == "REQUEST":
        assert answer["isAuthorized"] is True
    elif "RequestType" in event:
        assert answer["PhysicalResourceId"]
        assert bool(ran) == (module_of(sample).endswith("database_roles") and event["RequestType"] != "Delete")


def test_every_function_has_a_sample() -> None:
    assert {module_of(sample) for sample in SAMPLES} == {f"functions.{row.module.replace('/', '.')}" for row in CATALOG}
