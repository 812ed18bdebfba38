"""Every minute: puts what ingest spilled, while the stream was away, back on the stream."""

from __future__ import annotations

import time
from typing import Any, Final

from streamgauge import telemetry
from streamgauge.ingestion.delivery import read_spilled
from streamgauge.ingestion.take_up import SPILL, take_up
from streamgauge.settings import settings
from streamgauge.store import archive

SECONDS: Final = 40
MOST: Final = 5000


def run(seconds: float = SECONDS) -> dict[str, int]:
    """Take up spilled objects for at most so long; return what was done."""
    end = time.monotonic() + seconds
    bucket = settings().text("ARCHIVE_BUCKET")
    objects = archive.list_objects(bucket, SPILL, limit=MOST)
    stream = settings().text("STREAM_NAME")
    return take_up(bucket, stream, objects, read_spilled, lambda: time.monotonic() < end)._asdict()


def handler(event: object, context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Take up what was spilled; any event will do."""
    done = run()
    if any(done.values()):
        telemetry.logger().info("spill taken up", extra=done)
    return done
