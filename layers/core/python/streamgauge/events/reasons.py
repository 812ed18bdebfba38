"""Why an event became no row: the closed lists of reasons and of the stages at which they are given."""

from __future__ import annotations

from enum import StrEnum


class Stage(StrEnum):
    """Which part of the system gave an event up."""

    INGEST = "ingest"
    WAREHOUSE = "warehouse"
    LIVE = "live"


class Reason(StrEnum):
    """Why an event was given up."""

    UNREADABLE = "unreadable"
    """It is no JSON that can be read as an event."""
    INVALID = "invalid"
    """A value is missing, of the wrong type or out of bounds."""
    TOO_LARGE = "too_large"
    """It is larger than an event may be."""
    TOO_DEEP = "too_deep"
    """It nests deeper than an event may."""
    TOO_LATE = "too_late"
    """It is older than events are taken."""
    WRONG_SITE = "wrong_site"
    """It names another site than the key's."""
    UNKNOWN_SITE = "unknown_site"
    """It names a site that does not exist."""
    UNKNOWN_VIDEO = "unknown_video"
    """The site counts only videos of its catalogue, and this is none."""
    UNKNOWN_KIND = "unknown_kind"
    """Its version or kind is not known here."""
    NOT_ALLOWED = "not_allowed"
    """The key may not send this."""
    DISABLED = "disabled"
    """The site does not take such events."""
    DAY_CLOSED = "day_closed"
    """It would change a day whose raw events are gone."""
    EXPIRED_ID = "expired_id"
    """Its id can no longer be told from a repetition."""
    POISON = "poison"
    """It made the consumer fail."""
