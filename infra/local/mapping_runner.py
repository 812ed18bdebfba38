"""Drives the deployed Kinesis event source mappings: reads shards, invokes consumers, keeps checkpoints.

Each mapping runs by itself, so a consumer that waits never delays another. What a mapping does with its records is
`event_source.py`; here are the clock, MiniStack and the checkpoints, which stay in the state folder.
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import os
import signal
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import aiohttp

from infra.local.aws import Cloud, CloudError
from infra.local.event_source import Batch, Discarded, Mapping, Record, ShardLanes, kinesis_event

if TYPE_CHECKING:
    from collections.abc import Callable

_POLL_SECONDS: Final = 0.1
_IDLE_POLL_SECONDS: Final = 0.25
_BUSY_SECONDS: Final = 30.0
_SHARDS_SECONDS: Final = 5.0
_AWAY_SECONDS: Final = 0.5
_READ_AHEAD_BATCHES: Final = 10
_logger = logging.getLogger("event_source")


@dataclass(frozen=True)
class Deployed:
    """An event source mapping as it is deployed."""

    identity: str
    stream_arn: str
    function_arn: str
    mapping: Mapping
    from_start: bool
    on_failure_bucket: str | None

    @property
    def function(self) -> str:
        """The function's name."""
        return self.function_arn.split(":")[6]

    @property
    def stream(self) -> str:
        """The stream's name."""
        return self.stream_arn.rpartition("/")[2]


def deployed(described: dict[str, Any]) -> Deployed:
    """Read a mapping as ListEventSourceMappings describes it."""
    destination = (described.get("DestinationConfig") or {}).get("OnFailure", {}).get("Destination", "")
    return Deployed(
        identity=described["UUID"],
        stream_arn=described["EventSourceArn"],
        function_arn=described["FunctionArn"],
        mapping=Mapping(
            batch_size=int(described.get("BatchSize", 100)),
            window_seconds=float(described.get("MaximumBatchingWindowInSeconds") or 0),
            parallelization=int(described.get("ParallelizationFactor") or 1),
            bisect=bool(described.get("BisectBatchOnFunctionError")),
            max_retries=int(described.get("MaximumRetryAttempts", -1)),
            max_age_seconds=int(described.get("MaximumRecordAgeInSeconds", -1)),
            partial_responses="ReportBatchItemFailures" in (described.get("FunctionResponseTypes") or ()),
        ),
        from_start=described.get("StartingPosition") == "TRIM_HORIZON",
        on_failure_bucket=destination.rpartition(":::")[2] or None if ":s3:::" in destination else None,
    )


