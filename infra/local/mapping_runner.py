"""Drives the deployed Kinesis event source mappings: reads shards, invokes consumers, keeps checkpoints.

Each mapping runs by itself, so a consumer that waits never delays another. What a mapping does with its records is
`event_source.py`, how a shard is read `shard_reader.py`; here are the clock and the checkpoints, which stay in the state folder.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import aiohttp

from infra.local.aws import AWAY, AWAY_SECONDS, Cloud
from infra.local.deployed_mapping import Deployed, deployed, failure_object
from infra.local.event_source import Batch, Discarded, ShardLanes, kinesis_event
from infra.local.shard_reader import ShardReader

if TYPE_CHECKING:
    from collections.abc import Callable

_SHARDS_SECONDS: Final = 5.0
_READ_AHEAD_BATCHES: Final = 10
_logger = logging.getLogger("event_source")


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
            except AWAY as error:
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
            await _wait(self._stop, _SHARDS_SECONDS if shards else AWAY_SECONDS)
        await asyncio.gather(*running.values())

    async def _shard(self, shard: str, *, from_start: bool) -> None:
        lanes = ShardLanes(self._of.mapping, self._checkpoints.get(shard))
        reader = ShardReader(self._cloud, self._of.stream, shard, lanes.checkpoint, from_start=from_start)
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
        except AWAY as error:
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
            except AWAY as error:
                _logger.warning("the on-failure object could not be written, trying again: %s", error)
                await asyncio.sleep(AWAY_SECONDS)
            else:
                return


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
