"""The way of a call about a session: which session it is about, its event onto the stream, then the live state.

The event goes first and its id is made of what it says, so a retry repairs whichever half is missing. For the API's own calls and
for the webhooks of media servers; what a call says is checked before.
"""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from streamgauge.clock import hour_and_day, microseconds
from streamgauge.errors import ConflictError, NotFoundError, OutOfBoundsError
from streamgauge.events.models import SessionFields, SessionHistory, SessionItem, Spot, StampedEvent, encode
from streamgauge.ingestion.delivery import Delivery
from streamgauge.ingestion.limits import limits, limits_of_ingest
from streamgauge.ingestion.rates import Rates, name_of
from streamgauge.ingestion.receipts import Register
from streamgauge.ingestion.spots import spot_of
from streamgauge.ingestion.stamp import MAX_KEY, new_ids
from streamgauge.ingestion.times import AHEAD
from streamgauge.sessions import live
from streamgauge.sessions.folding import ORDER, REJOIN, Session, fold
from streamgauge.sessions.models import call_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamgauge.access.registry import KeyRecord, SiteRecord
    from streamgauge.events.models import Call
    from streamgauge.sessions.live import Live


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a call says of how the session fares; None: nothing. `time` in microseconds (None: now), `address` the viewer's."""

    time: int | None = None
    address: str | None = None
    position: float | None = None
    paused: bool | None = None
    bitrate: int | None = None
    transcoded: bool | None = None
    resolution: str | None = None


class Began(NamedTuple):
    """The session that a start belongs to, and whether it is a new one."""

    session: Session
    is_new: bool


Past = tuple[str, SessionItem, Told, SessionHistory, str | None]
"""A session of the past: user, item, what is told of it (`time`: its start), how it ended, and its id if it has one."""


