"""Dead letters: raw bodies in S3, many to an object, and an index in DynamoDB by site and time of receipt.

Ids follow from what a letter is, so that a redelivered batch writes the same entries again. Entries leave after 90 days.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b
from heapq import merge
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import msgspec

from streamgauge import clock
from streamgauge.events.models import WIRE_VERSION, Receipt
from streamgauge.settings import settings
from streamgauge.store import archive, dynamo

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from streamgauge.events.reasons import Reason, Stage
    from streamgauge.store.dynamo_values import Item

UNKNOWN_SITE: Final = "-"
KEPT_SECONDS: Final = 90 * 86_400
PREFIX: Final = "dead-letters"
MAX_ID: Final = 60

_SITES: Final = "sites"
_LAST: Final = "~"
"""Sorts behind every time."""

_listed: Final[set[str]] = set()


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
    """A letter as the index holds it: all but its body, which lies in `object` from `start` on."""

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


def letter_id(letter: DeadLetter) -> str:
    """Return a letter's id: its time of receipt and a digest of what tells it apart."""
    if letter.sequence is not None:
        told = f"{letter.shard}/{letter.sequence}"
    elif letter.receipt is not None:
        told = "/".join(str(part) for part in msgspec.to_builtins(letter.receipt))
    else:
        told = f"{letter.position}/{blake2b(letter.body, digest_size=16).hexdigest()}"
    parts = "\x1f".join((letter.site, letter.stage, told, str(letter.received_at)))
    return f"{letter.received_at}-{blake2b(parts.encode('utf-8', 'surrogatepass'), digest_size=12).hexdigest()}"


def record(letters: Sequence[DeadLetter]) -> None:
    """Keep letters: one object for all of their bodies, then their entries. Raises StoreAwayError."""
    if not letters:
        return
    identities = [letter_id(letter) for letter in letters]
    digest = blake2b("".join(identities).encode(), digest_size=12).hexdigest()
    hour = clock.instant(letters[0].received_at).strftime("%Y/%m/%d/%H")
    key = f"{PREFIX}/{hour}/{digest}"
    archive.put(_bucket(), key, b"".join(letter.body for letter in letters))
    items: dict[str, dict[str, Any]] = {}
    start = 0
    for identity, letter in zip(identities, letters, strict=True):
        items[identity] = _item(identity, letter, key, start)
        start += len(letter.body)
    dynamo.batch_write(_table(), puts=list(items.values()))
    _list_sites({letter.site for letter in letters})


def find(
    sites: Sequence[str], *, reason: Reason | None = None, limit: int, cursor: str | None = None, now: int
) -> tuple[list[Entry], str | None]:
    """Return a page of the open letters of some sites, latest first, and the cursor of the next page."""
    before = _sort_key(cursor) if cursor else _LAST
    streams = [_open(site, reason, before, now, limit + 1) for site in sites]
    entries = list(islice(merge(*streams, key=_order, reverse=True), limit + 1))
    return entries[:limit], entries[limit - 1].id if len(entries) > limit else None


def total(sites: Sequence[str], *, reason: Reason | None = None, now: int) -> int:
    """Return how many open letters there are."""
    matched = 0
    for site in sites:
        start: Item | None = None
        while True:
            page = dynamo.query(_table(), start=start, count_only=True, **_open_ones(site, reason, _LAST, now))
            matched += page.matched
            start = page.next_start
            if start is None:
                break
    return matched


def get(site: str, identity: str) -> Entry | None:
    """Return an entry by its id, replayed or not."""
    key = _key(site, identity)
    item = dynamo.get_item(_table(), key) if key else None
    return None if item is None else _entry(item)


def sites_with_letters() -> list[str]:
    """Return the sites that have ever had a letter, `-` for letters without one."""
    return [item["sk"] for item in dynamo.query_all(_table(), "pk = :pk", values={":pk": _SITES})]


def bodies(entries: Sequence[Entry]) -> list[bytes]:
    """Return the raw bodies of entries; empty where the object is gone."""
    with ThreadPoolExecutor(max_workers=8) as pool:
        return list(pool.map(_body, entries))


