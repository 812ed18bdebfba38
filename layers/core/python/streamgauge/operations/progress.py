"""How far the consumers have come, as the text that Prometheus reads (format 0.0.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from streamgauge.settings import settings
from streamgauge.store import dynamo

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PARTITION: Final = "progress"
LONGEST_BATCH_SECONDS: Final = 300
"""The timeout of the warehouse's consumer."""
CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


def progress_items() -> list[dict[str, Any]]:
    """Return what each lane of the warehouse's consumer last said of itself. Raises StoreAwayError."""
    table = settings().text("STATUS_TABLE")
    return list(dynamo.query_all(table, "pk = :pk", values={":pk": PARTITION}))


def lag_seconds(items: Iterable[Mapping[str, Any]], now: float) -> float:
    """Return how far the slowest lane is behind: by the batch in its hands (`pending_since`), else as of its last batch.

    A lane without a batch for longer than one may take has nothing left to do: its shard is silent, or closed.
    """
    lags = [0.0]
    for item in items:
        if item.get("pending_since"):
            lags.append(now - float(item["pending_since"]))
        elif now - float(item.get("at", 0)) <= LONGEST_BATCH_SECONDS:
            lags.append(float(item.get("at", 0)) - float(item.get("last_arrival", 0)))
    return max(lags)


def write_metrics(items: Iterable[Mapping[str, Any]], now: float, connections: int) -> str:
    """Return the four metrics."""
    lanes = list(items)
    events = sum(int(item.get("events", 0)) for item in lanes)
    busy = sum(float(item.get("busy_seconds", 0)) for item in lanes)
    duration = "analytics_service_event_processing_duration_seconds"
    lines = [
        *_head("analytics_service_events_processed_total", "counter", "Events that the warehouse has taken in."),
        f"analytics_service_events_processed_total {events}",
        *_head(duration, "summary", "Time that the warehouse spent, per event."),
        f"{duration}_sum {busy!r}",
        f"{duration}_count {events}",
        *_head("analytics_service_websocket_connections", "gauge", "Open live connections."),
        f"analytics_service_websocket_connections {connections}",
        *_head("analytics_service_kafka_consumer_lag", "gauge", "Seconds that the slowest shard is behind."),
        f"analytics_service_kafka_consumer_lag {lag_seconds(lanes, now)!r}",
    ]
    return "\n".join(lines) + "\n"


def _head(name: str, kind: str, help_: str) -> tuple[str, str]:
    return f"# HELP {name} {help_}", f"# TYPE {name} {kind}"
