"""The settings that a site may set itself, and their defaults from the stage."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from streamgauge.errors import OutOfBoundsError
from streamgauge.settings import settings as stage_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_CLOCK: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_DURATION: Final = re.compile(r"[0-9]{1,7} ?[smhd]?")
# A stage on a laptop may send to itself; `sharing.sending` takes https alone anywhere else.
_ADDRESS: Final = re.compile(r"https?://[\x21-\x7e]+")
_LONGEST_ADDRESS: Final = 2000
_SECRET: Final = re.compile(r"[\x21-\x7e]{16,200}")


def _flag(value: object) -> bool:
    return isinstance(value, bool)


def _between(low: float, high: float, *, whole: bool) -> Callable[[object], bool]:
    kinds = int if whole else (int, float)
    return lambda value: isinstance(value, kinds) and not isinstance(value, bool) and low <= value <= high


def _duration(value: object) -> bool:
    return isinstance(value, str) and _DURATION.fullmatch(value) is not None


def _address(value: object) -> bool:
    if not isinstance(value, str) or len(value) > _LONGEST_ADDRESS:
        return False
    return not value or (_ADDRESS.fullmatch(value) is not None and _readable(value))


def _readable(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return bool(parts.hostname) and parts.port != 0 and parts.username is None
    except ValueError:
        return False


def _secret(value: object) -> bool:
    return isinstance(value, str) and _SECRET.fullmatch(value) is not None


KNOWN: Final[dict[str, tuple[Callable[[object], bool], str]]] = {
    "aggregation_time": (lambda value: isinstance(value, str) and bool(_CLOCK.fullmatch(value)), "a time as HH:MM"),
    "sharing_detection_enabled": (_flag, "true or false"),
    "concurrent_streams_threshold": (_between(1, 1000, whole=True), "a whole number from 1 to 1000"),
    "geo_distance_threshold_km": (_between(0, 20_100, whole=False), "a number from 0 to 20100"),
    "geo_speed_threshold_kmh": (_between(1, 100_000, whole=False), "a number from 1 to 100000"),
    "device_spike_threshold": (_between(1, 1000, whole=True), "a whole number from 1 to 1000"),
    "alert_webhook_url": (_address, "an https address of at most 2000 characters, or an empty text for none"),
    "alert_webhook_secret": (
        _secret,
        "16 to 200 visible characters; it signs what the webhook gets, and is never shown",
    ),
    "play_min_seconds": (_between(0, 86_400, whole=True), "a whole number from 0 to 86400"),
    "view_window": (_duration, "a duration such as 24h, 30m or 0"),
    "catalog_strict": (_flag, "true or false"),
    "public_view_stats": (_flag, "true or false"),
}
"""Each setting with its test, and what it takes, in words."""


SECRET: Final = frozenset({"alert_webhook_secret"})
"""Settings that are taken and never shown."""


def shown(site_settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return a site's settings as anybody may see them: of a secret only that there is one."""
    return {name: "(set)" if name in SECRET else value for name, value in site_settings.items()}


def canonical(name: str) -> str:
    """Return a setting's own name for the ways it may be written: `ANALYTICS_VIEW_WINDOW` is `view_window`."""
    return name.lower().removeprefix("analytics_")


def checked(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings under their own names, `null` for those to be reset to the stage's. Raises OutOfBoundsError."""
    found = {canonical(name): value for name, value in given.items()}
    wrong: list[tuple[list[str | int], str]] = []
    for name, value in found.items():
        if name not in KNOWN:
            wrong.append((["body", "settings", name], f"A site has: {', '.join(KNOWN)}."))
        elif value is not None and not KNOWN[name][0](value):
            wrong.append((["body", "settings", name], f"Give {KNOWN[name][1]}."))
    if wrong:
        raise OutOfBoundsError("Some settings are unknown or out of bounds.", wrong)
    return found


def merged(before: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings after a change; `null` takes a setting back to the stage's."""
    return {name: value for name, value in {**before, **change}.items() if value is not None}


def view_window_seconds(site_settings: Mapping[str, Any]) -> int:
    """Return how long after a counted view the same viewer's views do not count on a site; 0 counts all."""
    own = site_settings.get("view_window")
    if own is None:
        return stage_settings().view_window_seconds
    return type(stage_settings())({"view_window": str(own)}).seconds("view_window", "24h")


def play_min_seconds(site_settings: Mapping[str, Any]) -> int:
    """Return how long a session on a site has to last to be a play."""
    own = site_settings.get("play_min_seconds")
    return stage_settings().integer("ANALYTICS_PLAY_MIN_SECONDS", 120) if own is None else int(own)


def flag(site_settings: Mapping[str, Any], name: str) -> bool:
    """Return a yes-or-no setting of a site, else the stage's, else its default (only sharing detection is on)."""
    own = site_settings.get(name)
    if isinstance(own, bool):
        return own
    variable = name.upper() if name == "public_view_stats" else f"ANALYTICS_{name.upper()}"
    return stage_settings().flag(variable, default=name == "sharing_detection_enabled")
