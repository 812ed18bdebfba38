"""Closes the local hours that are over: reconciled with their raw events."""

from __future__ import annotations

from typing import Any

from streamgauge.edge import schedule
from streamgauge.jobs import hours


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Run the job for the slot of the event; `{}` runs it for now."""
    return schedule.run(hours.aggregate_hours, event)
