"""How each store is. Nothing here wakes a paused database: Aurora is asked about, not asked."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal

from streamgauge.operations.progress import progress_items
from streamgauge.settings import settings
from streamgauge.store import archive, cloudwatch, dynamo, wire

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

State = Literal["ok", "idle", "unknown", "away"]
"""`idle`: Aurora is paused and will resume; `unknown`: nothing tells, which is no alarm."""

PATIENCE_SECONDS: Final = 2.5
RECENT_SECONDS: Final = 90
"""A batch stored this lately says that Postgres is well."""


def check(probes: Mapping[str, Callable[[], State]], patience: float = PATIENCE_SECONDS) -> dict[str, State]:
    """Run all probes at once; one that fails or takes too long means that its store is away."""
    pool = ThreadPoolExecutor(max_workers=len(probes))
    futures = {name: pool.submit(probe) for name, probe in probes.items()}
    done, _ = wait(futures.values(), timeout=patience)
    pool.shutdown(wait=False, cancel_futures=True)
    return {
        name: future.result() if future in done and future.exception() is None else "away"
        for name, future in futures.items()
    }


def probes() -> dict[str, Callable[[], State]]:
    """Return how each dependency is asked."""
    return {"postgres": ask_postgres, "dynamodb": ask_dynamodb, "kinesis": ask_kinesis, "s3": ask_s3}


def ask_dynamodb() -> State:
    """Read an item that does not exist."""
    dynamo.get_item(settings().text("REGISTRY_TABLE"), {"pk": "health", "sk": "health"})
    return "ok"


def ask_kinesis() -> State:
    """Ask whether the stream takes records."""
    request = {"StreamName": settings().text("STREAM_NAME")}
    answer = wire.call("kinesis", "Kinesis_20131202.DescribeStreamSummary", "1.1", request, attempts=2)
    status = answer["StreamDescriptionSummary"]["StreamStatus"]
    return "ok" if status in ("ACTIVE", "UPDATING") else "away"


def ask_s3() -> State:
    """List one object at most."""
    archive.list_objects(settings().text("ARCHIVE_BUCKET"), "dead-letters/", limit=1)
    return "ok"


def ask_postgres() -> State:
    """Ping a server of one's own; of Aurora, look at the last stored batch, then at its capacity (0: paused)."""
    if settings().text("DATABASE_URL", ""):
        # The process' own health, the commonest question, needs no database client.
        from streamgauge.store import postgres  # noqa: PLC0415

        postgres.connect(wait_seconds=0).close()
        return "ok"
    newest = max((float(item.get("at", 0)) for item in progress_items()), default=0.0)
    if time.time() - newest < RECENT_SECONDS:
        return "ok"
    cluster = settings().text("DATABASE_CLUSTER", "")
    if not cluster:
        return "unknown"
    now = datetime.now(UTC)
    dimension = ("DBClusterIdentifier", cluster)
    capacity = cloudwatch.newest("AWS/RDS", "ServerlessDatabaseCapacity", dimension, now - timedelta(minutes=10), now)
    if capacity is None:
        return "unknown"
    return "ok" if capacity > 0 else "idle"
