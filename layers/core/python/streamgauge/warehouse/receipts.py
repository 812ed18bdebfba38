"""De-duplication and accounting: which events of a batch are new, and what became of every receipt."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal, LiteralString

import msgspec
import psycopg

from streamgauge.clock import hour_and_day
from streamgauge.events.facts import fact_of
from streamgauge.ids import digest, is_uuid
from streamgauge.settings import settings
from streamgauge.store.postgres import array, columns, rows_parameter
from streamgauge.warehouse.dictionaries import stored_page
from streamgauge.warehouse.raw import DAY, utc_day

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from streamgauge.erasure.tombstones import Erased
    from streamgauge.events.facts import Fact
    from streamgauge.events.models import Receipt, StampedEvent
    from streamgauge.store.postgres import Connection
    from streamgauge.warehouse.dictionaries import StoredPage

DUPLICATE: Final = 1
DEAD: Final = 2
QUARTER_SECONDS: Final = 900
KEPT_DAYS: Final = 70
"""How long an id is kept: event age 30, replay 30, stream 7, and 3 to spare (days from receipt)."""

# Few containers write the events of a batch, so what their ids have in common (the origin) comes once.
_INSERT: Final[LiteralString] = """
    INSERT INTO event_ids (site_no, digest, kept_until, quarter, writer, n)
    SELECT (%(site_no)s::integer[])[origin], digest, (%(kept_until)s::date[])[origin], (%(quarter)s::integer[])[origin],
        (%(writer)s::bigint[])[origin], n
    FROM unnest(%(digest)s::uuid[], %(n)s::integer[], %(origin)s::integer[]) AS t(digest, n, origin)
"""
_CLAIM: Final[LiteralString] = f"{_INSERT} ON CONFLICT DO NOTHING RETURNING encode(uuid_send(digest), 'hex')"
_WINNERS: Final = """
    SELECT encode(uuid_send(digest), 'hex'), site_no, quarter, writer, n FROM event_ids WHERE digest = ANY(%s::uuid[])
"""
_LOSE: Final = """
    INSERT INTO lost_receipts (site_no, quarter, writer, n, outcome)
    SELECT * FROM json_to_recordset(%s) AS t(site_no integer, quarter integer, writer bigint, n integer, outcome smallint)
    ON CONFLICT DO NOTHING
    RETURNING site_no, quarter, writer, n
"""

Outcome = Literal["stored", "duplicates", "dead_lettered"]

_AMOUNTS: Final = ("max_n", "stored", "duplicates", "dead_lettered", "repeats")
_OUTCOMES: Final[dict[Outcome, int]] = {"stored": 1, "duplicates": 2, "dead_lettered": 3}

Key = tuple[int, int, int, int]
"""(site_no, quarter, writer, n)"""


def quarter_of(receipt: Receipt) -> int:
    """Return a receipt's hour as quarter hours since the epoch: what the tables hold."""
    return receipt.hour // QUARTER_SECONDS


class Claim(msgspec.Struct, gc=False):
    """An event of a site: the digest of its id, whether that is a UUID, its local hour and day, its page as it is stored.

    Views and sessions have no fact.
    """

    site_no: int
    event: StampedEvent
    uuid: bool
    digest: str
    hour: int
    day: date
    page: StoredPage | None
    fact: Fact | None

    def renamed(self, erased: Erased, zone: str) -> Claim:
        """Return the claim of the event without what was erased of it; its digest stays, so that it still counts once."""
        event = erased.renamed(self.event)
        if event is self.event:
            return self
        return msgspec.structs.replace(claim_of(self.site_no, zone, event), digest=self.digest)


def claim_of(site_no: int, zone: str, event: StampedEvent) -> Claim:
    """Return an event as a claim to be the one with its id."""
    uuid = is_uuid(event.id)
    key = digest(event.site, event.id, uuid=uuid)
    if event.kind in {"view", "session"}:
        hour, day = hour_and_day(event.time, zone)
        return Claim(site_no, event, uuid, key, hour, day, None, None)
    fact = fact_of(event, zone)
    page = None if event.page is None else stored_page(event.page)
    return Claim(site_no, event, uuid, key, fact.hour, fact.day, page, fact)


