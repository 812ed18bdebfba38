"""Every five minutes: puts batches that a mapping gave up back on the stream, once the warehouse stores again."""

from __future__ import annotations

import time
from typing import Any, Final

from streamgauge import telemetry
from streamgauge.ingestion.take_up import FAILURES, due, read_given_up, take_up
from streamgauge.settings import settings
from streamgauge.store import archive

SECONDS: Final = 180
MOST: Final = 200


def run(now: float, seconds: float = SECONDS) -> dict[str, int]:
    """Put back what is due at `now` (epoch seconds) for at most so long; return what was done."""
    end = time.monotonic() + seconds
    bucket = settings().text("ARCHIVE_BUCKET")
    objects = archive.list_objects(bucket, FAILURES, limit=MOST)
    if not objects:
        return {}
    ready = due(objects, settings().text("STATUS_TABLE"), now)
    stream = settings().text("STREAM_NAME")
    return take_up(bucket, stream, ready, read_given_up, lambda: time.monotonic() < end)._asdict()


def handler(event: object, context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Put back what is due; any event will do."""
    done = run(time.time())
    if any(done.values()):
        telemetry.logger().info("given up batches put back", extra=done)
    return done
