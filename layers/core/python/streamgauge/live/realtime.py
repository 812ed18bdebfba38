"""Reads the last events of a site, held for a second."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from streamgauge.live.items import LiveEvent, load

if TYPE_CHECKING:
    from collections.abc import Callable

HELD_SECONDS: Final = 1.0
_SITES: Final = 256


class RecentEvents:
    """The events of the last five minutes per site, read again when older than a second."""

    def __init__(self, read: Callable[[str, float], list[LiveEvent]] = load) -> None:
        self._read = read
        self._held: dict[str, tuple[float, list[LiveEvent]]] = {}

    def of(self, site: str, now_seconds: float, *, fresh: bool) -> list[LiveEvent]:
        """Return a site's events in order of time; `fresh`: whatever is held is too old. Raises StoreAwayError."""
        held = self._held.get(site)
        if held is not None and not fresh and now_seconds - held[0] < HELD_SECONDS:
            return held[1]
        if len(self._held) >= _SITES:
            self._held.clear()
        events = self._read(site, now_seconds)
        self._held[site] = (now_seconds, events)
        return events
