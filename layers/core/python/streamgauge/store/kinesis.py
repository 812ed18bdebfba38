"""Kinesis: put records, each answered for by itself."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import msgspec

from streamgauge.store import wire

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MAX_RECORDS: Final = 500
MAX_BYTES: Final = 4_000_000
"""What one PutRecords takes: 500 records, 5 MB with keys; less is sent, to be safe from base64 and counting."""

MAX_KEY: Final = 256
AWAY: Final = "Away"
"""The code of records whose request got no answer."""

_OK: Final = 200

Record = tuple[str, bytes]
"""Partition key and data."""


class _Entry(msgspec.Struct):
    ErrorCode: str | None = None


class _Answer(msgspec.Struct):
    FailedRecordCount: int = 0
    Records: list[_Entry] = []


_ANSWER: Final = msgspec.json.Decoder(_Answer)
_ENCODER: Final = msgspec.json.Encoder()
_HEADERS: Final = {"content-type": "application/x-amz-json-1.1", "x-amz-target": "Kinesis_20131202.PutRecords"}


def put_records(stream: str, records: Sequence[Record], *, attempts: int = wire.ATTEMPTS) -> list[str | None]:
    """Put records in order and return an error code for each, None for those acknowledged.

    What was refused is tried again, alone, with growing pauses. A record whose acknowledgement was lost may stand twice.
    """
    codes: list[str | None] = [AWAY] * len(records)
    for chunk in _chunks(records):
        _put_chunk(stream, records, chunk, codes, attempts)
    return codes


def put_groups(stream: str, groups: Sequence[Sequence[Record]]) -> list[bool]:
    """Put groups of records and say of each group whether all of it is acknowledged."""
    codes = iter(put_records(stream, [record for group in groups for record in group]))
    return [not [code for code in islice(codes, len(group)) if code is not None] for group in groups]


def _put_chunk(
    stream: str, records: Sequence[Record], waiting: list[int], codes: list[str | None], attempts: int
) -> None:
    for attempt in range(attempts):
        if attempt:
            wire.pause(attempt - 1)
        for index, code in zip(waiting, _put_once(stream, [records[index] for index in waiting]), strict=True):
            codes[index] = code
        waiting = [index for index in waiting if codes[index] is not None]
        if not waiting:
            return


def _put_once(stream: str, records: list[Record]) -> Sequence[str | None]:
    entries: list[dict[str, Any]] = [{"Data": data, "PartitionKey": key} for key, data in records]
    body = _ENCODER.encode({"StreamName": stream, "Records": entries})
    try:
        reply = wire.exchange("kinesis", "POST", "/", "", _HEADERS, body)
        if reply.status != _OK:
            return [wire.error_code(reply)] * len(records)
        answer = _ANSWER.decode(reply.body)
    except (wire.TransportError, msgspec.MsgspecError):
        return [AWAY] * len(records)
    if answer.FailedRecordCount == 0:
        return [None] * len(records)
    if len(answer.Records) != len(records):
        return [AWAY] * len(records)
    return [entry.ErrorCode for entry in answer.Records]


def _chunks(records: Sequence[Record]) -> Iterator[list[int]]:
    chunk: list[int] = []
    size = 0
    for index, (key, data) in enumerate(records):
        weight = len(data) + len(key)
        if chunk and (len(chunk) == MAX_RECORDS or size + weight > MAX_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(index)
        size += weight
    if chunk:
        yield chunk
