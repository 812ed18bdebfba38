"""A view of a video: the path names it, the body may say who looks and when."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec

from streamgauge.events.reasons import Reason
from streamgauge.ingestion import outcome
from streamgauge.ingestion.dialects.dialect import Dialect, Reading, only
from streamgauge.ingestion.drafts import Draft
from streamgauge.ingestion.models import SentEvent, SentView
from streamgauge.ingestion.reading import read_one
from streamgauge.ingestion.refusal import RefusedError

if TYPE_CHECKING:
    from streamgauge.ingestion.call import Call

MAX_VIDEO_ID: Final = 200

_VIEW: Final = msgspec.json.Decoder(SentView)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_NOTHING: Final = SentView()


def read(call: Call) -> Reading:
    """Return the draft of the view; an empty body says nothing."""
    return only(reread(call.body.strip(), call.argument))


def reread(raw: bytes, argument: str) -> Draft:
    """Return the draft of a view's body and video."""
    try:
        video_id = _checked(argument)
        view = read_one(raw, _VIEW) if raw else _NOTHING
    except RefusedError as refusal:
        return Draft(index=0, raw=raw, refusal=refusal)
    sent = SentEvent(
        event_type="view",
        website_id=view.website_id,
        event_id=view.event_id,
        anonymous_id=view.anonymous_id,
        user_id=view.user_id,
        session_id=view.session_id,
        timestamp=view.timestamp,
        sent_at=view.sent_at,
        video_id=video_id,
        context=view.context,
    )
    return Draft(index=0, raw=raw, sent=sent, kind="view")


def _checked(video_id: str) -> str:
    if not 0 < len(video_id) <= MAX_VIDEO_ID or _CONTROL.search(video_id):
        message = f"A video's id has 1 to {MAX_VIDEO_ID} characters, none of them a control character."
        raise RefusedError(Reason.INVALID, message, ("videoId",))
    return video_id


def answer(reading: Reading) -> outcome.Outcome:
    """Answer the view."""
    return outcome.viewed(reading.drafts[0])


DIALECT: Final = Dialect("view", read, reread, answer)
