"""A step of a funnel that the caller saw somebody take.

Whether there is such a funnel and step is not asked here: the door needs no database, and a step that a funnel gains later counts
from the start. Reports count those that they find.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec

from streamgauge.events.reasons import Reason
from streamgauge.ingestion import outcome
from streamgauge.ingestion.dialects.dialect import Dialect, Reading, only
from streamgauge.ingestion.drafts import Draft
from streamgauge.ingestion.models import SentEvent, SentFunnelStep
from streamgauge.ingestion.reading import read_one
from streamgauge.ingestion.refusal import RefusedError

if TYPE_CHECKING:
    from streamgauge.ingestion.call import Call

MOST_STEP: Final = 1000

_STEP: Final = msgspec.json.Decoder(SentFunnelStep)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


def read(call: Call) -> Reading:
    """Return the draft of the reported step."""
    return only(reread(call.body.strip(), call.argument))


def reread(raw: bytes, argument: str) -> Draft:  # noqa: ARG001 - every dialect is called alike
    """Return the draft of a reported step's bytes."""
    try:
        step = read_one(raw, _STEP)
        _check(step)
    except RefusedError as refusal:
        return Draft(index=0, raw=raw, refusal=refusal)
    sent = SentEvent(
        event_type="funnel_step",
        website_id=step.website_id,
        event_id=step.event_id,
        anonymous_id=step.anonymous_id,
        user_id=step.user_id,
        session_id=step.session_id,
        timestamp=step.timestamp,
        sent_at=step.sent_at,
        properties={"step": step.step},
        context=step.context,
        historical=step.historical,
    )
    return Draft(index=0, raw=raw, sent=sent, kind="funnel_step", name=step.funnel_id)


def _check(step: SentFunnelStep) -> None:
    if _CONTROL.search(step.funnel_id):
        raise RefusedError(Reason.INVALID, "A funnel's id holds no control character.", ("funnel_id",))
    if isinstance(step.step, int) and not 0 <= step.step < MOST_STEP:
        raise RefusedError(Reason.INVALID, "Steps are numbered from 0.", ("step",))


def answer(reading: Reading) -> outcome.Outcome:
    """Answer as for a single event."""
    return outcome.native(reading.drafts, single=True)


DIALECT: Final = Dialect("funnel_step", read, reread, answer)
