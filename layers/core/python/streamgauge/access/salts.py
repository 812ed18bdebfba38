"""The random salt of a site's local day: it keys the visitor hashes of that day and is gone 48 h after the day began.

Nobody can compute yesterday's visitors once the salt is gone; so it is deleted, not only forgotten: by the next salt made for
the site, and by the table's time to live when the site fell silent.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from streamgauge.clock import MICROSECONDS, day_start
from streamgauge.settings import settings
from streamgauge.store import dynamo
from streamgauge.store.errors import StoreAwayError, StoreRefusedError

if TYPE_CHECKING:
    from datetime import date

    from streamgauge.access.registry import SiteRecord

LIFE_SECONDS: Final = 48 * 3600
AHEAD_SECONDS: Final = 3600
"""How long before its day a salt may be made: clients' clocks run ahead by 5 minutes at most."""

_BYTES: Final = 32
_LIMIT: Final = 1000

_held: Final[dict[tuple[str, date], tuple[int, bytes]]] = {}


def salt(site: SiteRecord, day: date, now: int) -> bytes | None:
    """Return the salt of a site's local day, made on first use; None when the day is over by 48 h or lies ahead.

    `now` is in microseconds since the epoch. Raises StoreAwayError.
    """
    second = now // MICROSECONDS
    held = _held.get((site.site_id, day))
    if held is not None and second < held[0]:
        return held[1]
    begins = day_start(day, site.timezone)
    ends = begins + LIFE_SECONDS
    if not begins - AHEAD_SECONDS <= second < ends:
        return None
    value = _kept(site.site_id, day) or _made(site.site_id, day, ends)
    _forget(second)
    _held[site.site_id, day] = (ends, value)
    return value


def forget() -> None:
    """Empty what this container holds."""
    _held.clear()


def _kept(site_id: str, day: date) -> bytes | None:
    item = dynamo.get_item(_table(), _key(site_id, day), consistent=True)
    return bytes(item["salt"]) if item else None


def _made(site_id: str, day: date, ends: int) -> bytes:
    """Make a salt, or take the one that another container made first; then delete those that are over."""
    value = secrets.token_bytes(_BYTES)
    item = {**_key(site_id, day), "salt": value, "expires": ends}
    if not dynamo.put_item(_table(), item, condition="attribute_not_exists(pk)"):
        first = _kept(site_id, day)
        return value if first is None else first
    _delete_old(site_id, day)
    return value


def _delete_old(site_id: str, day: date) -> None:
    """Delete the salts of the days that are over for certain; what this misses, the table's time to live takes."""
    old = [_key(site_id, day - timedelta(days=back)) for back in range(3, 10)]
    # Nobody's event is lost over it: ingest may be forbidden to, or the table away again.
    with suppress(StoreAwayError, StoreRefusedError):
        dynamo.batch_write(_table(), deletes=old)


def _forget(now: int) -> None:
    """Drop what is over; and everything, rather than grow without end."""
    for name in [name for name, (ends, _) in _held.items() if ends <= now]:
        del _held[name]
    if len(_held) >= _LIMIT:
        _held.clear()


def _table() -> str:
    return settings().text("REGISTRY_TABLE")


def _key(site_id: str, day: date) -> dict[str, str]:
    return {"pk": f"salt#{site_id}", "sk": day.isoformat()}
