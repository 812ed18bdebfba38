"""Tickets: what a page shows instead of its key, since an address ends up in logs. Good once, for 60 s, for one site.

Items of SOCKETS_TABLE: `ticket#{sha256 of the ticket}` / `ticket`, with a TTL.
"""

from __future__ import annotations

import secrets
from hashlib import sha256
from typing import Final, NamedTuple

from streamgauge.settings import settings
from streamgauge.store import dynamo

GOOD_SECONDS: Final = 60
_RANDOM_BYTES: Final = 24
_LONGEST: Final = 100


class Holder(NamedTuple):
    """For whom a ticket was made: `key` is the hash of the key, empty for a token; `until` (epoch seconds) is when a token expires, 0: never."""

    site_id: str
    key: str
    until: int


def issue(holder: Holder, now_seconds: float) -> str:
    """Return a fresh ticket. Raises StoreAwayError."""
    ticket = secrets.token_urlsafe(_RANDOM_BYTES)
    expires = int(now_seconds) + GOOD_SECONDS
    item = {"site": holder.site_id, "key": holder.key, "until": holder.until, "expires": expires}
    dynamo.put_item(_table(), {**_key(ticket), **item})
    return ticket


def redeem(ticket: str, now_seconds: float) -> Holder | None:
    """Return for whom a ticket was made, once; None for one that is unknown, used or too old. Raises StoreAwayError."""
    if not ticket or len(ticket) > _LONGEST:
        return None
    key = _key(ticket)
    item = dynamo.get_item(_table(), key, consistent=True)
    if item is None or item["expires"] <= now_seconds:
        return None
    # Of two that come with the same ticket one deletes it.
    taken = dynamo.delete_item(_table(), key, condition="attribute_exists(pk)")
    return Holder(item["site"], item["key"], item["until"]) if taken else None


def _key(ticket: str) -> dict[str, str]:
    digest = sha256(ticket.encode("utf-8", "surrogatepass")).hexdigest()
    return {"pk": f"ticket#{digest}", "sk": "ticket"}


def _table() -> str:
    return settings().text("SOCKETS_TABLE")