class Accounting:
    """Amounts per (site, quarter hour of receipt, writer), to be added in the batch's transaction."""

    def __init__(self) -> None:
        self._rows: defaultdict[tuple[int, int, int], list[int]] = defaultdict(lambda: [0, 0, 0, 0, 0])

    def count(self, site_no: int, receipt: Receipt, outcome: Outcome) -> None:
        """Count a receipt that is seen for the first time."""
        row = self._rows[site_no, quarter_of(receipt), receipt.writer]
        row[0] = max(row[0], receipt.n)
        row[_OUTCOMES[outcome]] += 1
        row[4] += receipt.repeats

    def rows(self) -> list[dict[str, Any]]:
        """Return the rows of json_to_recordset."""
        return [
            dict(zip(("site_no", "quarter", "writer", *_AMOUNTS), (*key, *amounts), strict=True))
            for key, amounts in self._rows.items()
        ]


def claim_ids(connection: Connection, claims: list[Claim], accounting: Accounting) -> list[Claim]:
    """Mark ids as taken and return the claims that are new; the same receipt again is a redelivery and not counted."""
    first: dict[str, Claim] = {}
    others = [claim for claim in claims if first.setdefault(claim.digest, claim) is not claim]
    won = _claim(connection, first) if first else ()
    new = list(first.values())
    if len(won) < len(first):
        new = [claim for key, claim in first.items() if key in won]
        others += [claim for key, claim in first.items() if key not in won]
    for claim in new:
        accounting.count(claim.site_no, claim.event.receipt, "stored")
    if others:
        _count_duplicates(connection, others, accounting)
    return new


def _claim(connection: Connection, claims: dict[str, Claim]) -> Collection[str]:
    """Mark ids (digest -> claim) as taken, and return those that were not."""
    origins: dict[tuple[int, str, int, int], int] = {}
    rows: list[tuple[str, int, int]] = []
    # In the order of the key, as every transaction does.
    for key in sorted(claims):
        event = claims[key].event
        receipt = event.receipt
        kept_until = _kept_until(event.received // DAY, event.historical)
        origin = claims[key].site_no, kept_until, quarter_of(receipt), receipt.writer
        rows.append((key, receipt.n, origins.setdefault(origin, len(origins) + 1)))
    names = ("digest", "n", "origin", "site_no", "kept_until", "quarter", "writer")
    parameters = dict(zip(names, (*columns(rows, 3), *columns(list(origins), 4)), strict=True))
    try:
        # Nearly always all are new. To insert them as such costs half of asking of each whether it is, and naming it back.
        with connection.transaction():
            connection.execute(_INSERT, parameters, prepare=True)
    except psycopg.errors.UniqueViolation:
        return {row[0] for row in connection.execute(_CLAIM, parameters).fetchall()}
    return claims.keys()


def _count_duplicates(connection: Connection, claims: list[Claim], accounting: Accounting) -> None:
    wanted = array(sorted({claim.digest for claim in claims}))
    winners: dict[str, Key] = {row[0]: row[1:] for row in connection.execute(_WINNERS, [wanted]).fetchall()}
    losers = [
        (claim.site_no, claim.event.receipt)
        for claim in claims
        if winners.get(claim.digest) != _key(claim.site_no, claim.event.receipt)
    ]
    _lose(connection, losers, DUPLICATE, accounting)


def count_dead(connection: Connection, receipts: list[tuple[int, Receipt]], accounting: Accounting) -> None:
    """Account for receipts (with the number of their site) whose event becomes a dead letter of the consumer."""
    _lose(connection, receipts, DEAD, accounting)


def _lose(connection: Connection, receipts: list[tuple[int, Receipt]], outcome: int, accounting: Accounting) -> None:
    if not receipts:
        return
    by_key = {_key(site_no, receipt): receipt for site_no, receipt in receipts}
    rows = [
        {"site_no": site_no, "quarter": quarter, "writer": writer, "n": n, "outcome": outcome}
        for site_no, quarter, writer, n in sorted(by_key)
    ]
    for key in connection.execute(_LOSE, [rows_parameter(rows)]).fetchall():
        accounting.count(key[0], by_key[key], "duplicates" if outcome == DUPLICATE else "dead_lettered")


def _key(site_no: int, receipt: Receipt) -> Key:
    return site_no, quarter_of(receipt), receipt.writer, receipt.n


@lru_cache(maxsize=1024)
def _kept_until(received: int, historical: bool) -> str:
    """Return the last day of an id that was received on this day since 1970; that of history lasts as long as the rollups."""
    days = settings().rollup_retention_days if historical else KEPT_DAYS
    return (utc_day(received * DAY) + timedelta(max(days, KEPT_DAYS))).isoformat() if days else "infinity"
