"""Plays of other tools as sessions of the past: what their importers share. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_TEXT: Final = 200
LONGEST_TITLE: Final = 500
LONGEST_DEVICE: Final = 5000

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]+")
_LONGEST_PLAY: Final = 10_000_000
_HIGHEST_BITRATE: Final = 1_000_000
_WIDTHS: Final = ((854, "480p"), (1280, "720p"), (1920, "1080p"), (2560, "1440p"), (3840, "2160p"), (7680, "4320p"))
_DASH: Final = " \N{EN DASH} "


class BadPlayError(ValueError):
    """Raised for a row that cannot be a play, with the reason."""


@dataclass(frozen=True)
class Play:
    """What one row tells: begin and end in seconds since 1970, `played` seconds of it, and the rest as the service takes it."""

    began: float
    ended: float
    played: float
    said: Mapping[str, Any]

    def session(self, session_id: str, source: str) -> dict[str, object]:
        """Return the session of the past that the service is sent."""
        known = {name: value for name, value in self.said.items() if value is not None}
        return {
            "id": session_id,
            **known,
            "started_at": instant(self.began),
            "ended_at": instant(self.ended),
            "duration_seconds": round(self.played, 3),
            "status": "ended",
            "historical": True,
            "source": source,
        }


def play(began: float | None, ended: float | None, played: float | None, said: Mapping[str, Any]) -> Play:
    """Return a play whose times go together. Raises BadPlayError."""
    if began is None or ended is None or not 0 < began <= ended or ended - began > _LONGEST_PLAY:
        raise BadPlayError("its times cannot be")
    for name in ("user_id", "content_id"):
        if not said.get(name):
            raise BadPlayError(f"it has no {name}")
    length = ended - began
    return Play(began, ended, length if played is None else min(played, length), said)


def text(value: object, longest: int = LONGEST_TEXT) -> str | None:
    """Return a text or a number as text, without control characters and cut; None for nothing."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return _CONTROL.sub(" ", str(value)).strip()[:longest].strip() or None


def device(value: object) -> str | None:
    """Return a device's id, of a long one its end, as the service takes it from webhooks: there the same device has the same id."""
    found = text(value, LONGEST_DEVICE)
    return None if found is None else found[-LONGEST_TEXT:]


def number(value: object) -> float | None:
    """Return a number of zero or more, also from text."""
    try:
        found = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else -1.0
    except (ValueError, OverflowError):
        return None
    return found if 0 <= found < float("inf") else None


def seconds(value: object, per_second: int) -> float | None:
    """Return a length or position that is counted in parts of a second; None for one that cannot be."""
    found = number(value)
    return None if found is None or found > _LONGEST_PLAY * per_second else found / per_second


def whole(value: object) -> int | None:
    """Return a whole number of zero or more, also from text."""
    found = number(value)
    return None if found is None else int(found)


def bitrate(value: object, per_kilobit: int = 1) -> float | None:
    """Return a bitrate in kbit/s, None for zero and for what cannot be."""
    found = number(value)
    return found / per_kilobit if found and found / per_kilobit <= _HIGHEST_BITRATE else None


def address(value: object) -> str | None:
    """Return an IP address, None for what is none."""
    try:
        return str(ip_address((text(value) or "").strip("[]")))
    except ValueError:
        return None


def resolution(width: object) -> str | None:
    """Return the class of a picture by its width, such as 1080p."""
    wide = number(width)
    return next((label for most, label in _WIDTHS if wide <= most * 1.02), None) if wide else None


def title(own: str | None, series: str | None, season: object = None, episode: object = None) -> str | None:
    """Return a title that stands by itself: series, S01E02 and title between dashes."""
    seasoned, counted = whole(season), whole(episode)
    place = None if seasoned is None or counted is None else f"S{seasoned:02}E{counted:02}"
    parts = [series, place, own] if series else [own]
    return _DASH.join(part for part in parts if part)[:LONGEST_TITLE] or None


def instant(seconds: float) -> str:
    """Return a time as the service reads it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()
