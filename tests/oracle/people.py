"""When and who, naively: local hours and days, visitors, and what is tied together."""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from streamgauge.events.models import StampedEvent

SECOND = 1_000_000
DAY = 24 * 3600 * SECOND

Identity = tuple[str, object]
"""("user", id), ("anonymous", id) or ("hash", number); the first two outlast the day."""


@lru_cache(maxsize=200_000)
def _hour_of_minute(minute: int, zone: str) -> tuple[int, date]:
    tz = ZoneInfo(zone)

    def local(at: int) -> datetime:
        return datetime.fromtimestamp(at * 60, tz)

    start = minute
    while local(start).minute != 0 and local(start - 1).utcoffset() == local(start).utcoffset():
        start -= 1
    return start * 60, local(minute).date()


def hour_of(event: StampedEvent) -> int:
    """Return the first second of the local hour of an event: a full hour, or a change of offset."""
    return _hour_of_minute(event.time // (60 * SECOND), event.zone)[0]


def day_of(event: StampedEvent) -> date:
    """Return the local day of an event."""
    return _hour_of_minute(event.time // (60 * SECOND), event.zone)[1]


def key_of(event: StampedEvent) -> Identity | None:
    """Return what visits are keyed by: `anonymous_id`, else the hash, else `user_id`."""
    if event.anonymous_id is not None:
        return ("anonymous", event.anonymous_id)
    if event.hash is not None:
        return ("hash", event.hash)
    return None if event.user_id is None else ("user", event.user_id)


def visitor_of(event: StampedEvent) -> Identity | None:
    """Return the visitor of an event by itself: `user_id`, else `anonymous_id`, else the hash."""
    return ("user", event.user_id) if event.user_id is not None else key_of(event)


def touches(event: StampedEvent) -> bool:
    return event.kind != "view" and event.touches_visit and key_of(event) is not None


def groups(ties: Iterable[tuple[object, ...]]) -> Callable[[object], object]:
    """Return a function from a thing to its group: things that were ever tied are in one."""
    leader: dict[object, object] = {}

    def find(thing: object) -> object:
        while leader.setdefault(thing, thing) != thing:
            thing = leader[thing]
        return thing

    for first, *others in ties:
        for other in others:
            leader[find(other)] = find(first)
    return find
