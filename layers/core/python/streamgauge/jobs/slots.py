"""The slot of a scheduled run: it names the work, so that a second run of it finds it done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from streamgauge import clock

QUARTER_SECONDS: Final = 900
"""Schedules fire every quarter of an hour; one that fires a little late still stands for its quarter."""


@dataclass(frozen=True, slots=True)
class Slot:
    """The moment a run stands for (aware, UTC). `by_hand`: somebody asked for it, and it always runs."""

    at: datetime
    by_hand: bool = False

    @property
    def name(self) -> str:
        """The slot as `job_runs` holds it."""
        return self.at.astimezone(UTC).isoformat().replace("+00:00", "Z")

    @property
    def day(self) -> date:
        """The UTC day of the slot."""
        return self.at.astimezone(UTC).date()

    @property
    def second(self) -> int:
        """Whole seconds since the epoch."""
        return clock.microseconds(self.at) // clock.MICROSECONDS
