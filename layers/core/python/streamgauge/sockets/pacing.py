"""Turns: a site's figures go out at most once a second, whichever of several consumers sends them.

Item of SOCKETS_TABLE: `turns` / `{site}` with the moment of the last turn in milliseconds.
"""

from __future__ import annotations

from typing import Final

from streamgauge.settings import settings
from streamgauge.store import dynamo

EVERY_MS: Final = 1000
_TURNS: Final = "turns"
_KEPT_SECONDS: Final = 86_400


def last_turn(site_id: str) -> int:
    """Return when a site's figures last went out; 0: never. Raises StoreAwayError."""
    item = dynamo.get_item(settings().text("SOCKETS_TABLE"), {"pk": _TURNS, "sk": site_id}, consistent=True)
    return 0 if item is None else int(item["turn"])


def take_turn(site_id: str, seen: int, now_ms: int) -> bool:
    """Take the turn after the one `seen`; False when somebody else has, who then sends what we would. Raises StoreAwayError."""
    return dynamo.put_item(
        settings().text("SOCKETS_TABLE"),
        {"pk": _TURNS, "sk": site_id, "turn": now_ms, "expires": now_ms // 1000 + _KEPT_SECONDS},
        condition="turn = :seen" if seen else "attribute_not_exists(pk)",
        values={":seen": seen} if seen else None,
    )


def remaining_ms(seen: int, now_ms: int) -> int:
    """Return how long the next turn is away; a clock that ran ahead delays nobody for longer than a turn."""
    return max(0, min(EVERY_MS, seen + EVERY_MS - now_ms))
