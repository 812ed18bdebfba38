"""Step: how often a key and, with a write key, an address may send. Counted in this container: no store is asked."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_network
from typing import Final

from streamgauge.clock import MICROSECONDS
from streamgauge.errors import TooManyRequestsError

WINDOW: Final = 60 * MICROSECONDS
_HELD: Final = 20_000
_NETWORK_BITS: Final = 64


class Rates:
    """Requests by name in windows of a minute, each beginning with its first request."""

    def __init__(self) -> None:
        """Begin with none."""
        self._windows: dict[str, tuple[int, int]] = {}

    def count(self, name: str, limit: int, now: int) -> None:
        """Count a request at `now` (microseconds). Raises TooManyRequestsError over the limit; 0 is no limit."""
        if limit <= 0:
            return
        start, number = self._windows.get(name, (now, 0))
        if not 0 <= now - start < WINDOW:
            start, number = now, 0
        if number >= limit:
            seconds = (start + WINDOW - now) // MICROSECONDS + 1
            raise TooManyRequestsError("Too many requests; please slow down.", seconds)
        if number == 0 and len(self._windows) >= _HELD:
            self._forget(now)
        self._windows[name] = (start, number + 1)

    def _forget(self, now: int) -> None:
        """Drop windows that are over; all of them, rather than grow without end."""
        self._windows = {name: window for name, window in self._windows.items() if now - window[0] < WINDOW}
        if len(self._windows) >= _HELD:
            self._windows.clear()


def name_of(address: str) -> str:
    """Return under which name an address is counted: an IPv6 network of 64 bits is one household."""
    if ":" not in address:
        return address
    try:
        return str(ip_network((int(IPv6Address(address)), _NETWORK_BITS), strict=False))
    except ValueError:
        return address
