"""Receipts: the running number of this container's acceptances, per site and hour. Holes in them are what is in flight."""

from __future__ import annotations

import secrets
from typing import Final

from streamgauge.events.models import Receipt

_HELD: Final = 4096


class Register:
    """The numbers of one writer."""

    def __init__(self) -> None:
        """Begin as a new writer."""
        self._writer = secrets.randbits(62)
        self._next: dict[tuple[str, int], int] = {}

    def take(self, site: str, hour: int, repeats: int) -> Receipt:
        """Return the next receipt of a site's hour (its first second)."""
        n = self._next.get((site, hour), 0)
        if n == 0 and len(self._next) >= _HELD:
            # Numbers must not begin again under the same writer.
            self.renew()
        self._next[site, hour] = n + 1
        return Receipt(self._writer, hour, n, repeats)

    def renew(self) -> None:
        """Become a new writer: numbers given to events that reached no store must leave no hole that never fills."""
        self.__init__()  # type: ignore[misc]
