"""Erases the persons whose erasure was asked for."""

from __future__ import annotations

from typing import Any

from streamgauge.edge import schedule
from streamgauge.jobs import erasure


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Run the job for the slot of the event; `{}` runs it for now."""
    return schedule.run(erasure.erase, event, erasure.SLOT_SECONDS)
