"""A dead letter, and how the index in DynamoDB holds it."""

from __future__ import annotations

import time
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

import msgspec

from streamgauge import clock
from streamgauge.events.models import WIRE_VERSION, Receipt

if TYPE_CHECKING:
    from streamgauge.events.reasons import Reason, Stage
    from streamgauge.store.dynamo_values import Item

UNKNOWN_SITE: Final = "-"
KEPT_SECONDS: Final = 90 * 86_400
MAX_ID: Final = 60


class DeadLetter(msgspec.Struct, frozen=True):
    """An event that was given up. `received_at` is in microseconds; `site` is `-` when nobody knows it.

    `derived` is what ingest had made of the caller (no address, no agent), so that a replay needs neither. `position` tells
    letters of one request apart, `receipt` and `sequence` those of the stream.
    """

    site: str
    reason: Reason
    stage: Stage
    body: bytes
    received_at: int
    event_id: str | None = None
    shard: str | None = None
    sequence: str | None = None
    receipt: Receipt | None = None
    position: int = 0
    detail: str | None = None
    derived: bytes | None = None
    version: int = WIRE_VERSION


class Entry(msgspec.Struct, frozen=True):
    """A letter as the index holds it: all but its body, which lies in `object` from `start` on.

    `recorded` changes each time that the letter is written.
    """

    id: str
    site: str
    reason: str
    stage: str
    received_at: int
    object: str
    start: int
    length: int
    version: int
    event_id: str | None = None
    shard: str | None = None
    sequence: str | None = None
    receipt: Receipt | None = None
    detail: str | None = None
    derived: bytes | None = None
    recorded: int = 0


def letter_id(letter: DeadLetter) -> str:
    """Return a letter's id: its time of receipt and a digest of what tells it apart."""
    if letter.receipt is not None:
        # An event that comes again on another place of the stream, as after a replay, is the same letter again.
        told = "/".join(str(part) for part in msgspec.to_builtins(letter.receipt))
    elif letter.sequence is not None:
        told = f"{letter.shard}/{letter.sequence}"
    else:
        told = f"{letter.position}/{blake2b(letter.body, digest_size=16).hexdigest()}"
    parts = "\x1f".join((letter.site, letter.stage, told, str(letter.received_at)))
    return f"{letter.received_at}-{blake2b(parts.encode('utf-8', 'surrogatepass'), digest_size=12).hexdigest()}"


def partition(site: str) -> str:
    """Return the index' partition of a site."""
    return f"site#{site}"


def iso(microseconds: int) -> str:
    """Return a time as the index sorts it."""
    return clock.instant(microseconds).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def sort_key(identity: str) -> str:
    """Return the index' sort key of an id; an empty one for what is no id."""
    received_at, _, digest = identity.partition("-")
    if len(identity) > MAX_ID or not received_at.isdigit() or not digest.isalnum() or not identity.isascii():
        return ""
    try:
        return f"{iso(int(received_at))}#{digest}"
    except OverflowError:
        return ""


def key_of(site: str, identity: str) -> dict[str, str] | None:
    """Return the index' key of a letter; None for what is no id."""
    sorted_by = sort_key(identity)
    return {"pk": partition(site), "sk": sorted_by} if sorted_by else None


def item_of(identity: str, letter: DeadLetter, key: str, start: int) -> dict[str, Any]:
    """Return the index' item of a letter whose body stands in the object `key` from `start` on."""
    item = {
        "pk": partition(letter.site),
        "sk": sort_key(identity),
        "id": identity,
        "site": letter.site,
        "reason": str(letter.reason),
        "stage": str(letter.stage),
        "received_at": letter.received_at,
        "object": key,
        "start": start,
        "recorded": time.time_ns(),
        "length": len(letter.body),
        "version": letter.version,
        "expires": letter.received_at // clock.MICROSECONDS + KEPT_SECONDS,
        "event_id": letter.event_id,
        "shard": letter.shard,
        "sequence": letter.sequence,
        "receipt": None if letter.receipt is None else list(msgspec.to_builtins(letter.receipt)),
        "detail": letter.detail,
        "derived": letter.derived,
    }
    return {name: value for name, value in item.items() if value is not None}


def entry_of(item: Item) -> Entry:
    """Return a letter from its item."""
    return msgspec.convert(item, Entry, strict=False)
