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

from streamgauge import clock
from streamgauge.errors import OutOfBoundsError
from streamgauge.settings import settings
from streamgauge.store import archive, dynamo
from streamgauge.store.dead_letter_items import (
    UNKNOWN_SITE,
    DeadLetter,
    Entry,
    entry_of,
    iso,
    item_of,
    key_of,
    letter_id,
    partition,
    sort_key,
)
from streamgauge.store.errors import StoreRefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from streamgauge.events.reasons import Reason
    from streamgauge.store.dynamo_values import Item

__all__ = [
    "UNKNOWN_SITE",
    "DeadLetter",
    "Entry",
    "blank",
    "bodies",
    "count_by_hour",
    "find",
    "get_many",
    "mark_replayed",
    "of_site",
    "record",
    "sites_with_letters",
    "total",
]

PREFIX: Final = "dead-letters"

_SITES: Final = "sites"
_LAST: Final = "~"
"""Sorts behind every time."""

_listed: Final[set[str]] = set()


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
        items[identity] = item_of(identity, letter, key, start)
        start += len(letter.body)
    dynamo.batch_write(_table(), puts=list(items.values()))
    _list_sites({letter.site for letter in letters})


def find(
    sites: Sequence[str], *, reason: Reason | None = None, limit: int, cursor: str | None = None, now: int
) -> tuple[list[Entry], str | None]:
    """Return a page of the open letters of some sites, latest first, and the cursor of the next page.

    Raises OutOfBoundsError for a cursor that was never given out.
    """
    before = sort_key(cursor) if cursor else _LAST
    if not before:
        message = "This is no cursor."
        raise OutOfBoundsError(message, [(["query", "cursor"], message)])
    streams = [_open(site, reason, before, now, limit + 1) for site in sites]
    entries = list(islice(merge(*streams, key=lambda entry: sort_key(entry.id), reverse=True), limit + 1))
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


def get_many(sites: Sequence[str], identities: Sequence[str]) -> list[Entry]:
    """Return the entries with these ids on these sites, replayed or not; what is not found is left out."""
    keys = [key for site in sites for identity in identities if (key := key_of(site, identity))]
    return [entry_of(item) for item in dynamo.batch_get(_table(), keys)]


def sites_with_letters() -> list[str]:
    """Return the sites that have ever had a letter, `-` for letters without one."""
    return [item["sk"] for item in dynamo.query_all(_table(), "pk = :pk", values={":pk": _SITES})]


def bodies(entries: Sequence[Entry], longest: int | None = None) -> list[bytes]:
    """Return the raw bodies of entries (their first `longest` bytes); empty where the object is gone."""
    with ThreadPoolExecutor(max_workers=8) as pool:
        return list(pool.map(lambda entry: _body(entry, longest), entries))


def of_site(site: str) -> list[Entry]:
    """Return all letters of a site, replayed or not, oldest first."""
    return [entry_of(item) for item in dynamo.query_all(_table(), "pk = :pk", values={":pk": partition(site)})]


def blank(entry: Entry) -> None:
    """Overwrite the body of a letter with blanks, and forget what was made of it; it is listed and counted as before."""
    whole = archive.get(_bucket(), entry.object)
    if whole is not None:
        end = entry.start + entry.length
        archive.put(_bucket(), entry.object, whole[: entry.start] + b" " * entry.length + whole[end:])
    key = key_of(entry.site, entry.id)
    if key:
        dynamo.update_item(_table(), key, "REMOVE event_id, detail, derived")


def mark_replayed(entries: Sequence[Entry], now: int) -> None:
    """Close letters whose events are on the stream again: they are listed and counted no more."""
    for entry in entries:
        key = key_of(entry.site, entry.id)
        if key:
            # A letter that was written anew since it was read has failed again, and stays open.
            values = {":now": now, ":recorded": entry.recorded}
            dynamo.update_item(_table(), key, "SET replayed = :now", values=values, condition="recorded = :recorded")


def count_by_hour(site: str, start: int, end: int, zone: str = "UTC") -> dict[int, Counter[tuple[str, str]]]:
    """Return open letters received in [start, end) microseconds: local hour (its first second) -> (stage, reason) -> how many."""
    counts: dict[int, Counter[tuple[str, str]]] = {}
    values = {":pk": partition(site), ":from": iso(start), ":to": iso(end)}
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


def _open_ones(site: str, reason: Reason | None, before: str, now: int) -> dict[str, Any]:
    """Return the arguments of a query for the letters of a site that are neither replayed nor expired, latest first."""
    values: dict[str, Any] = {":pk": partition(site), ":before": before, ":now": now // clock.MICROSECONDS}
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
    return (entry_of(item) for item in items)


def _body(entry: Entry, longest: int | None) -> bytes:
    length = entry.length if longest is None else min(entry.length, longest)
    if length == 0:
        return b""
    try:
        return archive.get(_bucket(), entry.object, entry.start, length) or b""
    except StoreRefusedError:
        # Without the right to list a bucket, S3 answers 403 for an object that has expired.
        return b""


def _list_sites(sites: set[str]) -> None:
    """Note which sites have letters: whoever may see all sites reads them one by one."""
    for site in sites - _listed:
        dynamo.put_item(_table(), {"pk": _SITES, "sk": site})
        _listed.add(site)
