"""Sends what the outbox holds: alerts, to webhooks and to the stage's topic."""

from __future__ import annotations

from typing import Any

from streamgauge import telemetry
from streamgauge.edge.stream import new_items_of
from streamgauge.sharing.sending import Message, send


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Send each new item; the answer names those that have to come again (Lambda begins anew with the first of them)."""
    failed = []
    for record in new_items_of(event):
        try:
            send(Message(record.item))
        except Exception:  # noqa: BLE001 - whatever it is, the others go on, and Lambda tries it again
            telemetry.logger().exception("an alert could not be sent", extra={"key": record.item.get("sk")})
            failed.append({"itemIdentifier": record.sequence})
    return {"batchItemFailures": failed}