def mark_replayed(entries: Sequence[Entry], now: int) -> None:
    """Close letters whose events are on the stream again: they are listed and counted no more."""
    for entry in entries:
        key = _key(entry.site, entry.id)
        if key:
            update = "SET replayed = :now"
            dynamo.update_item(_table(), key, update, values={":now": now}, condition="attribute_exists(pk)")


def count_by_hour(site: str, start: int, end: int, zone: str = "UTC") -> dict[int, Counter[tuple[str, str]]]:
    """Return open letters received in [start, end) microseconds: local hour (its first second) -> (stage, reason) -> how many."""
    counts: dict[int, Counter[tuple[str, str]]] = {}
    values = {":pk": _partition(site), ":from": _iso(start), ":to": _iso(end)}
    condition = "pk = :pk AND sk BETWEEN :from AND :to"
    open_only = "attribute_not_exists(replayed)"
    for item in dynamo.query_all(_table(), condition, values=values, filter_by=open_only):
        hour = clock.hour_and_day(item["received_at"], zone)[0]
        counts.setdefault(hour, Counter())[item["stage"], item["reason"]] += 1
    return counts


def _table() -> str:
    return settings().text("DEAD_LETTERS_TABLE")


def _bucket() -> str:
    return settings().text("ARCHIVE_BUCKET")


def _partition(site: str) -> str:
    return f"site#{site}"


def _iso(microseconds: int) -> str:
    return clock.instant(microseconds).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _sort_key(identity: str) -> str:
    """Return the index' sort key of an id; an empty one for what is no id."""
    received_at, _, digest = identity.partition("-")
    if len(identity) > MAX_ID or not received_at.isdigit() or not digest.isalnum() or not identity.isascii():
        return ""
    try:
        return f"{_iso(int(received_at))}#{digest}"
    except OverflowError:
        return ""


def _key(site: str, identity: str) -> dict[str, str] | None:
    sort_key = _sort_key(identity)
    return {"pk": _partition(site), "sk": sort_key} if sort_key else None


def _item(identity: str, letter: DeadLetter, key: str, start: int) -> dict[str, Any]:
    item = {
        "pk": _partition(letter.site),
        "sk": _sort_key(identity),
        "id": identity,
        "site": letter.site,
        "reason": str(letter.reason),
        "stage": str(letter.stage),
        "received_at": letter.received_at,
        "object": key,
        "start": start,
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


def _entry(item: Item) -> Entry:
    return msgspec.convert(item, Entry, strict=False)


def _order(entry: Entry) -> str:
    return _sort_key(entry.id)


def _open_ones(site: str, reason: Reason | None, before: str, now: int) -> dict[str, Any]:
    """Return the arguments of a query for the letters of a site that are neither replayed nor expired, latest first."""
    values: dict[str, Any] = {":pk": _partition(site), ":before": before, ":now": now // clock.MICROSECONDS}
    filter_by = "attribute_not_exists(replayed) AND expires > :now"
    if reason is not None:
        values[":reason"] = str(reason)
        filter_by += " AND reason = :reason"
    return {
        "key_condition": "pk = :pk AND sk < :before",
        "values": values,
        "filter_by": filter_by,
        "forward": False,
    }


def _open(site: str, reason: Reason | None, before: str, now: int, limit: int) -> Iterator[Entry]:
    arguments = _open_ones(site, reason, before, now)
    items = dynamo.query_all(_table(), arguments.pop("key_condition"), limit=max(limit, 100), **arguments)
    return (_entry(item) for item in items)


def _body(entry: Entry) -> bytes:
    if entry.length == 0:
        return b""
    return archive.get(_bucket(), entry.object, entry.start, entry.length) or b""


def _list_sites(sites: set[str]) -> None:
    """Note which sites have letters: whoever may see all sites reads them one by one."""
    for site in sites - _listed:
        dynamo.put_item(_table(), {"pk": _SITES, "sk": site})
        _listed.add(site)
