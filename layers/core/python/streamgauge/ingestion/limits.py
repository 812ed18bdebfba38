"""The stage's settings that ingest asks for with every event, read once."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import msgspec

from streamgauge.errors import UnavailableError
from streamgauge.settings import Settings, settings

DAY: Final = 86_400 * 1_000_000

_DISABLED_RETRY_SECONDS: Final = 60


class Limits(msgspec.Struct, frozen=True):
    """Ages in microseconds, rates in requests a minute (0: no limit)."""

    enabled: bool
    stream: str
    max_age: int
    catalog_strict: bool
    rate_per_address: int
    rate_per_key: int


@lru_cache(maxsize=4)
def _read(environment: Settings) -> Limits:
    return Limits(
        enabled=environment.enabled,
        stream=environment.text("STREAM_NAME"),
        max_age=environment.max_event_age_days * DAY,
        catalog_strict=environment.flag("ANALYTICS_CATALOG_STRICT", default=False),
        rate_per_address=environment.integer("ANALYTICS_RATE_LIMIT_PER_IP", 300),
        rate_per_key=environment.integer("ANALYTICS_RATE_LIMIT_PER_KEY", 6000),
    )


def limits() -> Limits:
    """Return the limits of this stage."""
    return _read(settings())


def limits_of_ingest() -> Limits:
    """Return the limits, where anything is taken. Raises UnavailableError while analytics is switched off."""
    found = limits()
    if not found.enabled:
        raise UnavailableError("Analytics is switched off at the moment.", _DISABLED_RETRY_SECONDS)
    return found
