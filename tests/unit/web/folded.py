"""Visits made of events by hand, and the moment and day at which most of them are."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from streamgauge.clock import MICROSECONDS
from streamgauge.events.facts import fact_of
from streamgauge.web.visits import Visit, fold

from tests.support.stamped import ZONE, instant

if TYPE_CHECKING:
    from streamgauge.events.models import StampedEvent

MINUTE = 60 * MICROSECONDS
NOON = instant("2026-11-20 12:00")
DAY = date(2026, 11, 20)


def visits(*events: StampedEvent) -> list[Visit]:
    facts = [fact_of(event, ZONE) for event in sorted(events, key=lambda event: (event.time, event.id))]
    return fold({}, facts, ZONE, lambda _: None)
