"""Step: the stamped event, complete, as a record for the stream."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, cast

from streamgauge.clock import hour_and_day
from streamgauge.events.models import StampedEvent, Surroundings, encode
from streamgauge.ingestion.screens import language_of, screen_of

if TYPE_CHECKING:
    from streamgauge.access.registry import SiteRecord
    from streamgauge.events.models import Kind, Receipt
    from streamgauge.ingestion.drafts import Draft
    from streamgauge.ingestion.models import SentEvent
    from streamgauge.ingestion.receipts import Register
    from streamgauge.ingestion.visitors import Hashes, Visitor
    from streamgauge.store.kinesis import Record

MAX_KEY = 128


def new_ids(received: int, number: int) -> list[str]:
    """Return ids for the events of one request (UUID version 7): they sort as the events do."""
    time, chance = f"{received // 1000:012x}", secrets.token_hex(8)
    head, tail = f"{time[:8]}-{time[8:]}-7", f"-{8 + int(chance[0], 16) % 4:x}{chance[1:4]}-{chance[4:]}"
    return [f"{head}{index:03x}{tail}" for index in range(number)]


def receipt_for(draft: Draft, received: int, register: Register) -> Receipt:
    """Return the next receipt of the site's hour."""
    site = cast("SiteRecord", draft.site)
    return register.take(site.site_id, hour_and_day(received, site.timezone)[0], draft.repeats)


def record_of(draft: Draft, received: int, receipt: Receipt) -> Record:
    """Return the partition key and bytes of an accepted event."""
    sent, site = cast("SentEvent", draft.sent), cast("SiteRecord", draft.site)
    hashes, visitor = cast("Hashes", draft.hashes), cast("Visitor", draft.visitor)
    event = StampedEvent(
        site=site.site_id,
        zone=site.timezone,
        id=cast("str", draft.event_id),
        kind=cast("Kind", draft.kind),
        name=draft.name,
        time=draft.time,
        received=received,
        receipt=receipt,
        anonymous_id=sent.anonymous_id or None,
        user_id=sent.user_id or None,
        session_id=sent.session_id or None,
        hash=hashes.hash,
        prev_hash=hashes.prev_hash,
        address_hash=hashes.address_hash,
        prev_address_hash=hashes.prev_address_hash,
        bot=visitor.bot,
        historical=draft.historical,
        clock_corrected=draft.corrected,
        touches_visit=draft.touches_visit,
        interactive=sent.interactive is not False,
        page=draft.page,
        acquisition=draft.acquisition,
        surroundings=_surroundings(draft, sent, visitor),
        video=draft.video,
        spot=draft.spot,
        properties=draft.properties,
        metadata=sent.metadata,
    )
    return partition_key(event), encode(event)


def _surroundings(draft: Draft, sent: SentEvent, visitor: Visitor) -> Surroundings:
    known = visitor.surroundings
    browser, device, system = known.browser or draft.browser, known.device or draft.device, known.os or draft.os
    told = (browser, device, system) != (known.browser, known.device, known.os)
    if not sent.screen and not sent.language and not told:
        return known
    return Surroundings(
        known.country,
        known.region,
        known.city,
        browser,
        system,
        device,
        screen_of(sent.screen) if sent.screen else None,
        language_of(sent.language) if sent.language else None,
    )


def partition_key(event: StampedEvent) -> str:
    """Return whose lane it takes: the visitor's; correctness never rests on it."""
    own = event.anonymous_id or event.hash or event.user_id or event.session_id or event.id
    return f"{event.site[:MAX_KEY]}/{own}"[: 2 * MAX_KEY]
