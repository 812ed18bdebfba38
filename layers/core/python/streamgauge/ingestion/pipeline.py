"""The way of a request through ingest, step by step. 2xx is answered only for what is durable.

1 `limits`: ingest is switched on. 2 `call`: the body is unpacked within its limit. 3 `keys`: a key that may write.
4 `rates`: not too often. 5 the dialect: the body becomes drafts. 6 `steps`: each draft by itself. 7 repeats within the request.
8 `letters`: refused ones are kept. 9 `stamp`: accepted ones are complete. 10 `delivery`. 11 the dialect answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from streamgauge.errors import UnreadableError
from streamgauge.ingestion import letters
from streamgauge.ingestion.characters import whole_characters
from streamgauge.ingestion.delivery import Delivery
from streamgauge.ingestion.keys import identify
from streamgauge.ingestion.limits import limits, limits_of_ingest
from streamgauge.ingestion.rates import Rates, name_of
from streamgauge.ingestion.receipts import Register
from streamgauge.ingestion.refusal import RefusedError
from streamgauge.ingestion.stamp import new_ids, receipt_for, record_of
from streamgauge.ingestion.steps import STEPS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamgauge.access.registry import KeyRecord, SiteRecord
    from streamgauge.ingestion.call import Call
    from streamgauge.ingestion.dialects.dialect import Dialect, Reading
    from streamgauge.ingestion.drafts import Draft
    from streamgauge.ingestion.limits import Limits
    from streamgauge.ingestion.outcome import Outcome


class Pipeline:
    """What one container keeps between requests: its receipts, its rates, and how the stream fares."""

    def __init__(self) -> None:
        self.register = Register()
        self.rates = Rates()
        self.delivery = Delivery()

    def take(self, call: Call, dialect: Dialect) -> Outcome:
        """Take a request to its answer. Raises the errors of `streamgauge.errors`."""
        allowed = limits_of_ingest()
        if dialect.foreign:
            call.body = whole_characters(call.body)
        key = identify(call)
        self._count(call, key, allowed)
        reading = read(call, dialect)
        for draft in reading.drafts:
            advance(draft, call)
        name(reading.drafts, call.received)
        mark_repeats(reading.drafts)
        if any(draft.refusal for draft in reading.drafts):
            letters.keep_refused(reading.drafts, call, dialect.name)
        self._deliver(accepted(reading.drafts), call)
        return dialect.answer(reading)

    def _count(self, call: Call, key: KeyRecord, allowed: Limits) -> None:
        # The address first: whom it stops must not use up what the key's other senders have.
        if key.scope == "write":
            self.rates.count(name_of(call.address), allowed.rate_per_address, call.now)
        self.rates.count(key.key_id, allowed.rate_per_key, call.now)

    def _deliver(self, drafts: Sequence[Draft], call: Call) -> None:
        if not drafts:
            return
        received = call.received
        records = [record_of(draft, received, receipt_for(draft, received, self.register)) for draft in drafts]
        try:
            self.delivery.deliver(limits().stream, records, call.now)
        except Exception:
            # Nobody knows which of these numbers reached the stream; the next ones are another writer's.
            self.register.renew()
            raise


def read(call: Call, dialect: Dialect) -> Reading:
    """Return the drafts of a request; a body without any is kept before UnreadableError goes on."""
    try:
        if call.broken is not None:
            raise call.broken
        return dialect.read(call)
    except UnreadableError as error:
        letters.keep_unreadable(error, call, dialect.name)
        raise


def advance(draft: Draft, call: Call) -> None:
    """Take one event through its steps, as far as it goes."""
    if draft.refusal is not None:
        draft.event_id = letters.id_in(draft.raw)
        return
    if draft.sent is not None:
        draft.event_id = draft.sent.event_id
    try:
        for step in STEPS:
            step(draft, call)
    except RefusedError as refusal:
        draft.refusal = refusal


def name(drafts: Sequence[Draft], received: int) -> None:
    """Give an id to each event that goes on without one; such ids sort as the events stand."""
    nameless = [draft for draft in drafts if draft.refusal is None and draft.event_id is None]
    if nameless:
        for draft, event_id in zip(nameless, new_ids(received, len(nameless)), strict=True):
            draft.event_id = event_id


def mark_repeats(drafts: Sequence[Draft]) -> None:
    """Mark the repeats of an event within its request. The first that goes on is sent: a refused one is repeated by none."""
    if len(drafts) == 1:
        return
    first: dict[tuple[str, str], Draft] = {}
    for draft in drafts:
        if draft.refusal is None:
            identity = (cast("SiteRecord", draft.site).site_id, cast("str", draft.event_id))
            sent = first.setdefault(identity, draft)
            if sent is not draft:
                draft.repeat = True
                sent.repeats += 1


def accepted(drafts: Sequence[Draft]) -> list[Draft]:
    """Return the events that go to the stream."""
    return [draft for draft in drafts if draft.refusal is None and not draft.repeat]
