"""A record of the stream, as every consumer gets it."""

from __future__ import annotations

from typing import NamedTuple


class StreamRecord(NamedTuple):
    """A record as it lay on the stream; `arrived_at` in epoch seconds."""

    shard: str
    sequence: str
    arrived_at: float
    data: bytes
