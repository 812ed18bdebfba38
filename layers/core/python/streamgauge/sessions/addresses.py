"""From where a user's device last signed in, for servers whose calls about playing do not say it.

Items of SESSIONS_TABLE: `{site}#address#{number of the user}` / number of the device, with the `address` and a TTL (`expires`).
"""

from __future__ import annotations

from typing import Final

from streamgauge.clock import MICROSECONDS
from streamgauge.ids import number
from streamgauge.settings import settings
from streamgauge.store import dynamo

KEPT_SECONDS: Final = 86_400
"""Devices sign in whenever their app is opened: an address of yesterday says nothing of today."""


def remember(site: str, user_id: str, device: str, address: str, now: int) -> None:
    """Keep from where a device (`folding.device_of`) signed in; `now` in microseconds. Raises StoreAwayError."""
    expires = now // MICROSECONDS + KEPT_SECONDS
    dynamo.put_item(_table(), {**_key(site, user_id, device), "address": address, "expires": expires})


def last(site: str, user_id: str, device: str, now: int) -> str | None:
    """Return from where a device signed in within the last 24 hours; None when nobody knows. Raises StoreAwayError."""
    item = dynamo.get_item(_table(), _key(site, user_id, device))
    return str(item["address"]) if item is not None and item["expires"] > now // MICROSECONDS else None


def of_user(site: str, user_id: str) -> str:
    """Return the partition in which a user's addresses are."""
    return f"{site}#address#{number('address', user_id)}"


def _key(site: str, user_id: str, device: str) -> dict[str, str]:
    return {"pk": of_user(site, user_id), "sk": str(number("device", device))}


def _table() -> str:
    return settings().text("SESSIONS_TABLE")
