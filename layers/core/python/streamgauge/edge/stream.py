"""Adapters to event source mappings: an invocation's event to the records of Kinesis, or to the new items of a table."""

from __future__ import annotations

from base64 import b64decode
from typing import Any, NamedTuple

from streamgauge import telemetry
from streamgauge.events.records import StreamRecord
from streamgauge.store.dynamo_values import Item, from_wire


def records_of(event: dict[str, Any]) -> list[StreamRecord]:
    """Return the records of an invocation, in order; the log then names the first of them."""
    telemetry.correlate(event["Records"][0]["eventID"] if event["Records"] else "")
    return [
        StreamRecord(
            record["eventID"].partition(":")[0],
            record["kinesis"]["sequenceNumber"],
            float(record["kinesis"]["approximateArrivalTimestamp"]),
            b64decode(record["kinesis"]["data"]),
        )
        for record in event["Records"]
    ]


class NewItem(NamedTuple):
    """An item that was put into a table, and the sequence number by which its stream knows that."""

    sequence: str
    item: Item


def new_items_of(event: dict[str, Any]) -> list[NewItem]:
    """Return the items that an invocation of a table's stream tells of, in order; changes and removals are left out."""
    return [
        NewItem(record["dynamodb"]["SequenceNumber"], from_wire(record["dynamodb"]["NewImage"]))
        for record in event["Records"]
        if record["eventName"] == "INSERT"
    ]
