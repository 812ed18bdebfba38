"""Step: what was accepted becomes durable, on the stream or, while that fails, as a spilled object."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

import msgspec

from streamgauge import telemetry
from streamgauge.clock import MICROSECONDS, instant
from streamgauge.settings import settings
from streamgauge.store import archive, kinesis

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamgauge.store.kinesis import Record

PREFIX: Final = "spill/"
ATTEMPTS: Final = 3
PATIENCE: Final = 10 * MICROSECONDS
"""So long after the stream failed, one try must do: the spill takes over at once."""

_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(list[tuple[str, bytes]])


class Delivery:
    """The way to one stream; remembers when it failed last."""

    def __init__(self) -> None:
        """Begin in trust."""
        self._failed_at = 0

    def deliver(self, stream: str, records: Sequence[Record], now: int) -> None:
        """Make records durable. Raises StoreAwayError when neither the stream nor the spill takes them."""
        attempts = 1 if 0 <= now - self._failed_at < PATIENCE else ATTEMPTS
        codes = kinesis.put_records(stream, records, attempts=attempts)
        waiting = [record for record, code in zip(records, codes, strict=True) if code is not None]
        if not waiting:
            return
        self._failed_at = now
        spill(waiting, now)


def spill(records: Sequence[Record], now: int) -> None:
    """Keep records for the stream as one object. Raises StoreAwayError."""
    hour = instant(now).strftime("%Y/%m/%d/%H")
    key = f"{PREFIX}{hour}/{now}-{secrets.token_hex(8)}.json"
    archive.put(settings().text("ARCHIVE_BUCKET"), key, _ENCODER.encode(list(records)), "application/json", attempts=2)
    telemetry.measure(telemetry.Metric.EVENTS_SPILLED, len(records))


def read_spilled(body: bytes) -> list[Record]:
    """Return the records of a spilled object. Raises msgspec.MsgspecError."""
    return _DECODER.decode(body)