class SessionCalls:
    """What one container keeps between calls: its receipts, its rates, and how the stream fares."""

    def __init__(self) -> None:
        self._register = Register()
        self._rates = Rates()
        self._delivery = Delivery()

    def admit(self, key: KeyRecord, address: str, now: int) -> None:
        """Let a caller in, not too often. Raises UnavailableError while switched off, TooManyRequestsError.

        A server key calls for all streams of its servers, every few seconds each: its rate is not bounded.
        """
        allowed = limits_of_ingest()
        if key.scope == "write":
            self._rates.count(name_of(address), allowed.rate_per_address, now)
            self._rates.count(key.key_id, allowed.rate_per_key, now)

    def start(
        self,
        site: SiteRecord,
        user_id: str,
        item: SessionItem,
        told: Told,
        now: int,
        session_id: str | None = None,
    ) -> Began:
        """Start a session, or go on with the one that this user has of this item on this device.

        Raises ConflictError for an id that is another's or ended over a minute before, OutOfBoundsError for a time too long
        ago, StoreAwayError.
        """
        time = _time(told.time, now)
        known = live.find(site.site_id, session_id, now) if session_id else None
        if known is not None:
            session = known.session
            if (session.user_id, session.item.content_id) != (user_id, item.content_id):
                raise ConflictError("There is a session of this id, of another user or item.")
            if session.stop is not None and time > session.stop + REJOIN:
                raise ConflictError("The session of this id has ended.")
            target = session.id
        else:
            wanted = session_id or new_ids(now, 1)[0]
            target = live.claim(site.site_id, user_id, item, wanted, time, now)
            if session_id and target != session_id:
                live.point(site.site_id, session_id, target, now)
        fields = _fields(target, "start", item, told, spot_of(told.address, site))
        session, is_new = self._send(site, user_id, fields, time, now, known)
        return Began(session, is_new)

    def beat(self, site: SiteRecord, session_id: str, told: Told, now: int) -> Session:
        """Say how a session fares. Raises NotFoundError, ConflictError for a call after its end, StoreAwayError."""
        known = self._known(site, session_id, now)
        time = _time(told.time, now)
        if known.session.stop is not None and time > known.session.stop:
            raise ConflictError("The session has ended.")
        return self._go_on(site, known, "beat", told, time, now)

    def stop(self, site: SiteRecord, session_id: str, told: Told, now: int) -> Session:
        """End a session; one that has ended stays as it is. Raises NotFoundError, StoreAwayError."""
        known = self._known(site, session_id, now)
        time = _time(told.time, now)
        if known.session.stop is not None and time >= known.session.stop:
            return known.session
        return self._go_on(site, known, "stop", told, time, now)

    def remember(
        self, site: SiteRecord, user_id: str, item: SessionItem, told: Told, history: SessionHistory, now: int,
        session_id: str | None = None,
    ) -> Session:  # fmt: skip
        """Take a session of the past, of which `told.time` is the start; told again it is the same one.

        Raises OutOfBoundsError for a time before 1970 or ahead of now, StoreAwayError.
        """
        (session,) = self.remember_all(site, [(user_id, item, told, history, session_id)], now)
        if isinstance(session, OutOfBoundsError):
            raise session
        return session

    def remember_all(self, site: SiteRecord, past: Sequence[Past], now: int) -> list[Session | OutOfBoundsError]:
        """Take sessions of the past with one delivery; one whose times cannot be is its error in their place. Raises StoreAwayError."""
        found: list[StampedEvent | OutOfBoundsError] = []
        for one in past:
            try:
                found.append(self._remembered(site, one, now))
            except OutOfBoundsError as error:
                found.append(error)
        self._deliver(site, [event for event in found if isinstance(event, StampedEvent)], now)
        return [fold(None, [call_of(event)]) if isinstance(event, StampedEvent) else event for event in found]

    def _remembered(self, site: SiteRecord, past: Past, now: int) -> StampedEvent:
        user_id, item, told, history, session_id = past
        time = told.time
        if time is None or not 0 <= time <= history.ended <= now + AHEAD:
            raise _wrong("started_at", "A session of the past has a start and an end, between 1970 and now.")
        if session_id is None:
            # The same row of an export makes the same session, whenever it is sent.
            session_id = _digest([user_id, item.content_type, item.content_id, item.device_id, item.device_name, time])
        fields = _fields(session_id, "start", item, told, spot_of(told.address, site), history)
        return self._stamp(site, user_id, fields, time, now, historical=True)

    def _known(self, site: SiteRecord, session_id: str, now: int) -> Live:
        known = live.find(site.site_id, session_id, now)
        if known is None:
            raise NotFoundError("There is no such session.")
        return known

    def _go_on(self, site: SiteRecord, known: Live, call: Call, told: Told, time: int, now: int) -> Session:
        session = known.session
        spot = None if told.address == session.spot.ip_address else spot_of(told.address, site)
        fields = _fields(session.id, call, session.item, told, spot)
        return self._send(site, session.user_id, fields, time, now, known)[0]

    def _send(
        self, site: SiteRecord, user_id: str, fields: SessionFields, time: int, now: int, known: Live | None
    ) -> tuple[Session, bool]:
        event = self._stamp(site, user_id, fields, time, now)
        self._deliver(site, [event], now)
        return live.record(site.site_id, call_of(event), now, known)

    def _stamp(
        self, site: SiteRecord, user_id: str, fields: SessionFields, time: int, now: int, *, historical: bool = False
    ) -> StampedEvent:
        return StampedEvent(
            site=site.site_id,
            zone=site.timezone,
            id=f"session:{fields.id}:{time}:{ORDER[fields.call]}:{_digest(msgspec.to_builtins(_said(fields)))[:16]}",
            kind="session",
            time=time,
            received=now,
            receipt=self._register.take(site.site_id, hour_and_day(now, site.timezone)[0], 0),
            user_id=user_id,
            historical=historical,
            touches_visit=False,
            session=fields,
        )

    def _deliver(self, site: SiteRecord, events: Sequence[StampedEvent], now: int) -> None:
        if not events:
            return
        try:
            self._delivery.deliver(limits().stream, [(_lane(site, event), encode(event)) for event in events], now)
        except Exception:
            # Nobody knows whether these numbers reached the stream; the next ones are another writer's.
            self._register.renew()
            raise


def _lane(site: SiteRecord, event: StampedEvent) -> str:
    session_id = "" if event.session is None else event.session.id
    return f"{site.site_id[:MAX_KEY]}/{session_id}"[: 2 * MAX_KEY]


def _said(fields: SessionFields) -> SessionFields:
    """Return what a call itself says: a heartbeat repeats what is played, which may have changed between two tries."""
    return fields if fields.call == "start" else msgspec.structs.replace(fields, item=None, spot=None)


def _fields(
    session_id: str,
    call: Call,
    item: SessionItem,
    told: Told,
    spot: Spot | None,
    history: SessionHistory | None = None,
) -> SessionFields:
    return SessionFields(
        session_id,
        call,
        item,
        spot,
        told.position,
        told.paused,
        told.bitrate,
        told.transcoded,
        told.resolution,
        history,
    )


def _time(given: int | None, now: int) -> int:
    """Return when a call happened, in microseconds. Raises OutOfBoundsError for one too long ago."""
    if given is None or given > now + AHEAD:
        return now
    if given < now - limits().max_age:
        raise _wrong("timestamp", "It is older than calls are taken.")
    return given


def _wrong(name: str, message: str) -> OutOfBoundsError:
    return OutOfBoundsError(message, [(["body", name], message)])


def instant_of(moment: datetime | None) -> int | None:
    """Return microseconds of a time as callers write it; one without a zone is UTC."""
    if moment is None:
        return None
    return microseconds(moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC))


def _digest(content: Any) -> str:  # noqa: ANN401 - anything JSON
    return blake2b(msgspec.json.encode(content, order="deterministic"), digest_size=16).hexdigest()
