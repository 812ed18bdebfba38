"""Reads a shard of MiniStack's Kinesis."""

from __future__ import annotations

import base64
import time
from typing import TYPE_CHECKING, Any, Final

from infra.local.aws import AWAY, AWAY_SECONDS, CloudError
from infra.local.event_source import Record

if TYPE_CHECKING:
    from infra.local.aws import Cloud

_POLL_SECONDS: Final = 0.1
_IDLE_POLL_SECONDS: Final = 0.25
_BUSY_SECONDS: Final = 30.0
_MOST_RECORDS: Final = 10_000


class ShardReader:
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
            got = await self._cloud.kinesis("GetRecords", ShardIterator=self._iterator, Limit=min(limit, _MOST_RECORDS))
        except AWAY as error:
            # An expired iterator is taken anew; so is everything after MiniStack was away.
            self._iterator = None
            self.pause = AWAY_SECONDS
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


def _record(shard: str, raw: dict[str, Any]) -> Record:
    return Record(
        shard,
        raw["SequenceNumber"],
        raw["PartitionKey"],
        base64.b64decode(raw["Data"]),
        float(raw["ApproximateArrivalTimestamp"]),
    )
