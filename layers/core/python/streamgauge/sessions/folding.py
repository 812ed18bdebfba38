"""What the calls about a session say together. Pure; `docs/definitions.md`, Media server, says what is counted.

A session is the fold of its calls in order of (time, kind of call, tie): so neither the order in which they came nor their
repetition changes anything, as long as late ones are folded in their place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import msgspec

from streamgauge.clock import MICROSECONDS
from streamgauge.events.models import SessionFields, SessionItem, Spot

if TYPE_CHECKING:
    from collections.abc import Iterable

Status = Literal["playing", "paused", "ended", "abandoned"]

SILENCE: Final = 5 * 60 * MICROSECONDS
"""After so long without a call a session is abandoned, and no longer interval counts as playing."""
LONGEST_QUIET: Final = 6 * 60 * 60 * MICROSECONDS
"""The same for sources without heartbeats, whatever their runtime says."""
REJOIN: Final = 60 * MICROSECONDS
"""A start so soon after the end continues the session."""
LONGEST_TOLD: Final = 20 * 60 * 60 * MICROSECONDS
"""A session that began so long before one of the past is another play."""
HIGHEST_BITRATE: Final = 1_000_000
"""kbit/s; so that what a session of months streams still fits 64 bits."""
ORDER: Final = {"start": 0, "beat": 1, "stop": 2}

_UNKNOWN: Final = Spot()


class Call(NamedTuple):
    """One call; sorts as sessions fold them. `tie` is a number of its event's id."""

    time: int
    order: int
    tie: int
    user_id: str
    fields: SessionFields

    def __lt__(self, other: tuple[Any, ...]) -> bool:
        """Say whether this one comes first; fields have no order, and need none."""
        return self[:4] < other[:4]


class Session(msgspec.Struct, kw_only=True):
    """What calls say of a session; times in microseconds, positions in seconds.

    `seen` is the time of the last call of all, `last` of the last one that counts: after `stop` none does, until a start within
    REJOIN. `starts` and `ends` are half-open intervals of playing, apart and in order; `duration` is their sum, `streamed` the
    sum of kbit/s x microseconds, `unrated` what passed before any bitrate was known. `described`: `item` is a start's.
    """

    id: str
    user_id: str
    item: SessionItem
    spot: Spot = _UNKNOWN
    start: int
    last: int
    seen: int
    stop: int | None = None
    calls: int = 0
    paused: bool = False
    historical: bool = False
    described: bool = False
    position: float | None = None
    last_position: float | None = None
    bitrate: int | None = None
    transcoded: bool = False
    ever_transcoded: bool = False
    resolution: str | None = None
    starts: list[int] = msgspec.field(default_factory=list)
    ends: list[int] = msgspec.field(default_factory=list)
    duration: int = 0
    streamed: int = 0
    unrated: int = 0

    def add(self, call: Call) -> None:
        """Fold the next call in; it is never before the last one seen."""
        fields = call.fields
        self.calls += 1
        self.seen = max(self.seen, call.time)
        if fields.history is not None:
            self._remember(call)
            return
        if self.historical:
            return
        if self.stop is not None:
            if fields.call != "start" or call.time - self.stop > REJOIN:
                return
            self.stop = None
        elif self.calls > 1 and not self.paused:
            self._play(call)
        self.last = call.time
        self._take(call)
        if fields.call == "start":
            self.paused = bool(fields.paused)
        elif fields.paused is not None:
            self.paused = fields.paused
        if fields.call == "stop":
            self.stop = call.time

    def _take(self, call: Call) -> None:
        """Take what a call says; what it leaves out stays as it was."""
        fields = call.fields
        if fields.item is not None and (fields.call == "start" or not self.described):
            self.item, self.user_id = fields.item, call.user_id
            self.described = fields.call == "start"
        if fields.spot is not None:
            self.spot = fields.spot
        self.last_position = fields.position
        if fields.position is not None:
            self.position = fields.position
        if fields.bitrate is not None:
            self.bitrate = fields.bitrate
            self.streamed += fields.bitrate * self.unrated
            self.unrated = 0
        if fields.transcoded is not None:
            self.transcoded = fields.transcoded
            self.ever_transcoded |= fields.transcoded
        if fields.resolution is not None:
            self.resolution = fields.resolution

    def _play(self, call: Call) -> None:
        """Count the time from the last call to the next as played, as far as anything vouches for it."""
        length = min(call.time - self.last, quiet(self))
        if not self.item.heartbeats and self.last_position is not None and call.fields.position is not None:
            advance = round((call.fields.position - self.last_position) * MICROSECONDS)
            length = max(0, min(length, advance))
        if length > 0:
            self._count(self.last, self.last + length)

    def _count(self, begin: int, end: int) -> None:
        if self.ends and self.ends[-1] == begin:
            self.ends[-1] = end
        else:
            self.starts.append(begin)
            self.ends.append(end)
        self.duration += end - begin
        if self.bitrate is None:
            self.unrated += end - begin
        else:
            self.streamed += self.bitrate * (end - begin)

    def _remember(self, call: Call) -> None:
        """Take a session of the past as it is told: alone, and of several tellings the one that reaches furthest."""
        history = call.fields.history
        if history is None:
            return
        duration = max(0, min(history.duration, history.ended - call.time))
        if self.historical and (history.ended, duration, -call.time) < (self.last, self.duration, -self.start):
            return
        self.historical, self.described = True, False
        self.starts, self.ends = [], []
        self.duration = self.streamed = self.unrated = 0
        self.position = self.bitrate = self.resolution = None
        self.transcoded = self.ever_transcoded = self.paused = False
        self.start, self.last = call.time, history.ended
        self.stop = None if history.abandoned else history.ended
        self._take(call)
        if duration:
            self._count(history.ended - duration, history.ended)


