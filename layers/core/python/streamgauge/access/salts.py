"""The random salt of a site's local day: it keys the visitor hashes of that day and is gone 48 h after the day began."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from streamgauge.access.registry import SiteRecord


def salt(site: SiteRecord, day: date, now: int) -> bytes | None:
    """Return the salt of a site's local day, made on first use; None when the day is over by 48 h or lies ahead.

    `now` is in microseconds since the epoch. Raises StoreAwayError.
    """
    raise NotImplementedError
