"""Plausible's events: page views and custom events of its trackers and of its events API; the domain names the site.

An `engagement` tells that somebody was still there: it goes on with the visit, and is no event of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from streamgauge.events.reasons import Reason
from streamgauge.ingestion import outcome
from streamgauge.ingestion.dialects.dialect import Dialect, Reading, only
from streamgauge.ingestion.dialects.fields import event, mapping, read_object, seconds, text, url
from streamgauge.ingestion.drafts import Draft
from streamgauge.ingestion.refusal import RefusedError

if TYPE_CHECKING:
    from streamgauge.events.models import Kind
    from streamgauge.ingestion.call import Call
    from streamgauge.ingestion.models import SentEvent

_TEXT: Final = "text/plain; charset=utf-8"


def read(call: Call) -> Reading:
    """Return the draft of the event."""
    return only(reread(call.body.strip(), call.argument))


def reread(raw: bytes, argument: str) -> Draft:  # noqa: ARG001 - every dialect is called alike
    """Return the draft of an event's bytes."""
    try:
        sent, kind, name = _event(read_object(raw))
    except RefusedError as refusal:
        return Draft(index=0, raw=raw, refusal=refusal)
    return Draft(index=0, raw=raw, sent=sent, kind=kind, name=name)


def _event(body: dict[str, Any]) -> tuple[SentEvent, Kind, str | None]:
    name = text(body.get("n") or body.get("name"), 100)
    if name is None:
        raise RefusedError(Reason.INVALID, "An event needs its name.", ("name",))
    width = seconds(body.get("w") or body.get("screen_width"))
    found: dict[str, Any] = {
        "event_type": name,
        "url": _address(body),
        "referrer": url(body.get("r") or body.get("referrer")),
        "properties": _properties(body) or None,
        "interactive": False if body.get("i") is False or body.get("interactive") is False else None,
        "metadata": {"screen_width": width} if width else None,
    }
    if name == "engagement":
        engaged = {"engaged_seconds": seconds(body.get("e")), "scroll_depth": seconds(body.get("sd"))}
        if engaged["engaged_seconds"] is not None:
            engaged["engaged_seconds"] /= 1000
        found["properties"] = {key: value for key, value in engaged.items() if value is not None} or None
        return event(found), "identify", "engagement"
    if name == "pageview":
        return event(found | {"event_type": "page_view"}), "page_view", None
    return event(found), "custom", name


def _address(body: dict[str, Any]) -> str | None:
    """Return where it happened; a page of a site that is routed by what follows `#` keeps that in its path."""
    given = url(body.get("u") or body.get("url"))
    routed = given is not None and str(body.get("h")) in {"1", "True"}
    return given.replace("#", "%23", 1) if given is not None and routed else given


def _properties(body: dict[str, Any]) -> dict[str, Any]:
    revenue = _object(body.get("$") or body.get("revenue"))
    worth = {f"revenue_{name}": revenue[name] for name in ("amount", "currency") if name in revenue}
    return _object(body.get("p") or body.get("m") or body.get("props")) | worth


def _object(given: object) -> dict[str, Any]:
    """Return an object, or what the text of one says: older trackers send the latter. An empty one for anything else."""
    if isinstance(given, str):
        try:
            given = msgspec.json.decode(given)
        except (msgspec.MsgspecError, RecursionError):
            return {}
    return mapping(given)


def answer(reading: Reading) -> outcome.Outcome:
    """Answer as Plausible does."""
    if reading.drafts[0].refusal is not None:
        return outcome.native(reading.drafts, single=True)
    return outcome.Outcome(202, _TEXT, b"ok")


DIALECT: Final = Dialect("plausible", read, reread, answer, foreign=True)
