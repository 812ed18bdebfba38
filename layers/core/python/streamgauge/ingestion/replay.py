"""Dead letters go their way again: those of ingest through its steps, those of a consumer as they stood on the stream.

The receipt, the time of receipt and the id follow from the letter: a replay that is repeated, or interrupted and begun again,
sends the same events, and each counts once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from streamgauge import ids
from streamgauge.access import registry
from streamgauge.access.registry import KeyRecord
from streamgauge.access.scopes import ALL_SITES, is_scope
from streamgauge.clock import hour_and_day
from streamgauge.errors import StreamgaugeError, UnavailableError
from streamgauge.events.models import Receipt, decode
from streamgauge.events.reasons import Reason, Stage
from streamgauge.ingestion import letters
from streamgauge.ingestion.call import Call
from streamgauge.ingestion.dialects import BY_NAME
from streamgauge.ingestion.limits import DAY
from streamgauge.ingestion.pipeline import accepted, advance, mark_repeats
from streamgauge.ingestion.stamp import partition_key, record_of
from streamgauge.ingestion.webhooks import receiving
from streamgauge.store import dead_letters, kinesis

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamgauge.ingestion.drafts import Draft
    from streamgauge.store.dead_letters import Entry
    from streamgauge.store.kinesis import Record

REPLAYABLE: Final = 30 * DAY
MOST: Final = 500
"""Letters of one call: what fits well into the time that a gateway waits."""


class Replayed(NamedTuple):
    """How many letters went on, were refused again, or are too old to be told from a repetition."""

    accepted: int
    refused: int
    expired: int


def replay(entries: Sequence[Entry], now: int, stream: str) -> Replayed:
    """Send letters on and close them. Raises StoreAwayError; what has gone on by then is closed."""
    young = [entry for entry in entries if now - entry.received_at <= REPLAYABLE]
    going: list[tuple[Entry, list[Record]]] = []
    followed: list[Entry] = []
    for entry, body in zip(young, dead_letters.bodies(young), strict=True):
        if entry.stage == Stage.INGEST and (server := _webhook_of(entry)):
            followed += [entry] * _through_webhook(entry, body, server, now)
            continue
        records = _records(entry, body, now)
        if records:
            going.append((entry, records))
    acknowledged = kinesis.put_groups(stream, [records for _, records in going])
    done = [entry for (entry, _), whole in zip(going, acknowledged, strict=True) if whole]
    dead_letters.mark_replayed(done + followed, now)
    if len(done) < len(going):
        raise UnavailableError("The stream is away at the moment; please try again.")
    gone = len(done) + len(followed)
    return Replayed(accepted=gone, refused=len(young) - gone, expired=len(entries) - len(young))


def _webhook_of(entry: Entry) -> str | None:
    """Return the media server whose webhook a letter is; None for one of another kind."""
    try:
        return receiving.server_of(letters.read_derived(entry.derived or b""))
    except msgspec.MsgspecError:
        return None


def _through_webhook(entry: Entry, body: bytes, server: str, now: int) -> bool:
    """Take a webhook's letter as of its first receipt, which is what its calls' ids are made of. Raises UnavailableError."""
    site = registry.find_site(entry.site)
    return site is not None and receiving.receive_again(server, body, site, entry.received_at, now)


def _records(entry: Entry, body: bytes, now: int) -> list[Record]:
    """Return the records of a letter, none when it is refused again."""
    if not body and entry.length:
        return []
    if entry.stage != Stage.INGEST:
        return _as_it_stood(body)
    try:
        return _through_ingest(entry, body, now)
    except (StreamgaugeError, msgspec.MsgspecError) as error:
        if isinstance(error, UnavailableError):
            raise
        return []


def _as_it_stood(body: bytes) -> list[Record]:
    try:
        event = decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return []
    return [(partition_key(event), body)]


def _through_ingest(entry: Entry, body: bytes, now: int) -> list[Record]:
    derived = letters.read_derived(entry.derived or b"")
    dialect = BY_NAME[derived.dialect]
    if not is_scope(derived.scope):
        return []
    nowhere = entry.site == dead_letters.UNKNOWN_SITE and derived.all_sites
    site = None if nowhere else registry.find_site(entry.site)
    if site is None and not nowhere:
        return []
    call = Call(
        path="",
        received=entry.received_at,
        now=now,
        body=body,
        argument=derived.argument,
        key=KeyRecord("replay", ALL_SITES if nowhere else entry.site, derived.scope),
        site=site,
        derived=derived if derived.complete else None,
    )
    whole = entry.reason == Reason.UNREADABLE and entry.event_id is None
    drafts = _drafts_of(call, dialect.read(call).drafts if whole else [dialect.reread(body, derived.argument)])
    for draft in drafts:
        if draft.refusal is None and draft.event_id is None:
            draft.event_id = f"dl-{entry.id}-{draft.index}"
    mark_repeats(drafts)
    if len(drafts) > 1 and accepted(drafts):
        # The letter will be closed: what is still wrong in it gets letters of its own.
        letters.keep_refused(drafts, call, dialect.name)
    return [record_of(draft, call.received, _receipt(entry, draft, call)) for draft in accepted(drafts)]


def _drafts_of(call: Call, drafts: list[Draft]) -> list[Draft]:
    for draft in drafts:
        advance(draft, call)
    return drafts


def _receipt(entry: Entry, draft: Draft, call: Call) -> Receipt:
    """Return the receipt of a replayed event: each letter is a writer of its own."""
    zone = draft.site.timezone if draft.site else "UTC"
    hour = hour_and_day(call.received, zone)[0]
    return Receipt(ids.number("replay", entry.id), hour, draft.index, draft.repeats)
