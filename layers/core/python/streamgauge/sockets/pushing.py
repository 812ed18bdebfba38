"""Sends messages to the subscribers of a site, and forgets those that are gone.

Whoever pushes has done his work before: nothing here fails him, and it takes no longer than it was given.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import msgspec

from streamgauge import telemetry
from streamgauge.errors import UnavailableError
from streamgauge.sockets import connections
from streamgauge.sockets.connections import Subscriber, is_good
from streamgauge.sockets.models import Message, MessageType, Problem
from streamgauge.store import sockets
from streamgauge.store.errors import StoreRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

LONGEST_SECONDS: Final = 2.0
"""How long a push may take; who has had nothing by then gets the next one."""

# A list that nobody joined is still read again now and then: keys are revoked, and connections close.
_HELD_SECONDS: Final = 30.0

_ENCODE: Final = msgspec.json.Encoder().encode


class Audience:
    """Who listens, per site. A list is read again when somebody has subscribed since."""

    def __init__(self, read: Callable[[str, float], list[Subscriber]] = connections.subscribers) -> None:
        self._read = read
        self._held: dict[str, tuple[str, float, list[Subscriber]]] = {}

    def listening(self, sites: Iterable[str], now_seconds: float) -> dict[str, list[Subscriber]]:
        """Return the subscribers of those among the sites that have any. Raises StoreAwayError."""
        versions = connections.watched(now_seconds)
        found = {}
        for site in sites:
            version = versions.get(site)
            if version is None:
                self._held.pop(site, None)
                continue
            held = self._held.get(site)
            if held is None or held[0] != version or now_seconds - held[1] > _HELD_SECONDS:
                held = version, now_seconds, self._read(site, now_seconds)
                self._held[site] = held
                if not held[2]:
                    connections.unwatch(site, version)
            good = [one for one in held[2] if is_good(one.holder, now_seconds)]
            if good:
                found[site] = good
        return found

    def forget(self, site: str, gone: set[str]) -> None:
        """Leave out connections that are gone."""
        held = self._held.get(site)
        if held is not None:
            self._held[site] = (held[0], held[1], [one for one in held[2] if one.connection_id not in gone])


class Sender:
    """Sends a site's messages to its subscribers; `audience` is told who is gone."""

    def __init__(self, audience: Audience) -> None:
        self._audience = audience

    def send(
        self, site: str, listening: Sequence[Subscriber], messages: Iterable[Message], until: float
    ) -> Sequence[Subscriber]:
        """Send messages in their order, each to those who asked for its type, up to `until` (monotonic); return who is still there."""
        for message in messages:
            asked = [one.connection_id for one in listening if message.type in one.types]
            gone = sockets.post_each(asked, _ENCODE(message), until) if asked else set()
            if gone:
                self._audience.forget(site, gone)
                connections.remove(gone, site)
                listening = [one for one in listening if one.connection_id not in gone]
        return listening


def push(site_id: str, kind: MessageType, payload: Any, *, seconds: float = LONGEST_SECONDS) -> None:  # noqa: ANN401 - JSON
    """Send one message to everybody who has subscribed to it on a site. Never raises for a store or a gateway that is away."""
    audience = Audience()
    now, until = time.time(), time.monotonic() + seconds
    with guarded():
        for site, listening in audience.listening([site_id], now).items():
            Sender(audience).send(site, listening, [Message(kind, payload)], until)


def send_to(connection_id: str, messages: Iterable[Message | Problem], *, seconds: float = LONGEST_SECONDS) -> None:
    """Send messages to one connection, as far as the time goes. Raises UnavailableError."""
    until = time.monotonic() + seconds
    for message in messages:
        if sockets.post_each([connection_id], _ENCODE(message), until):
            return


class guarded:  # noqa: N801 - it reads as a word of the language
    """Let nothing that a store or the gateway does reach the caller: it is logged."""

    def __enter__(self) -> None:
        return

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        if not isinstance(error, (UnavailableError, StoreRefusedError, OSError)):
            return False
        telemetry.logger().warning("live messages could not be sent", exc_info=error)
        return True
