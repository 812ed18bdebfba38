"""Calls as Segment's clients send them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from streamgauge.events.models import StampedEvent

    from tests.support.ingest_door import Door


def send(door: Door, call: dict[str, Any], path: str = "/v1/batch", key: str = "w") -> StampedEvent:
    """Send a call by itself or as a batch, and return its event."""
    body = {"batch": [call], "sentAt": "2026-05-28T20:26:40Z"} if path.endswith(("batch", "/b")) else call
    reply = door.send(body, path=path, key=key)
    assert (reply.status, reply.json) == (200, {"success": True})
    return door.events[-1]
