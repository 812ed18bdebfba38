"""What unit tests share: a known environment, and a store without a network."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
from streamgauge import telemetry
from streamgauge.access import registry, salts
from streamgauge.settings import settings

from tests.support.fake_dynamo import FakeDynamo
from tests.support.requests import ORIGIN_SECRET

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Set what functions read from the environment; forget what earlier tests left behind."""
    monkeypatch.setenv("ORIGIN_SECRET", ORIGIN_SECRET)
    monkeypatch.setenv("REGISTRY_TABLE", "registry")
    monkeypatch.setenv("STATUS_TABLE", "status")
    _forget()
    yield monkeypatch
    _forget()


@pytest.fixture
def table(environment: pytest.MonkeyPatch) -> FakeDynamo:
    """Return the registry in memory, installed as the store."""
    fake = FakeDynamo()
    fake.install(environment)
    return fake


def _forget() -> None:
    settings.cache_clear()
    registry.forget()
    salts.forget()
    telemetry.logger.cache_clear()
    telemetry.metrics.cache_clear()
    # Powertools keeps one logger a name, with the standard output of the test that first used it.
    logging.Logger.manager.loggerDict.pop("streamgauge-local", None)