def fold(state: Session | None, calls: Iterable[Call]) -> Session:
    """Fold calls of one session, sorted and none before what `state` has seen, onto a copy of the state (None: from the first on).

    Raises ValueError when there is neither a state nor a call that says what is played.
    """
    session = None if state is None else copy(state)
    for call in calls:
        if session is None:
            session = _opened(call)
        session.add(call)
    if session is None:
        raise ValueError("a session begins with a call")
    return session


def copy(session: Session) -> Session:
    """Return a session that can be folded onto without changing this one."""
    return msgspec.structs.replace(session, starts=list(session.starts), ends=list(session.ends))


def _opened(call: Call) -> Session:
    fields = call.fields
    if fields.item is None:
        raise ValueError("nothing says what the session plays")
    return Session(
        id=fields.id, user_id=call.user_id, item=fields.item, start=call.time, last=call.time, seen=call.time
    )


def quiet(session: Session) -> int:
    """Return how long after its last call a session is taken to go on, in microseconds."""
    item = session.item
    if item.heartbeats:
        return SILENCE
    if item.runtime is None:
        return LONGEST_QUIET
    left = max(0.0, item.runtime - (session.position or 0.0))
    return min(LONGEST_QUIET, round(left * MICROSECONDS) + SILENCE)


def is_live(session: Session, now: int) -> bool:
    """Return whether a session goes on at `now` (microseconds)."""
    return session.stop is None and not session.historical and now - session.last < quiet(session)


def status_at(session: Session, now: int) -> Status:
    """Return what has become of a session by `now`."""
    if session.stop is not None:
        return "ended"
    if not is_live(session, now):
        return "abandoned"
    return "paused" if session.paused else "playing"


def ended_at(session: Session, now: int) -> int | None:
    """Return when a session ended, None while it goes on; one that was left alone ended with its last call."""
    return None if is_live(session, now) else session.last


def continues(session: Session, time: int) -> bool:
    """Return whether a start of the same user, item and device at `time` goes on with this session."""
    if session.historical or time < session.start - REJOIN:
        return False
    return is_live(session, time) or time - session.last <= REJOIN


def is_told(past: Session, session: Session) -> bool:
    """Return whether calls have told of a session of the past.

    They tell of the same user and item, of some playing at the same time or within REJOIN of it, and of no other device.
    """
    devices = {past.item.device_id, session.item.device_id} - {None}
    return (
        session.duration > 0
        and (past.user_id, past.item.content_id) == (session.user_id, session.item.content_id)
        and past.start - LONGEST_TOLD <= session.start <= past.last + REJOIN
        and past.start <= session.last + REJOIN
        and len(devices) < 2  # noqa: PLR2004 - two are two
    )


def device_of(item: SessionItem, session_id: str) -> str:
    """Return what tells devices of a user apart: the device's id, else client and device name, else each session its own."""
    if item.device_id:
        return f"id\x1f{item.device_id}"
    if item.client_name or item.device_name:
        return f"name\x1f{item.client_name or ''}\x1f{item.device_name or ''}"
    return f"session\x1f{session_id}"