class Checkpoints:
    """The last finished sequence number of each shard of a mapping, in a file that is replaced whole."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._held: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}

    def get(self, shard: str) -> str | None:
        """Return where a shard stood."""
        return self._held.get(shard)

    def put(self, shard: str, sequence: str | None) -> None:
        """Keep where a shard stands."""
        if sequence is None or self._held.get(shard) == sequence:
            return
        self._held[shard] = sequence
        fresh = self._file.with_suffix(".new")
        fresh.write_text(json.dumps(self._held))
        fresh.replace(self._file)


class _Reader:
    """Reads one shard from where it stood; an error means: again, a little later."""

    def __init__(self, cloud: Cloud, stream: str, shard: str, after: str | None, *, from_start: bool) -> None:
        self._cloud = cloud
        self._stream = stream
        self._shard = shard
        self._after = after
        self._start = "TRIM_HORIZON" if from_start else "LATEST"
        self._iterator: str | None = None
        self._busy_until = 0.0
        self.finished = False
        self.pause = _POLL_SECONDS

    async def read(self, limit: int) -> list[Record]:
        """Return the next records; `pause` says how long to wait when there were none, `finished` that none will come."""
        if self.finished:
            return []
        try:
            if self._iterator is None:
                self._iterator = await self._new_iterator()
            got = await self._cloud.kinesis("GetRecords", ShardIterator=self._iterator, Limit=min(limit, 10_000))
        except (CloudError, aiohttp.ClientError, TimeoutError) as error:
            # An expired iterator is taken anew; so is everything after MiniStack was away.
            self._iterator = None
            self.pause = _AWAY_SECONDS
            # MiniStack drops a shard when it is split or merged.
            self.finished = isinstance(error, CloudError) and error.code == "ResourceNotFoundException"
            return []
        self._iterator = got.get("NextShardIterator")
        self.finished = self._iterator is None
        records = [_record(self._shard, raw) for raw in got["Records"]]
        now = time.monotonic()
        if records:
            self._after = records[-1].sequence
            self._busy_until = now + _BUSY_SECONDS
        self.pause = _POLL_SECONDS if now < self._busy_until else _IDLE_POLL_SECONDS
        return records

    async def _new_iterator(self) -> str:
        position = (
            {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": self._after}
            if self._after
            else {"ShardIteratorType": self._start}
        )
        found = await self._cloud.kinesis("GetShardIterator", StreamName=self._stream, ShardId=self._shard, **position)
        return str(found["ShardIterator"])


class MappingRunner:
    """Runs one mapping until `stop` is set; batches in flight are waited for."""

    def __init__(self, cloud: Cloud, of: Deployed, checkpoints: Checkpoints, stop: asyncio.Event) -> None:
        self._cloud = cloud
        self._of = of
        self._checkpoints = checkpoints
        self._stop = stop

    async def run(self) -> None:
        """Run every shard, new ones as they appear (a child once its parents are finished)."""
        running: dict[str, asyncio.Task[None]] = {}
        while not self._stop.is_set():
            try:
                shards = (await self._cloud.kinesis("ListShards", StreamName=self._of.stream))["Shards"]
            except (CloudError, aiohttp.ClientError, TimeoutError) as error:
                _logger.warning("%s: the stream cannot be listed: %s", self._of.function, error)
                shards = []
            open_parents = {name for name, task in running.items() if not task.done()}
            for shard in shards:
                name = shard["ShardId"]
                parents = {shard.get("ParentShardId"), shard.get("AdjacentParentShardId")}
                if name not in running and not parents & open_parents:
                    running[name] = asyncio.create_task(
                        self._shard(name, from_start=self._of.from_start or bool(running))
                    )
            await _wait(self._stop, _SHARDS_SECONDS if shards else _AWAY_SECONDS)
        await asyncio.gather(*running.values())

    async def _shard(self, shard: str, *, from_start: bool) -> None:
        lanes = ShardLanes(self._of.mapping, self._checkpoints.get(shard))
        reader = _Reader(self._cloud, self._of.stream, shard, lanes.checkpoint, from_start=from_start)
        changed = asyncio.Event()
        flying: set[asyncio.Task[None]] = set()
        while not self._stop.is_set() and not (reader.finished and lanes.unfinished == 0):
            now = time.time()
            room = self._of.mapping.batch_size * _READ_AHEAD_BATCHES - lanes.unfinished
            records = await reader.read(room) if room > 0 else []
            lanes.offer(records, now)
            batches, discarded = lanes.take(now)
            for given_up in discarded:
                await self._give_up(shard, given_up)
            for batch in batches:
                task = asyncio.create_task(self._invoke(shard, lanes, batch, changed))
                flying.add(task)
                task.add_done_callback(flying.discard)
            if records:
                continue  # there may be more
            wake = lanes.wake_at()
            pause = reader.pause if wake is None else min(reader.pause, max(0.0, wake - time.time()))
            changed.clear()
            await _first(self._stop, changed, seconds=pause)
        await asyncio.gather(*flying)
        self._checkpoints.put(shard, lanes.checkpoint)

    async def _invoke(self, shard: str, lanes: ShardLanes, batch: Batch, changed: asyncio.Event) -> None:
        given_up: Discarded | None = None
        try:
            done = await self._cloud.invoke(self._of.function, kinesis_event(batch.records, self._of.stream_arn))
        except (CloudError, aiohttp.ClientError, TimeoutError) as error:
            # Not invoked at all (MiniStack away, function being replaced): Lambda would try again without counting.
            _logger.warning("%s could not be invoked: %s", self._of.function, error)
            lanes.throttled(batch, time.time())
        else:
            now = time.time()
            if done.throttled:
                lanes.throttled(batch, now)
            elif done.error:
                _logger.warning(
                    "%s failed for %d records: %s", self._of.function, len(batch.records), _brief(done.payload)
                )
                given_up = lanes.failed(batch, now)
            else:
                given_up = lanes.succeeded(batch, done.payload, now)
        if given_up is not None:
            await self._give_up(shard, given_up)
        self._checkpoints.put(shard, lanes.checkpoint)
        changed.set()

    async def _give_up(self, shard: str, given_up: Discarded) -> None:
        """Write discarded records to the on-failure destination, as often as it takes: they are nowhere else."""
        _logger.error("%s: %d records given up: %s", self._of.function, len(given_up.records), given_up.condition)
        if self._of.on_failure_bucket is None:
            return
        key, body = failure_object(self._of, shard, given_up, datetime.now(UTC))
        while True:
            try:
                await self._cloud.put_object(self._of.on_failure_bucket, key, body)
            except (CloudError, aiohttp.ClientError, TimeoutError) as error:
                _logger.warning("the on-failure object could not be written, trying again: %s", error)
                await asyncio.sleep(_AWAY_SECONDS)
            else:
                return


def failure_object(of: Deployed, shard: str, given_up: Discarded, now: datetime) -> tuple[str, bytes]:
    """Return key and body of the object that Lambda writes to an S3 on-failure destination."""
    first, last = given_up.records[0], given_up.records[-1]
    stamp = now.strftime("%Y-%m-%dT%H.%M.%S")
    key = f"aws/lambda/{of.identity}/{shard}/{now:%Y/%m/%d}/{stamp}-{uuid.uuid4()}"
    body = {
        "requestContext": {
            "requestId": str(uuid.uuid4()),
            "functionArn": of.function_arn,
            "condition": given_up.condition,
            "approximateInvokeCount": given_up.invocations,
        },
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "version": "1.0",
        "timestamp": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "KinesisBatchInfo": {
            "shardId": shard,
            "startSequenceNumber": first.sequence,
            "endSequenceNumber": last.sequence,
            "approximateArrivalOfFirstRecord": _iso(first.arrived),
            "approximateArrivalOfLastRecord": _iso(last.arrived),
            "batchSize": len(given_up.records),
            "streamArn": of.stream_arn,
        },
        "payload": json.dumps(kinesis_event(given_up.records, of.stream_arn)),
    }
    return key, json.dumps(body).encode()


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _record(shard: str, raw: dict[str, Any]) -> Record:
    return Record(
        shard,
        raw["SequenceNumber"],
        raw["PartitionKey"],
        base64.b64decode(raw["Data"]),
        float(raw["ApproximateArrivalTimestamp"]),
    )


def _brief(payload: object) -> str:
    message = payload.get("errorMessage") if isinstance(payload, dict) else payload
    return str(message)[:500]


async def _wait(event: asyncio.Event, seconds: float) -> None:
    """Wait for an event, so long at most."""
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return


async def _first(*events: asyncio.Event, seconds: float) -> None:
    """Wait for the first of several events, so long at most."""
    waits = [asyncio.create_task(event.wait()) for event in events]
    await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()


async def run(endpoint: str, folder: Path, stop: asyncio.Event, started: Callable[[], object]) -> None:
    """Run every deployed mapping until told to stop; checkpoints stay in `folder`."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        cloud = Cloud(session, endpoint)
        found = await cloud.get("lambda", "/2015-03-31/event-source-mappings/?MaxItems=1000")
        mappings = [
            deployed(described)
            for described in found["EventSourceMappings"]
            if ":kinesis:" in described["EventSourceArn"] and described["State"] in {"Enabled", "Enabling", "Creating"}
        ]
        started()
        _logger.warning("driving %s", ", ".join(mapping.function for mapping in mappings) or "no mapping")
        await asyncio.gather(
            *(
                MappingRunner(cloud, mapping, Checkpoints(folder / f"{mapping.function}.json"), stop).run()
                for mapping in mappings
            )
        )


async def _serve(home: Path, endpoint: str) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    ready = home / "run" / "event_source.ready"
    await run(endpoint, home / "checkpoints", stop, lambda: ready.write_text(str(os.getpid())))


def main() -> None:
    """Run in the foreground; addresses come from the environment."""
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.WARNING)
    home = Path(os.environ["STREAMGAUGE_HOME"])
    (home / "checkpoints").mkdir(parents=True, exist_ok=True)
    asyncio.run(_serve(home, os.environ["AWS_ENDPOINT_URL"]))


if __name__ == "__main__":
    main()
