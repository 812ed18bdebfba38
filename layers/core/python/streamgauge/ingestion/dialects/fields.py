"""Values of foreign bodies as the one event takes them: what is of another type than its field is left out, never guessed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from streamgauge.events.reasons import Reason
from streamgauge.ingestion.models import SentEvent
from streamgauge.ingestion.reading import invalid, read_one
from streamgauge.ingestion.refusal import RefusedError
from streamgauge.places.lookup import normal

if TYPE_CHECKING:
    from collections.abc import Mapping

_OBJECT: Final = msgspec.json.Decoder(dict[str, Any])
_IDENTITY: Final = 200
_URL: Final = 4096
_TAG: Final = 255
_SECONDS: Final = 10_000_000.0
_KILOBITS: Final = 100_000_000.0
_DATE: Final = 8
_UNSET: Final = "0001-01-01T00:00:00"
_LAST_SECOND: Final = 250_000_000_000.0
"""In the year 9892: the calendar of `datetime` ends soon after."""
_FIRST_MILLISECONDS: Final = 100_000_000_000.0
"""From here on a number of seconds would lie after the year 5138: it counts milliseconds."""


def read_object(raw: bytes) -> dict[str, Any]:
    """Return an event's bytes as an object. Raises RefusedError."""
    return read_one(raw, _OBJECT)


def text(value: object, most: int = _TAG) -> str | None:
    """Return a text cut to `most` characters; None for an empty one, or for anything else."""
    return value[:most] if isinstance(value, str) and value else None


def url(value: object) -> str | None:
    """Return an address as far as it is kept."""
    return text(value, _URL)


def identity(value: object) -> str | None:
    """Return an id, of a number too. Raises RefusedError for one that is too long: cutting would make two people one."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if isinstance(value, str) and len(value) > _IDENTITY:
        raise RefusedError(Reason.INVALID, f"An id has up to {_IDENTITY} characters.")
    return value if isinstance(value, str) and value else None


def stated(*times: object) -> object:
    """Return the first of some times that is one: not null, empty or zero, nor what Go writes for none."""
    return next((one for one in times if one and not (isinstance(one, str) and one.startswith(_UNSET))), None)


def moment(value: object) -> datetime | None:
    """Return a time: ISO 8601 in any of its forms, or seconds or milliseconds since the epoch; None for anything else."""
    # Eight digits are a date.
    short = isinstance(value, str) and len(value.strip()) <= _DATE
    since = None if short else _number(value, _LAST_SECOND * 1000)
    if since is not None:
        return datetime.fromtimestamp(since / 1000 if since >= _FIRST_MILLISECONDS else since, UTC)
    if not isinstance(value, str):
        return None
    try:
        return msgspec.convert(value, datetime)
    except msgspec.ValidationError:
        pass
    try:
        return datetime.fromisoformat(value.strip().removesuffix(" UTC"))
    except ValueError:
        return None


def address(value: object) -> str | None:
    """Return an IP address, the first of several; None for what is none."""
    return normal(value.partition(",")[0].strip()) if isinstance(value, str) else None


def seconds(value: object, most: float = _SECONDS) -> float | None:
    """Return a time within a video, from a number or its text; None for anything else, and for more than `most`."""
    return _number(value, most)


def kilobits(value: object) -> float | None:
    """Return a bitrate in kbit/s; None for anything else."""
    return _number(value, _KILOBITS)


def _number(value: object, most: float) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if 0 <= found <= most else None


def mapping(value: object) -> dict[str, Any]:
    """Return an object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def screen(width: object, height: object) -> str | None:
    """Return a screen's size."""
    sides = [seconds(side) for side in (width, height)]
    return f"{sides[0]:.0f}x{sides[1]:.0f}" if sides[0] and sides[1] else None


def event(found: Mapping[str, Any]) -> SentEvent:
    """Return the one event with what was found for its fields. Raises RefusedError."""
    try:
        return msgspec.convert({name: value for name, value in found.items() if value is not None}, SentEvent)
    except msgspec.ValidationError as error:
        raise invalid(error) from None
