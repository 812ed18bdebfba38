"""Takes a person out of DynamoDB: live sessions, and sharing alerts on their way out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from streamgauge.sessions import addresses, live
from streamgauge.settings import settings
from streamgauge.store import dynamo

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from streamgauge.store.dynamo_values import Item

_SEVERITIES: Final = ("low", "medium", "high")


def remove_sessions(site_id: str, user_id: str, session_ids: Collection[str]) -> int:
    """Remove what is kept of a user's live sessions and return how many items. Safe to repeat. Raises StoreAwayError.

    Reads the whole table: it is of 30 days, and nothing in it is found by user.
    """
    known = set(session_ids)
    items = [item for item in _all(settings().text("SESSIONS_TABLE")) if item["pk"].startswith(f"{site_id}#")]
    signed_in = addresses.of_user(site_id, user_id)
    known |= {live.id_of(item) for item in items if live.user_of(item) == user_id}
    gone = [
        {"pk": item["pk"], "sk": item["sk"]}
        for item in items
        if item["pk"] == signed_in or known & {live.id_of(item), item.get("alias"), item.get("session")}
    ]
    dynamo.batch_write(settings().text("SESSIONS_TABLE"), deletes=gone)
    return len(gone)


def remove_alerts(site_id: str, alert_ids: Collection[str]) -> int:
    """Remove alerts that wait to be sent, or were, and return how many. Safe to repeat. Raises StoreAwayError."""
    keys = [{"pk": site_id, "sk": f"{alert_id}#{severity}"} for alert_id in alert_ids for severity in _SEVERITIES]
    there = [{"pk": item["pk"], "sk": item["sk"]} for item in dynamo.batch_get(settings().text("OUTBOX_TABLE"), keys)]
    dynamo.batch_write(settings().text("OUTBOX_TABLE"), deletes=there)
    return len(there)


def _all(table: str) -> Iterator[Item]:
    page = dynamo.scan(table)
    yield from page.items
    while page.next_start is not None:
        page = dynamo.scan(table, start=page.next_start)
        yield from page.items
