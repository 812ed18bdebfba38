"""Step: refused events become dead letters, durable before the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

import msgspec

from streamgauge import telemetry
from streamgauge.access.scopes import ALL_SITES
from streamgauge.events.reasons import Reason, Stage
from streamgauge.ingestion.visitors import Derived, Hashes, hashes_of, visitor_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamgauge.access.registry import KeyRecord
    from streamgauge.errors import UnreadableError
    from streamgauge.ingestion.call import Call
    from streamgauge.ingestion.drafts import Draft

_DETAIL: Final = 300


class _WithId(msgspec.Struct):
    event_id: Any = None
    messageId: Any = None  # noqa: N815 - Segment's name
    uuid: Any = None


_WITH_ID: Final = msgspec.json.Decoder(_WithId)
_DERIVED: Final = msgspec.json.Decoder(Derived)


def keep_refused(drafts: Sequence[Draft], call: Call, dialect: str) -> None:
    """Keep the refused ones among a request's events. Raises StoreAwayError."""
    # The rare way: an accepted event never pays for it.
    from streamgauge.store import dead_letters  # noqa: PLC0415

    refused = [(draft, draft.refusal) for draft in drafts if draft.refusal is not None]
    if not refused:
        return
    dead_letters.record(
        [
            dead_letters.DeadLetter(
                site=_site(draft, call),
                reason=refusal.reason,
                stage=Stage.INGEST,
                body=draft.raw,
                received_at=call.received,
                event_id=draft.event_id,
                position=draft.index,
                detail=refusal.detail[:_DETAIL],
                derived=msgspec.json.encode(_derive(draft, call, dialect)),
            )
            for draft, refusal in refused
        ]
    )
    telemetry.measure(telemetry.Metric.EVENTS_REFUSED, len(refused))


def keep_unreadable(error: UnreadableError, call: Call, dialect: str) -> None:
    """Keep a body that cannot be read as events, whole. Raises StoreAwayError."""
    from streamgauge.store import dead_letters  # noqa: PLC0415

    if not call.body:
        return
    letter = dead_letters.DeadLetter(
        site=call.site.site_id if call.site else dead_letters.UNKNOWN_SITE,
        reason=Reason.UNREADABLE,
        stage=Stage.INGEST,
        body=call.body,
        received_at=call.received,
        detail=error.detail,
        derived=msgspec.json.encode(_derive(None, call, dialect)),
    )
    dead_letters.record([letter])
    telemetry.measure(telemetry.Metric.EVENTS_REFUSED, 1)


def id_in(raw: bytes) -> str | None:
    """Return the id of an event that was refused as a whole, so that its sender finds it again."""
    try:
        sent = _WITH_ID.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    found = sent.event_id or sent.messageId or sent.uuid
    return found[:200] if isinstance(found, str) and "\0" not in found else None


def read_derived(content: bytes) -> Derived:
    """Return what a dead letter says of its visitor. Raises msgspec.MsgspecError."""
    return _DERIVED.decode(content)


def _site(draft: Draft, call: Call) -> str:
    if draft.site is not None:
        return draft.site.site_id
    return "-" if call.site is None else call.site.site_id


def _derive(draft: Draft | None, call: Call, dialect: str) -> Derived:
    """Return what is known of the visitor; without a finished draft, what the request alone tells."""
    key = cast("KeyRecord", call.key)
    visitor, hashes, touches_visit, complete = None, None, True, True
    if draft is not None:
        visitor, hashes, touches_visit = draft.visitor, draft.hashes, draft.touches_visit
    if visitor is None:
        # A back end's own address says nothing of its visitors.
        visitor = visitor_of(None, "") if key.scope == "server" else visitor_of(call.address, call.agent)
        touches_visit = complete = key.scope != "server"
    site = draft.site if draft is not None and draft.site is not None else call.site
    if hashes is None and site is not None:
        hashes = hashes_of(
            visitor,
            site,
            call.received,
            received=call.received,
            now=call.now,
            historical=False,
            of_address=dialect == "view",
        )
    return Derived(
        dialect=dialect,
        argument=call.argument,
        scope=key.scope,
        all_sites=key.site_id == ALL_SITES,
        bot=visitor.bot,
        surroundings=visitor.surroundings,
        hashes=hashes or Hashes(),
        touches_visit=touches_visit,
        complete=complete,
    )
