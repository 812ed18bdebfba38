"""An AWS, empty for each test, and a site with keys in its registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from streamgauge import telemetry
from streamgauge.access import registry, salts
from streamgauge.access.registry import KeyRecord, SiteRecord
from streamgauge.ingestion import catalogue
from streamgauge.settings import settings
from streamgauge.store import dead_letters, wire

from functions.api import ingest
from tests.support.aws import ENVIRONMENT, Aws, serving

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def server() -> Iterator[Aws]:
    """Return the server of this session."""
    with serving() as aws:
        yield aws


@pytest.fixture
def aws(server: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    """Return an empty AWS that knows the sites `blog` and `shop`."""
    for name, value in {**ENVIRONMENT, "AWS_ENDPOINT_URL": server.url, "ORIGIN_SECRET": "an-origin-secret"}.items():
        monkeypatch.setenv(name, value)
    _forget()
    server.reset()
    registry.project_site(SiteRecord("blog", 1, "Blog", "Europe/Berlin", ("example.org",), {}, b"secret"))
    registry.project_site(SiteRecord("shop", 2, "Shop", "UTC", (), {"catalog_strict": True}, b"other"))
    for raw, site, scope in (("w", "blog", "write"), ("s", "blog", "server"), ("all", "*", "server")):
        registry.project_key(registry.key_hash(raw), KeyRecord(f"key_{raw}", site, scope))
    yield server
    wire.hang_up()
    _forget()


def _forget() -> None:
    settings.cache_clear()
    registry.forget()
    salts.forget()
    catalogue.forget()
    dead_letters._listed.clear()
    ingest.origin_secret.cache_clear()
    ingest.pipeline_of_container.cache_clear()
    telemetry.logger.cache_clear()
    telemetry.metrics.cache_clear()
