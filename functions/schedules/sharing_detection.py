"""Looks for account sharing at the users whose sessions changed."""

from __future__ import annotations

from typing import Any

from streamgauge.edge import schedule
from streamgauge.jobs import sharing


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Run the job for the slot of the event; `{}` runs it for now."""
    return schedule.run(sharing.detect_sharing, event, sharing.SLOT_SECONDS)
