"""The columns of `sessions` and `player_sessions`, and the session that a row holds."""

from __future__ import annotations

from typing import Any, Final, LiteralString

from streamgauge.events.models import SessionItem, Spot
from streamgauge.sessions.folding import Session

COLUMNS: Final[tuple[tuple[LiteralString, LiteralString], ...]] = (
    ("key", "bigint"), ("session_id", "text"), ("user_id", "text"), ("user_key", "bigint"), ("day", "date"),
    ("start", "bigint"), ("last", "bigint"), ("seen", "bigint"), ("stop", "bigint"), ("calls", "integer"),
    ("paused", "boolean"), ("historical", "boolean"), ("described", "boolean"), ("heartbeats", "boolean"),
    ("transcoded", "boolean"), ("ever_transcoded", "boolean"), ("hosting", "boolean"), ("position", "double precision"),
    ("last_position", "double precision"), ("runtime", "double precision"), ("bitrate", "integer"), ("network", "bigint"),
    ("latitude", "double precision"), ("longitude", "double precision"), ("radius_km", "double precision"),
    ("starts", "bigint[]"), ("ends", "bigint[]"), ("duration", "bigint"), ("streamed", "bigint"), ("unrated", "bigint"),
    ("changed_at", "bigint"), ("kept_from", "date"), ("content_type", "text"), ("content_id", "text"), ("title", "text"),
    ("library_id", "text"), ("client_name", "text"), ("device_name", "text"), ("device_id", "text"), ("device", "text"),
    ("resolution", "text"), ("source", "text"), ("country", "text"), ("city", "text"), ("ip_address", "text"),
)  # fmt: skip

NAMES: Final[LiteralString] = ", ".join(name for name, _ in COLUMNS)
"""The columns of a row that `values_of` takes."""

PLAIN: Final = (
    "user_id", "start", "last", "seen", "stop", "calls", "paused", "historical", "described", "transcoded",
    "ever_transcoded", "position", "last_position", "bitrate", "starts", "ends", "duration", "streamed", "unrated",
    "resolution",
)  # fmt: skip
"""Columns that are attributes of the session; those of its item and spot follow."""
ITEM: Final = (
    "content_type", "content_id", "title", "library_id", "runtime", "client_name", "device_name", "device_id",
    "heartbeats", "source",
)  # fmt: skip
SPOT: Final = ("ip_address", "network", "country", "city", "latitude", "longitude", "radius_km", "hosting")


def values_of(row: tuple[Any, ...]) -> dict[str, Any]:
    """Return a row's values by their columns."""
    return dict(zip((name for name, _ in COLUMNS), row, strict=True))


def session_of(values: dict[str, Any]) -> Session:
    """Return the session that a row's values hold."""
    return Session(
        id=values["session_id"],
        item=SessionItem(**{name: values[name] for name in ITEM}),
        spot=Spot(**{name: values[name] for name in SPOT}),
        **{name: values[name] for name in PLAIN},
    )
