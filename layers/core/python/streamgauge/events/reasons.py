"""Why an event became no row: the closed lists of reasons and of the stages at which they are given."""

from __future__ import annotations

from enum import StrEnum


class Stage(StrEnum):
    """Which part of the system gave an event up."""

    INGEST = "ingest"
    WAREHOUSE = "warehouse"
    LIVE = "live"


class Reason(StrEnum):
    """Why an event was given up; each has its sentence in `SENTENCES`."""

    UNREADABLE = "unreadable"
    INVALID = "invalid"
    TOO_LARGE = "too_large"
    TOO_DEEP = "too_deep"
    TOO_LATE = "too_late"
    WRONG_SITE = "wrong_site"
    UNKNOWN_SITE = "unknown_site"
    UNKNOWN_VIDEO = "unknown_video"
    UNKNOWN_KIND = "unknown_kind"
    NOT_ALLOWED = "not_allowed"
    DISABLED = "disabled"
    DAY_CLOSED = "day_closed"
    EXPIRED_ID = "expired_id"
    POISON = "poison"


SENTENCES: dict[Reason, str] = {
    Reason.UNREADABLE: "It is no JSON that can be read as an event.",
    Reason.INVALID: "A value is missing, of the wrong type or out of bounds.",
    Reason.TOO_LARGE: "It is larger than an event may be.",
    Reason.TOO_DEEP: "It nests deeper than an event may.",
    Reason.TOO_LATE: "It is older than events are taken.",
    Reason.WRONG_SITE: "It names another site than the key's.",
    Reason.UNKNOWN_SITE: "It names a site that does not exist.",
    Reason.UNKNOWN_VIDEO: "The site counts only videos of its catalogue, and this is none.",
    Reason.UNKNOWN_KIND: "Its version or kind is not known here.",
    Reason.NOT_ALLOWED: "The key may not send this.",
    Reason.DISABLED: "The site does not take such events.",
    Reason.DAY_CLOSED: "It would change a day whose raw events are gone.",
    Reason.EXPIRED_ID: "Its id can no longer be told from a repetition.",
    Reason.POISON: "It made the consumer fail.",
}
