"""Brings what users of players watch into the list of active sessions."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from streamgauge.clock import MICROSECONDS
from streamgauge.sessions import live
from streamgauge.sessions.players import is_watching, playback_id, watched

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streamgauge.events.models import StampedEvent


def list_watching(events: Iterable[StampedEvent], now_seconds: float) -> int:
    """List the playbacks of a batch's watching users, and return how many changed. Raises StoreAwayError: it must come again.

    What comes again or late changes nothing: the list shows how things stand, and the warehouse counts.
    """
    playbacks: defaultdict[tuple[str, str], list[StampedEvent]] = defaultdict(list)
    for event in events:
        if is_watching(event):
            playbacks[event.site, playback_id(event)].append(event)
    if not playbacks:
        return 0
    known = live.listed_by_id(playbacks)
    changed = []
    for (site, name), of_playback in playbacks.items():
        session = watched(known.get((site, name)), of_playback, name)
        if session is not None:
            changed.append((site, session))
    live.put_listed(changed, int(now_seconds * MICROSECONDS))
    return len(changed)
