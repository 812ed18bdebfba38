"""Which connections there are, and what each has subscribed to.

Items of SOCKETS_TABLE, all with a TTL (`expires`; a gateway closes every connection after two hours):
- `connections` / `{id}`: a connection, its site and for whom it was opened;
- `site#{site}` / `{id}`: a connection that has subscribed, with its types;
- `watched` / `{site}`: a site with subscribers; `v` changes with every subscription. One look at this short list tells a batch
  whom it concerns, so that a stage without listeners reads next to nothing.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Final, NamedTuple

from streamgauge.access import registry
from streamgauge.settings import settings
from streamgauge.sockets.tickets import Holder
from streamgauge.store import dynamo

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from streamgauge.sockets.models import MessageType
    from streamgauge.store.dynamo_values import Item

LONGEST_SECONDS: Final = 2 * 3600 + 600
_CONNECTIONS: Final = "connections"
_WATCHED: Final = "watched"


class Subscriber(NamedTuple):
    """A connection with what it has subscribed to."""

    connection_id: str
    types: frozenset[str]
    holder: Holder


def add(connection_id: str, holder: Holder, now_seconds: float) -> None:
    """Keep a new connection. Raises StoreAwayError."""
    dynamo.put_item(_table(), {"pk": _CONNECTIONS, "sk": connection_id, **_item(holder, now_seconds)})


def holder_of(connection_id: str, now_seconds: float) -> Holder | None:
    """Return for whom a connection was opened; None for an unknown one, or when that has ended. Raises StoreAwayError."""
    item = dynamo.get_item(_table(), {"pk": _CONNECTIONS, "sk": connection_id}, consistent=True)
    if item is None:
        return None
    holder = _holder(item)
    return holder if is_good(holder, now_seconds) else None


def subscribe(connection_id: str, holder: Holder, types: Sequence[MessageType], now_seconds: float) -> None:
    """Let a connection get messages of these types from now on, and of no others. Raises StoreAwayError."""
    item = {"sk": connection_id, "types": list(types), **_item(holder, now_seconds)}
    dynamo.put_item(_table(), {"pk": f"site#{holder.site_id}", **item})
    # After the subscription: who sees the new `v` finds it.
    mark = {"v": uuid.uuid4().hex, "expires": int(now_seconds) + LONGEST_SECONDS}
    dynamo.put_item(_table(), {"pk": _WATCHED, "sk": holder.site_id, **mark})


def remove(connection_ids: Iterable[str], site_id: str) -> None:
    """Forget connections of a site. Raises StoreAwayError."""
    keys = [
        {"pk": pk, "sk": connection_id} for connection_id in connection_ids for pk in (_CONNECTIONS, f"site#{site_id}")
    ]
    dynamo.batch_write(_table(), deletes=keys)


def site_of(connection_id: str) -> str | None:
    """Return the site of a connection. Raises StoreAwayError."""
    item = dynamo.get_item(_table(), {"pk": _CONNECTIONS, "sk": connection_id})
    return None if item is None else str(item["site"])


def watched(now_seconds: float) -> dict[str, str]:
    """Return the sites that have subscribers, each with what changes when one comes. Raises StoreAwayError."""
    items = dynamo.query_all(_table(), "pk = :pk", values={":pk": _WATCHED})
    return {item["sk"]: item["v"] for item in items if item["expires"] > now_seconds}


def unwatch(site_id: str, version: str) -> None:
    """Take a site off the list, unless somebody has subscribed since `version`. Raises StoreAwayError."""
    dynamo.delete_item(_table(), {"pk": _WATCHED, "sk": site_id}, condition="v = :v", values={":v": version})


def subscribers(site_id: str, now_seconds: float) -> list[Subscriber]:
    """Return the subscribers of a site. Raises StoreAwayError."""
    items = dynamo.query_all(_table(), "pk = :pk", values={":pk": f"site#{site_id}"}, consistent=True)
    return [
        Subscriber(item["sk"], frozenset(item["types"]), _holder(item))
        for item in items
        if item["expires"] > now_seconds
    ]


def count(now_seconds: float) -> int:
    """Return how many connections are open. Raises StoreAwayError."""
    total, start = 0, None
    while True:
        page = dynamo.query(
            _table(),
            "pk = :pk",
            values={":pk": _CONNECTIONS, ":now": int(now_seconds)},
            filter_by="expires > :now",
            start=start,
            count_only=True,
        )
        total += page.matched
        start = page.next_start
        if start is None:
            return total


def is_good(holder: Holder, now_seconds: float) -> bool:
    """Return whether what opened a connection still would: a key within a minute of being revoked, a token until it expires."""
    if holder.until and holder.until <= now_seconds:
        return False
    return not holder.key or registry.is_known(holder.key)


def _item(holder: Holder, now_seconds: float) -> Item:
    expires = int(now_seconds) + LONGEST_SECONDS
    return {"site": holder.site_id, "key": holder.key, "until": holder.until, "expires": expires}


def _holder(item: Item) -> Holder:
    return Holder(item["site"], item["key"], item["until"])


def _table() -> str:
    return settings().text("SOCKETS_TABLE")
