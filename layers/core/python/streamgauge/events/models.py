"""Version 1 of the stamped event: one JSON object per Kinesis record."""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

WIRE_VERSION: Final = 1

VIDEO_KINDS: Final = frozenset(
    {
        "video_start",
        "video_progress",
        "video_pause",
        "video_resume",
        "video_complete",
        "video_error",
        "video_buffer",
        "quality_change",
        "seek",
    }
)
"""The nine video event types, under their names on the API."""

Kind = Literal[
    "page_view",
    "custom",
    "video_start",
    "video_progress",
    "video_pause",
    "video_resume",
    "video_complete",
    "video_error",
    "video_buffer",
    "quality_change",
    "seek",
    "view",
]
"""What an event is. `view` is a call of `POST /api/analytics/view/{videoId}`; it feeds the view counters alone."""


class Receipt(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Which acceptance this is: the running number `n` (from 0) of one `writer` (ingest container) per site and hour.

    `hour` is the first second (epoch, UTC) of the site's local hour of receipt. `repeats` counts repeats of this event
    within its own request; they are answered as duplicates and never sent.
    """

    writer: int
    hour: int
    n: int
    repeats: int = 0


class Page(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Where an event happened: `path` without query and fragment and with its trailing slash folded."""

    url: str
    path: str
    title: str | None = None


class Acquisition(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """How a visit came: `referrer` is the outside URL without query (None: none or internal), `source` its group or `(direct)`."""

    source: str = "(direct)"
    channel: str = "direct"
    referrer: str | None = None
    utm_source: str | None = None
    utm_medium: str | None = None
    utm_campaign: str | None = None
    utm_term: str | None = None
    utm_content: str | None = None


class Surroundings(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Place, agent and screen of the visitor; None where unknown."""

    country: str | None = None
    region: str | None = None
    city: str | None = None
    browser: str | None = None
    os: str | None = None
    device: str | None = None
    screen: str | None = None
    language: str | None = None


class VideoFields(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What a video event or a view says of its video; positions, durations and waits in seconds, bitrate in kbit/s."""

    video_id: str
    position: float | None = None
    duration: float | None = None
    quality: str | None = None
    bitrate: float | None = None
    seek_from: float | None = None
    seek_to: float | None = None
    buffer_seconds: float | None = None
    startup_time: float | None = None
    fatal: bool | None = None


class StampedEvent(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True, kw_only=True):
    """An accepted event, complete: the consumers look nothing up to count it.

    Times are microseconds since the epoch. `zone` is the site's IANA time zone at receipt (fixed once the site has events).
    Hashes are signed 64-bit numbers: `hash` of site, address and agent under the salt of the event's day, `prev_hash` under
    that of the day before (only to join a visit open over midnight), `address_hash`/`prev_address_hash` of the address alone
    (views only). `touches_visit` is False for events of a back end without the visitor's address.
    """

    v: int = WIRE_VERSION
    site: str
    zone: str
    id: str
    kind: Kind
    name: str | None = None
    time: int
    received: int
    receipt: Receipt
    anonymous_id: str | None = None
    user_id: str | None = None
    session_id: str | None = None
    hash: int | None = None
    prev_hash: int | None = None
    address_hash: int | None = None
    prev_address_hash: int | None = None
    bot: bool = False
    historical: bool = False
    clock_corrected: bool = False
    touches_visit: bool = True
    interactive: bool = True
    page: Page | None = None
    acquisition: Acquisition = Acquisition()
    surroundings: Surroundings = Surroundings()
    video: VideoFields | None = None
    properties: dict[str, Any] | None = None
    metadata: Any = None


_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(StampedEvent)


def encode(event: StampedEvent) -> bytes:
    """Return the record's bytes."""
    return _ENCODER.encode(event)


def decode(record: bytes) -> StampedEvent:
    """Read a record's bytes back.

    Raises msgspec.DecodeError for what is no JSON and msgspec.ValidationError for what is no stamped event.
    """
    return _DECODER.decode(record)
