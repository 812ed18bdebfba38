"""A container of functions, as it is when it starts: nothing of an earlier call, environment or store is kept."""

from __future__ import annotations

from streamgauge import telemetry
from streamgauge.access import registry, salts
from streamgauge.ingestion import catalogue, visitors
from streamgauge.settings import settings
from streamgauge.store import dead_letters, postgres, wire
from streamgauge.warehouse import pending

from functions.api import ingest, library, sessions


def forget() -> None:
    """Let go of all that functions hold between calls, connections included."""
    settings.cache_clear()
    registry.forget()
    salts.forget()
    catalogue.forget()
    pending.forget()
    dead_letters._listed.clear()
    visitors.visitor_of.cache_clear()
    ingest.origin_secret.cache_clear()
    ingest.pipeline_of_container.cache_clear()
    library._held.cache_clear()
    sessions._calls.cache_clear()
    telemetry.logger.cache_clear()
    telemetry.metrics.cache_clear()
    postgres.discard()
    wire.hang_up()
