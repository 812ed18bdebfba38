"""Drives a consumer's handler as Lambda's Kinesis mapping would, with the faults of reliability tests thrown in.

The rules are those of `infra.local.event_source`; time is virtual, so a run is quick and depends on its seed alone
(with `workers` above 1, on the order of threads too: lanes then run truly side by side).
"""

from __future__ import annotations

import bisect
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from infra.local.event_source import Batch, Discarded, Mapping, Record, ShardLanes, kinesis_event

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/events"
START = 1_700_000_000.0


@dataclass(frozen=True)
class Faults:
    """How often what goes wrong, as parts of one."""

    lost_acknowledgement: float = 0.0
    """The function did its work, but the answer was lost: the batch comes again."""
    twice: float = 0.0
    """The batch is delivered two times at once before anything is noted."""
    restart: float = 0.0
    """The poller dies after a batch: its shard starts at the checkpoint again, cut into other batches."""


@dataclass
class Report:
    """What happened."""

    invocations: int = 0
    failures: int = 0
    restarts: int = 0
    given_up: list[Discarded] = field(default_factory=list)


def stream(payloads: Sequence[tuple[str, bytes]], shards: int, rng: random.Random) -> dict[str, list[Record]]:
    """Lay (partition key, data) out over shards at random, each with sequence numbers of its own."""
    laid: dict[str, list[Record]] = {f"shardId-{n:012d}": [] for n in range(shards)}
    for number, (key, data) in enumerate(payloads):
        shard = rng.choice(list(laid))
        laid[shard].append(Record(shard, f"{number:056d}", key, data, START + number / 1000))
    return laid


class Simulator:
    """One mapping over given shards. `invoke` gets an event and returns or raises as a handler does."""

    def __init__(
        self,
        shards: dict[str, list[Record]],
        mapping: Mapping,
        invoke: Callable[[dict[str, Any]], Any],
        rng: random.Random,
        faults: Faults = Faults(),
        workers: int = 1,
    ) -> None:
        self._shards = shards
        self._mapping = mapping
        self._invoke = invoke
        self._rng = rng
        self._faults = faults
        self._workers = workers
        self._now = START + 3600
        self._lanes = {name: ShardLanes(mapping) for name in shards}
        self._read = dict.fromkeys(shards, 0)
        self._flying: list[tuple[str, ShardLanes, Batch]] = []
        self.report = Report()

    def run(self) -> Report:
        """Go on until every record is done or given up."""
        running: set[Future[tuple[tuple[str, ShardLanes, Batch], bool, Any]]] = set()
        with ThreadPoolExecutor(self._workers) as pool:
            while running or self._unfinished():
                for name in self._rng.sample(list(self._shards), len(self._shards)):
                    self._advance(name)
                self._rng.shuffle(self._flying)
                count = min(len(self._flying), self._workers - len(running))
                now, self._flying = self._flying[:count], self._flying[count:]
                running |= {pool.submit(self._deliver, flight) for flight in now}
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for (name, lanes, batch), failed, answer in [future.result() for future in done]:
                    self._note(name, lanes, batch, answer, failed=failed)
                self._now += self._rng.random() * 2
        return self.report

    def _unfinished(self) -> bool:
        return any(
            self._read[name] < len(records) or self._lanes[name].unfinished for name, records in self._shards.items()
        )

    def _advance(self, name: str) -> None:
        """Read a random stretch of a shard and take what is due."""
        lanes, start = self._lanes[name], self._read[name]
        stretch = self._shards[name][start : start + self._rng.randint(0, 2 * self._mapping.batch_size)]
        self._read[name] += len(stretch)
        lanes.offer(stretch, self._now)
        batches, discarded = lanes.take(self._now, flush=self._read[name] == len(self._shards[name]) and not stretch)
        self.report.given_up += discarded
        self._flying += [(name, lanes, batch) for batch in batches]

    def _deliver(self, flight: tuple[str, ShardLanes, Batch]) -> tuple[tuple[str, ShardLanes, Batch], bool, Any]:
        event = kinesis_event(flight[2].records, ARN)
        answer = None
        try:
            for _ in range(1 + (self._rng.random() < self._faults.twice)):
                self.report.invocations += 1
                answer = self._invoke(event)
        except Exception:  # noqa: BLE001 - whatever a handler raises fails the batch
            return flight, True, None
        return flight, self._rng.random() < self._faults.lost_acknowledgement, answer

    def _note(self, name: str, lanes: ShardLanes, batch: Batch, answer: object, *, failed: bool) -> None:
        if lanes is not self._lanes[name]:
            return  # the poller that sent it is dead
        if failed:
            self.report.failures += 1
            given_up = lanes.failed(batch, self._now)
        else:
            given_up = lanes.succeeded(batch, answer, self._now)
        self.report.given_up += [given_up] if given_up else []
        if self._rng.random() < self._faults.restart:
            self._restart(name)

    def _restart(self, name: str) -> None:
        """Forget a shard's lanes and begin at its checkpoint, with another batch size."""
        checkpoint = self._lanes[name].checkpoint
        size = self._rng.randint(1, self._mapping.batch_size)
        self._lanes[name] = ShardLanes(replace(self._mapping, batch_size=size), checkpoint)
        self._read[name] = bisect.bisect_right(self._shards[name], checkpoint or "", key=lambda record: record.sequence)
        self.report.restarts += 1
