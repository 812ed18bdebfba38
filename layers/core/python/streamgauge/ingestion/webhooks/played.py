"""What a webhook says was played, and the tolerant reading of its fields: numbers as texts, empty texts, ids in two spellings."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec

from streamgauge.clock import microseconds
from streamgauge.events.reasons import Reason
from streamgauge.ingestion.refusal import RefusedError
from streamgauge.places.lookup import normal
from streamgauge.sessions.folding import HIGHEST_BITRATE

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from streamgauge.events.models import Call, SessionItem
    from streamgauge.ingestion.session_calls import Told

Meant = TypeVar("Meant")

LONGEST_TEXT: Final = 200
LONGEST_TITLE: Final = 500
LONGEST_DEVICE: Final = 5000

_SECONDS: Final = 10_000_000
_HIGHEST: Final = 1e18
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]+")
_GUID: Final = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_WITH_PORT: Final = re.compile(r"\[?([0-9A-Fa-f:.]+?)\]?:\d{1,5}")
_INVARIANT: Final = "%m/%d/%Y %H:%M:%S"
"""How Jellyfin's templates write a time."""
_TRUE: Final = frozenset({"true", "1", "yes"})
_FALSE: Final = frozenset({"false", "0", "no"})
_HEIGHTS: Final = (
    ("144p", 256, 144),
    ("240p", 426, 240),
    ("360p", 640, 360),
    ("480p", 854, 480),
    ("576p", 1024, 576),
    ("720p", 1280, 720),
    ("1080p", 1920, 1080),
    ("1440p", 2560, 1440),
    ("2160p", 3840, 2160),
    ("4320p", 7680, 4320),
)
_TOLERANCE: Final = 1.02
_DASH: Final = " \N{EN DASH} "
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_TYPES: Final = {"audio": "track", "tv_channel": "live_tv", "live_tv_channel": "live_tv", "program": "live_tv"}


class Played(msgspec.Struct, frozen=True, kw_only=True):
    """A call about a session as a webhook means it; `play` is the server's own id of the playing, where it has one.

    `over`: it tells of what has been played, so that it never begins a session that goes on.
    """

    call: Call
    user_id: str
    item: SessionItem
    told: Told
    play: str | None = None
    over: bool = False


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """A user's device that came to its server; `device` as of `folding.device_of`."""

    user_id: str
    device: str
    address: str


def meant(body: Mapping[str, Any], field: str, known: Mapping[str, Meant], others: Collection[str]) -> Meant | None:
    """Return what a field with the kind of a notification means; None for others. Raises RefusedError for what is not known."""
    kind = text(body.get(field))
    if kind in others:
        return None
    found = known.get(kind or "")
    if found is None:
        raise RefusedError(Reason.UNKNOWN_KIND, f"This {field} is not known.", (field,))
    return found


def section(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return an object inside a body, empty where there is none."""
    found = body.get(name)
    return found if isinstance(found, dict) else {}


def text(value: object, longest: int = LONGEST_TEXT) -> str | None:
    """Return a text or a whole number as text without control characters, cut; None for nothing and everything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        return None
    return _CONTROL.sub(" ", value).strip()[:longest].strip() or None


def name(value: object) -> str | None:
    """Return a title or a name; quotes that a template has escaped are put back."""
    found = text(value, LONGEST_TITLE)
    return None if found is None else found.replace('\\"', '"')


def identity(value: object) -> str | None:
    """Return an id; the two spellings of a GUID, with hyphens and without, are one."""
    found = text(value)
    return found.replace("-", "").lower() if found and _GUID.fullmatch(found) else found


def device(value: object) -> str | None:
    """Return a device's id, of a long one its end: that of a browser at Jellyfin is its agent's text and then a time (`plays.device` does the same)."""
    found = text(value, LONGEST_DEVICE)
    return None if found is None else found[-LONGEST_TEXT:]


def needed(value: str | None, field: str) -> str:
    """Return what must not be missing. Raises RefusedError."""
    if value is None:
        raise RefusedError(Reason.INVALID, f"{field} is missing.", (field,))
    return value


def known(*said: Meant | None) -> Meant | None:
    """Return the first of several sayings that says something."""
    return next((one for one in said if one is not None), None)


def number(value: object) -> float | None:
    """Return a number of zero or more, also from text; None for anything else."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _HIGHEST:
        return None
    return float(value)


def whole(value: object) -> int | None:
    """Return a whole number of zero or more, such as that of an episode."""
    found = number(value)
    return None if found is None or found > _SECONDS else int(found)


def seconds(value: object, per_second: int) -> float | None:
    """Return a length or position that is counted in parts of a second; None for one that cannot be."""
    found = number(value)
    return None if found is None or found > _SECONDS * per_second else found / per_second


def reached(position: float | None, runtime: float | None, completed: object) -> float | None:
    """Return how far a playing came: one that was completed to the end, where its server has already forgotten the position."""
    return position if position or not flag(completed) else runtime


def kilobits(value: object, per_kilobit: int = 1) -> int | None:
    """Return a bitrate in kbit/s, None for zero and for what cannot be."""
    found = number(value)
    rounded = 0 if found is None else round(min(found / per_kilobit, HIGHEST_BITRATE + 1))
    return rounded if 0 < rounded <= HIGHEST_BITRATE else None


def flag(value: object) -> bool | None:
    """Return yes or no, also as templates write it."""
    if isinstance(value, bool):
        return value
    said = str(value).strip().lower() if isinstance(value, str | int) else ""
    if said in _TRUE:
        return True
    return False if said in _FALSE else None


def moment(value: object) -> int | None:
    """Return a time in microseconds; one without a zone is UTC."""
    if not isinstance(value, str):
        return None
    found: datetime | None = None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        try:
            found = datetime.strptime(value, _INVARIANT).replace(tzinfo=UTC)
        except ValueError:
            return None
    try:
        return microseconds(found if found.tzinfo is not None else found.replace(tzinfo=UTC))
    except OverflowError:
        return None


def address(value: object) -> str | None:
    """Return an IP address, without the port that may follow it."""
    given = text(value)
    if given is None:
        return None
    with_port = _WITH_PORT.fullmatch(given)
    return normal(given) or (normal(with_port[1]) if with_port else None)


def resolution(width: object, height: object) -> str | None:
    """Return the class of a picture's size, such as 1080p for 1920 x 820."""
    wide, high = number(width), number(height)
    if not wide and not high:
        return None
    for label, most_wide, most_high in _HEIGHTS:
        if (wide or 0) <= most_wide * _TOLERANCE and (high or 0) <= most_high * _TOLERANCE:
            return label
    return None


def content_type(value: object) -> str:
    """Return the type of an item in our words: `MusicVideo` as `music_video`, `Audio` as `track`."""
    found = text(value, 64)
    if found is None:
        return "unknown"
    snake = _CAMEL.sub("_", found).lower()
    return _TYPES.get(snake, snake)


def title(own: str | None, series: str | None, season: int | None, episode: int | None) -> str | None:
    """Return a title that stands by itself: series, S01E02 and title between dashes."""
    if season is not None and episode is not None:
        place: str | None = f"S{season:02}E{episode:02}"
    else:
        place = None if episode is None else f"E{episode:02}"
    parts = [series, place, own] if series else [own]
    return _DASH.join(part for part in parts if part)[:LONGEST_TITLE] or None
