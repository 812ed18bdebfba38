"""An AWS, empty for each test, and a site with keys in its registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from streamgauge.access import registry
from streamgauge.access.registry import KeyRecord, SiteRecord

from tests.support.aws import ENVIRONMENT, Aws
from tests.support.container import forget

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def aws(moto: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    """Return an empty AWS that knows the sites `blog` and `shop`."""
    for name, value in {**ENVIRONMENT, "AWS_ENDPOINT_URL": moto.url, "ORIGIN_SECRET": "an-origin-secret"}.items():
        monkeypatch.setenv(name, value)
    forget()
    moto.reset()
    registry.project_site(SiteRecord("blog", 1, "Blog", "Europe/Berlin", ("example.org",), {}, b"secret"))
    registry.project_site(SiteRecord("shop", 2, "Shop", "UTC", (), {"catalog_strict": True}, b"other"))
    for raw, site, scope in (("w", "blog", "write"), ("s", "blog", "server"), ("all", "*", "server")):
        registry.project_key(registry.key_hash(raw), KeyRecord(f"key_{raw}", site, scope))
    yield moto
    forget()
