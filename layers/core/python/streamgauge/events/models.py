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
    "session",
    "funnel_step",
    "identify",
]
"""What an event is. `view` is a call of `POST /api/analytics/view/{videoId}` and feeds the view counters alone; `session` is a call
about a playback session of a media server and feeds sessions alone; `identify` tells who an anonymous visitor is: it goes on with a
visit as a video event does, and is neither a page view nor a custom event."""

Call = Literal["start", "beat", "stop"]
"""What a call about a session is: it starts (or goes on with) one, says how it fares, or ends it."""


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


class SessionItem(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What is played in a session, and on what; `runtime` in seconds. `heartbeats`: its source calls every few minutes at least."""

    content_type: str
    content_id: str
    title: str | None = None
    library_id: str | None = None
    runtime: float | None = None
    client_name: str | None = None
    device_name: str | None = None
    device_id: str | None = None
    heartbeats: bool = True
    source: str = "api"


class Spot(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """From where a session or a user's video plays.

    `network` is a keyed hash of the address (IPv6: of its /64); `radius_km` says how exact the position is, None for a place that
    is none (a country alone). `hosting`: the address is a data centre's. The address itself stands in sessions alone.
    """

    ip_address: str | None = None
    network: int | None = None
    country: str | None = None
    city: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    radius_km: float | None = None
    hosting: bool = False


class SessionHistory(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """How a session of the past ended (microseconds), how long it played, and whether it was stopped or left alone."""

    ended: int
    duration: int
    abandoned: bool = False


class SessionFields(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One call about a session; its user and time are the event's.

    None: the call does not say, so what was said before holds. `position` in seconds, `bitrate` in kbit/s.
    """

    id: str
    call: Call
    item: SessionItem | None = None
    spot: Spot | None = None
    position: float | None = None
    paused: bool | None = None
    bitrate: int | None = None
    transcoded: bool | None = None
    resolution: str | None = None
    history: SessionHistory | None = None


class StampedEvent(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True, kw_only=True):
    """An accepted event, complete: the consumers look nothing up to count it.

    Times are microseconds since the epoch. `zone` is the site's IANA time zone at receipt (fixed once the site has events).
    Hashes are signed 64-bit numbers: `hash` of site, address and agent under the salt of the event's day, `prev_hash` under
    that of the day before (only to join a visit open over midnight), `address_hash`/`prev_address_hash` of the address alone
    (views only). `touches_visit` is False for events of a back end without the visitor's address. `spot` stands with video events that
    name their user: sharing detection looks at them.
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
    session: SessionFields | None = None
    spot: Spot | None = None
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
