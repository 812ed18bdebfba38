"""Closes the view counts of the months that are over."""

from __future__ import annotations

from typing import Any

from streamgauge.edge import schedule
from streamgauge.jobs import resets


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Run the job for the slot of the event; `{}` runs it for now."""
    return schedule.run(resets.reset_months, event)
