"""Adapter to a Kinesis event source mapping: the invocation's event to records."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

from streamgauge.events.records import StreamRecord


def records_of(event: dict[str, Any]) -> list[StreamRecord]:
    """Return the records of an invocation, in order."""
    return [
        StreamRecord(
            record["eventID"].partition(":")[0],
            record["kinesis"]["sequenceNumber"],
            float(record["kinesis"]["approximateArrivalTimestamp"]),
            b64decode(record["kinesis"]["data"]),
        )
        for record in event["Records"]
    ]
