"""How long sessions played, by the definitions and nothing else: all calls at hand, one pass, no state that is kept."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streamgauge.events.models import StampedEvent

SECOND = 1_000_000
PLAY = 120 * SECOND


class Played(NamedTuple):
    """One session: when it began and ended, for how long it played (microseconds), and whether that is a play."""

    start: int
    end: int
    stopped: bool
    duration: int
    play: bool
    streamed: int


def played(events: Iterable[StampedEvent]) -> dict[str, Played]:
    """Return the sessions of unique calls by their ids."""
    of_session: dict[str, list[StampedEvent]] = {}
    for event in events:
        of_session.setdefault(event.session.id, []).append(event)
    return {name: _played(calls) for name, calls in of_session.items()}


def _played(calls: list[StampedEvent]) -> Played:
    rank = {"start": 0, "beat": 1, "stop": 2}
    calls = sorted(calls, key=lambda one: (one.time, rank[one.session.call]))
    counted, stopped = [], None
    for one in calls:
        if stopped is not None:
            if one.session.call != "start" or one.time - stopped > 60 * SECOND:
                continue
            stopped = None
        counted.append(one)
        if one.session.call == "stop":
            stopped = one.time
    heartbeats = next((one.session.item.heartbeats for one in reversed(counted) if one.session.call == "start"), True)
    duration = streamed = unrated = 0
    for index, (one, following) in enumerate(pairwise(counted)):
        if one.session.call == "stop" or _paused(counted[: index + 1]):
            continue
        length = min(following.time - one.time, 300 * SECOND if heartbeats else _left(counted[: index + 1]))
        if not heartbeats and one.session.position is not None and following.session.position is not None:
            length = max(0, min(length, round((following.session.position - one.session.position) * SECOND)))
        duration += length
        rates = [call.session.bitrate for call in counted[: index + 1] if call.session.bitrate is not None]
        streamed += length * rates[-1] if rates else 0
        unrated += 0 if rates else length
    first = next((call.session.bitrate for call in counted if call.session.bitrate is not None), 0)
    streamed += unrated * first
    end = counted[-1].time
    return Played(counted[0].time, end, stopped is not None, duration, duration >= PLAY, streamed)


def _paused(calls: list[StampedEvent]) -> bool:
    for one in reversed(calls):
        if one.session.paused is not None:
            return one.session.paused
        if one.session.call == "start":
            return False
    return False


def _left(calls: list[StampedEvent]) -> int:
    """Return how long a source without heartbeats vouches for: what is left of the runtime and 5 minutes, at most 6 hours."""
    runtime = next(one.session.item.runtime for one in reversed(calls) if one.session.call == "start")
    if runtime is None:
        return 6 * 3600 * SECOND
    position = next((one.session.position for one in reversed(calls) if one.session.position is not None), 0.0)
    return min(6 * 3600 * SECOND, round(max(0.0, runtime - position) * SECOND) + 300 * SECOND)
