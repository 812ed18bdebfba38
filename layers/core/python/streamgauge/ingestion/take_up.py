"""Objects that hold records for the stream go back to it: what ingest spilled, and batches that a mapping gave up.

An object is removed once the stream has acknowledged all of it. Stopped half way, a run begins with the same objects again:
their events are the same, and count once.
"""

from __future__ import annotations

from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from streamgauge.ingestion import delivery
from streamgauge.store import archive, dynamo, kinesis

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from streamgauge.store.archive import Stored
    from streamgauge.store.kinesis import Record

SPILL: Final = delivery.PREFIX
FAILURES: Final = "aws/lambda/"
"""Lambda itself chooses this prefix for the batches that an event source mapping gives up."""

AT_ONCE: Final = 500
_READERS: Final = 8
_FEW: Final = 25
"""Objects read together; each holds up to 500 records."""


class Taken(NamedTuple):
    """How many objects and records went back, and how many objects could not be read and stay."""

    objects: int
    records: int
    unreadable: int


def take_up(
    bucket: str,
    stream: str,
    objects: Sequence[Stored],
    read: Callable[[bytes], list[Record]],
    in_time: Callable[[], bool],
) -> Taken:
    """Put the records of objects back on the stream, oldest first, while there is time. Stops when the stream is away."""
    taken = records = unreadable = 0
    with ThreadPoolExecutor(max_workers=_READERS) as pool:
        for few in _pieces(objects, _FEW):
            if not in_time():
                break
            bodies = pool.map(lambda stored: archive.get(bucket, stored.key), few)
            good: list[tuple[Stored, list[Record]]] = []
            for stored, body in zip(few, bodies, strict=True):
                try:
                    good.append((stored, read(body) if body else []))
                except (msgspec.MsgspecError, ValueError, KeyError, TypeError):
                    unreadable += 1
            acknowledged = kinesis.put_groups(stream, [found for _, found in good])
            done = [one for one, whole in zip(good, acknowledged, strict=True) if whole]
            list(pool.map(lambda one: archive.delete(bucket, one[0].key), done))
            taken += len(done)
            records += sum(len(found) for _, found in done)
            if len(done) < len(good):
                break
    return Taken(taken, records, unreadable)


def read_given_up(body: bytes) -> list[Record]:
    """Return the records of a batch that Lambda gave up, as its destination in S3 keeps them. Raises ValueError and others."""
    document: dict[str, Any] = msgspec.json.decode(body)
    payload = document["payload"]
    if isinstance(payload, str):
        payload = msgspec.json.decode(payload)
    return [(record["kinesis"]["partitionKey"], b64decode(record["kinesis"]["data"])) for record in payload["Records"]]


def due(objects: Sequence[Stored], table: str, now: float) -> list[Stored]:
    """Return those batches that may go back: all of them once the warehouse has stored anything since they were given up.

    As long as it has not, one at a time may try, so that silence does not keep them away for ever.
    """
    progress = dynamo.query_all(table, "pk = :pk", values={":pk": "progress"})
    last = max((int(item.get("at", 0)) for item in progress), default=0)
    healthy = [stored for stored in objects if stored.modified.timestamp() < min(last, now)]
    return healthy or list(objects[:1])


def _pieces(objects: Sequence[Stored], size: int) -> Iterator[Sequence[Stored]]:
    for start in range(0, len(objects), size):
        yield objects[start : start + size]
