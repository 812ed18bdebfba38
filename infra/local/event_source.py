"""What a Kinesis event source mapping of Lambda does with the records of a shard, as documented by AWS.

Batch size and window, lanes by partition key (`ParallelizationFactor`), whole-batch retries, bisect, partial responses,
limits of retries and age, and a checkpoint that never passes an unfinished record. No clock, no network: callers say what
time it is and what became of a batch. The local stack (`mapping_runner.py`) and the tests drive functions with it.
"""

from __future__ import annotations

import base64
import zlib
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Lambda's own limit of a synchronous invocation: a batch is closed before its records pass it.
_PAYLOAD_BYTES: Final = 6 * 1024 * 1024
_RECORD_OVERHEAD_BYTES: Final = 600
_FIRST_PAUSE_SECONDS: Final = 0.1
_LONGEST_PAUSE_SECONDS: Final = 5.0

Condition = Literal["RetryAttemptsExhausted", "RecordAgeExceeded"]


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a shard; `arrived` in seconds since the epoch."""

    shard: str
    sequence: str
    partition_key: str
    data: bytes
    arrived: float


@dataclass(frozen=True, slots=True)
class Mapping:
    """The settings of an event source mapping under their meaning; -1 = without limit."""

    batch_size: int = 100
    window_seconds: float = 0.0
    parallelization: int = 1
    bisect: bool = False
    max_retries: int = -1
    max_age_seconds: int = -1
    partial_responses: bool = False


@dataclass(frozen=True, slots=True)
class Batch:
    """Records of one lane that go to the function together; `retries` counts failures, splits and throttles excluded."""

    lane: int
    records: tuple[Record, ...]
    retries: int = 0
    throttles: int = 0
    not_before: float = 0.0


@dataclass(frozen=True, slots=True)
class Discarded:
    """Records given up: they go to the on-failure destination, whole."""

    records: tuple[Record, ...]
    condition: Condition
    invocations: int


@dataclass(slots=True)
class _Lane:
    waiting: deque[tuple[Record, float]] = field(default_factory=deque)
    pending: deque[Batch] = field(default_factory=deque)
    in_flight: Batch | None = None


class ShardLanes:
    """The lanes of one shard between its reader and the function. At most one batch per lane is in flight."""

    def __init__(self, mapping: Mapping, checkpoint: str | None = None) -> None:
        self.mapping = mapping
        self.checkpoint = checkpoint
        self._lanes = [_Lane() for _ in range(max(1, mapping.parallelization))]
        self._order: deque[str] = deque()
        self._done: set[str] = set()

    @property
    def unfinished(self) -> int:
        """How many records were read and are not yet done: the reader pauses when it is many."""
        return len(self._order) - len(self._done)

    def lane_of(self, partition_key: str) -> int:
        """Return the lane of a partition key: the same key keeps its order."""
        return zlib.crc32(partition_key.encode("utf-8", "surrogatepass")) % len(self._lanes)

    def offer(self, records: Iterable[Record], now: float) -> None:
        """Take in records as read from the shard, in its order."""
        for record in records:
            self._order.append(record.sequence)
            self._lanes[self.lane_of(record.partition_key)].waiting.append((record, now))

    def take(self, now: float, *, flush: bool = False) -> tuple[list[Batch], list[Discarded]]:
        """Return the batches to invoke now, one at most per free lane, and the records whose age is over.

        `flush` closes open batches without waiting for size or window.
        """
        batches: list[Batch] = []
        discarded: list[Discarded] = []
        for number, lane in enumerate(self._lanes):
            while lane.in_flight is None:
                batch = self._next(number, lane, now, flush=flush)
                if batch is None:
                    break
                fresh = tuple(record for record in batch.records if not self._too_old(record, now))
                if len(fresh) < len(batch.records):
                    old = tuple(record for record in batch.records if self._too_old(record, now))
                    self._finish(old)
                    discarded.append(Discarded(old, "RecordAgeExceeded", batch.retries))
                if fresh:
                    lane.in_flight = Batch(number, fresh, batch.retries, batch.throttles)
                    batches.append(lane.in_flight)
        return batches, discarded

    def wake_at(self) -> float | None:
        """Return when a free lane will have something to invoke; None: not before something else happens."""
        moments = []
        for lane in self._lanes:
            if lane.in_flight is not None:
                continue
            if lane.pending:
                moments.append(lane.pending[0].not_before)
            elif lane.waiting:
                full = len(lane.waiting) >= self.mapping.batch_size
                moments.append(0.0 if full else lane.waiting[0][1] + self.mapping.window_seconds)
        return min(moments, default=None)

    def succeeded(self, batch: Batch, answer: object, now: float) -> Discarded | None:
        """Note an answer of the function; with partial responses on, it may name records to send again."""
        if not self.mapping.partial_responses or not isinstance(answer, dict):
            self._release(batch, ())
            self._finish(batch.records)
            return None
        failures = answer.get("batchItemFailures") or []
        if not failures:
            self._release(batch, ())
            self._finish(batch.records)
            return None
        named = {item.get("itemIdentifier") for item in failures if isinstance(item, dict)}
        first = next((n for n, record in enumerate(batch.records) if record.sequence in named), None)
        if first is None:  # names no record of the batch: all of it failed
            return self.failed(batch, now)
        self._finish(batch.records[:first])
        return self._again(batch, [batch.records[first:]], now)

    def failed(self, batch: Batch, now: float) -> Discarded | None:
        """Note an error or a timeout of the function: split, send again, or give up."""
        size = len(batch.records)
        if self.mapping.bisect and size > 1:
            # A split costs no retry.
            halves = (batch.records[: size // 2], batch.records[size // 2 :])
            self._release(batch, [Batch(batch.lane, half, batch.retries) for half in halves])
            return None
        return self._again(batch, [batch.records], now)

    def throttled(self, batch: Batch, now: float) -> None:
        """Note that the function was not invoked for want of concurrency: this costs no retry."""
        throttles = batch.throttles + 1
        again = Batch(batch.lane, batch.records, batch.retries, throttles, now + _pause(throttles))
        self._release(batch, [again])

    def _again(self, batch: Batch, parts: list[tuple[Record, ...]], now: float) -> Discarded | None:
        retries = batch.retries + 1
        if 0 <= self.mapping.max_retries < retries:
            records = tuple(record for part in parts for record in part)
            self._release(batch, ())
            self._finish(records)
            return Discarded(records, "RetryAttemptsExhausted", retries)
        self._release(batch, [Batch(batch.lane, part, retries, 0, now + _pause(retries)) for part in parts])
        return None

    def _next(self, number: int, lane: _Lane, now: float, *, flush: bool) -> Batch | None:
        """Return the lane's next batch when it is due, taken out of what waits."""
        if lane.pending:
            return lane.pending.popleft() if flush or lane.pending[0].not_before <= now else None
        if not lane.waiting:
            return None
        count = size = 0
        for record, _ in lane.waiting:
            grown = size + len(record.data) * 4 // 3 + _RECORD_OVERHEAD_BYTES
            if count and (count >= self.mapping.batch_size or grown > _PAYLOAD_BYTES):
                break
            count, size = count + 1, grown
        full = count >= self.mapping.batch_size or count < len(lane.waiting)
        if not (full or flush or now - lane.waiting[0][1] >= self.mapping.window_seconds):
            return None
        return Batch(number, tuple(lane.waiting.popleft()[0] for _ in range(count)))

    def _release(self, batch: Batch, again: Sequence[Batch]) -> None:
        lane = self._lanes[batch.lane]
        if lane.in_flight is not batch:
            raise ValueError("the batch is not in flight")
        lane.in_flight = None
        lane.pending.extendleft(reversed(again))

    def _finish(self, records: Iterable[Record]) -> None:
        self._done.update(record.sequence for record in records)
        while self._order and self._order[0] in self._done:
            self.checkpoint = self._order.popleft()
            self._done.discard(self.checkpoint)

    def _too_old(self, record: Record, now: float) -> bool:
        return 0 <= self.mapping.max_age_seconds < now - record.arrived


def _pause(failures: int) -> float:
    """Return how long to wait after so many failures in a row."""
    return min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * float(2 ** min(failures - 1, 10)))


def kinesis_event(records: Iterable[Record], stream_arn: str) -> dict[str, Any]:
    """Return the event that Lambda hands to the function of a Kinesis mapping."""
    region, account = stream_arn.split(":")[3:5]
    return {
        "Records": [
            {
                "kinesis": {
                    "kinesisSchemaVersion": "1.0",
                    "partitionKey": record.partition_key,
                    "sequenceNumber": record.sequence,
                    "data": base64.b64encode(record.data).decode(),
                    "approximateArrivalTimestamp": record.arrived,
                },
                "eventSource": "aws:kinesis",
                "eventVersion": "1.0",
                "eventID": f"{record.shard}:{record.sequence}",
                "eventName": "aws:kinesis:record",
                "invokeIdentityArn": f"arn:aws:iam::{account}:role/local",
                "awsRegion": region,
                "eventSourceARN": stream_arn,
            }
            for record in records
        ]
    }
