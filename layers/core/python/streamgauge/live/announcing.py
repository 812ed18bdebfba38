"""Tells the subscribers of a site what a batch brought, and a new subscriber how things stand."""

from __future__ import annotations

import time
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from streamgauge.clock import MICROSECONDS
from streamgauge.live.figures import realtime_metrics
from streamgauge.live.items import LiveEvent, load
from streamgauge.live.payloads import event_messages, session_messages
from streamgauge.sessions import live as sessions
from streamgauge.sessions.models import shown
from streamgauge.sockets.models import Message
from streamgauge.sockets.pacing import last_turn, remaining_ms, take_turn
from streamgauge.sockets.pushing import LONGEST_SECONDS, Audience, Sender, guarded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from streamgauge.events.models import StampedEvent
    from streamgauge.sockets.connections import Subscriber

METRICS: Final = "realtime_metrics"
MOST_SESSIONS: Final = 100
"""Of the sessions that go on, a new subscriber is told the latest so many; the list itself is a call of the API."""


class Announcer:
    """Sends what batches bring; one per container."""

    def __init__(
        self,
        read: Callable[[str, float], list[LiveEvent]] = load,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._audience = Audience()
        self._sender = Sender(self._audience)
        self._read, self._clock, self._sleep = read, clock, sleep

    def announce(self, recent: Sequence[StampedEvent]) -> None:
        """Tell what a stored batch brought: its events at once, figures when it is their turn, within a second. Never raises for a store."""
        of_site: defaultdict[str, list[StampedEvent]] = defaultdict(list)
        for event in recent:
            of_site[event.site].append(event)
        with guarded():
            listening = self._audience.listening(of_site, self._clock()) if of_site else {}
            until = time.monotonic() + LONGEST_SECONDS
            for site, people in listening.items():
                messages = self._messages(site, of_site[site], people)
                listening[site] = list(self._sender.send(site, people, messages, until))
            self._tell_figures(
                {site: people for site, people in listening.items() if any(METRICS in one.types for one in people)}
            )

    def _messages(self, site: str, events: Sequence[StampedEvent], people: Sequence[Subscriber]) -> list[Message]:
        wanted = {kind for one in people for kind in one.types}
        messages: list[Message] = []
        if wanted & {"session_started", "session_ended"}:
            ids = {event.session.id for event in events if event.session is not None}
            listed = {key[1]: found for key, found in sessions.listed_by_id((site, one) for one in ids).items()}
            messages += session_messages(events, listed, int(self._clock() * MICROSECONDS))
        if "analytics_event" in wanted:
            messages += event_messages(events, sum("analytics_event" in one.types for one in people))
        return messages

    def _tell_figures(self, listening: dict[str, Sequence[Subscriber]]) -> None:
        """Send the figures of sites, each when its turn comes.

        Whoever takes a turn that we have waited for reads the figures after we stored ours: he tells them for us.
        """
        seen = {site: last_turn(site) for site in listening}
        for site in sorted(seen, key=lambda one: seen[one]):
            wait = remaining_ms(seen[site], int(self._clock() * 1000))
            if wait:
                self._sleep(wait / 1000)
            now = self._clock()
            if take_turn(site, seen[site], int(now * 1000)):
                figures = Message(METRICS, realtime_metrics(self._read(site, now), now))
                self._sender.send(site, listening[site], [figures], time.monotonic() + LONGEST_SECONDS)


def state_of(site: str, types: Iterable[str], now_seconds: float) -> list[Message]:
    """Return how things stand, for who has just subscribed: the figures, and every session that goes on as if it began now.

    Raises StoreAwayError.
    """
    wanted = set(types)
    messages: list[Message] = []
    if METRICS in wanted:
        messages.append(Message(METRICS, realtime_metrics(load(site, now_seconds), now_seconds)))
    if "session_started" in wanted:
        now = int(now_seconds * MICROSECONDS)
        active = sessions.active(site, now)[:MOST_SESSIONS]
        messages += [Message("session_started", shown(session, now)) for session in reversed(active)]
    return messages
