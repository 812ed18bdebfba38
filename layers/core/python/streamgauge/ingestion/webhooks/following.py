"""Which session a webhook is about, and the calls that it makes of it.

Servers say little of which playing they mean: where they have no id for it, it is the last session of this user, item and device.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Final

import msgspec

from streamgauge.clock import MICROSECONDS
from streamgauge.errors import ConflictError
from streamgauge.ingestion.times import AHEAD
from streamgauge.sessions import addresses, live
from streamgauge.sessions.folding import LONGEST_TOLD, REJOIN, device_of, is_live

if TYPE_CHECKING:
    from streamgauge.access.registry import SiteRecord
    from streamgauge.ingestion.session_calls import SessionCalls, Told
    from streamgauge.ingestion.webhooks.played import Played
    from streamgauge.sessions.folding import Session

BELIEVED: Final = 86_400 * MICROSECONDS
"""A server's time is believed as far back: webhooks tell of now, and some servers' clocks are wrong."""


def follow(calls: SessionCalls, site: SiteRecord, played: Played, received: int, now: int) -> None:
    """Make the calls about the session that a webhook, received at `received`, means; after its end it means none.

    Raises StoreAwayError, UnavailableError, OutOfBoundsError for a replay that comes too late.
    """
    told = _dated(played.told, received)
    session_id = _id_of(played, told)
    known = live.find(site.site_id, session_id, now) if session_id else None
    if known is None and played.play is None:
        known = live.latest(site.site_id, played.user_id, played.item, now)
    try:
        if known is None or (played.play is None and _is_over(known.session, played, told)):
            _begin(calls, site, played, told, session_id, now)
        else:
            _go_on(calls, site, known.session, played, told, now)
    except ConflictError:
        # It ended, and what comes behind its end says nothing new.
        return


def _id_of(played: Played, told: Told) -> str | None:
    """Return the id of the session that is meant, where a webhook says enough for one; a start does by its own time."""
    if played.play is not None:
        return session_id_of(played.item.source, played.play, played)
    if played.call == "start" and played.told.time is not None and told.time == played.told.time:
        return session_id_of(played.item.source, f"{device_of(played.item, '')}\x1f{told.time}", played)
    return None


def session_id_of(source: str, play: str, played: Played) -> str:
    """Return the id of the session that a server's own id of a playing means, together with its item and user."""
    digest = blake2b(msgspec.json.encode([play, played.item.content_id, played.user_id]), digest_size=16).hexdigest()
    return f"{source}:{digest}"


def _dated(told: Told, received: int) -> Told:
    believed = told.time is not None and received - BELIEVED <= told.time <= received + AHEAD
    return told if believed else msgspec.structs.replace(told, time=received)


def _is_over(session: Session, played: Played, told: Told) -> bool:
    """Say whether the last session of this user, item and device is not the one that is meant."""
    time = told.time or 0
    if played.call == "start":
        # One that comes late may be that of a session which began without it.
        return not session.start - LONGEST_TOLD <= time < session.start
    if played.call == "stop" or played.over:
        return False
    if session.stop is not None:
        return time > session.stop + REJOIN
    return not session.paused and not is_live(session, time)


def _begin(calls: SessionCalls, site: SiteRecord, played: Played, told: Told, session_id: str | None, now: int) -> None:
    """Start a session, from where its device signed in if nothing else says it; a stop or a scrobble whose start never came ends it at once, so that no ghost is left."""
    if told.address is None:
        device = device_of(played.item, "")
        told = msgspec.structs.replace(told, address=addresses.last(site.site_id, played.user_id, device, now))
    began = calls.start(site, played.user_id, played.item, told, now, session_id)
    if played.call == "stop" or (played.over and began.is_new):
        calls.stop(site, began.session.id, told, now)


def _go_on(calls: SessionCalls, site: SiteRecord, session: Session, played: Played, told: Told, now: int) -> None:
    time = told.time or 0
    if played.call == "start":
        calls.start(site, played.user_id, played.item, told, now, session.id)
    elif time < session.start - REJOIN:
        # Of a session before this one.
        return
    elif played.call == "stop":
        calls.stop(site, session.id, told, now)
    elif played.item.heartbeats and not session.item.heartbeats:
        # Its server calls every few seconds after all: from now on silence means that it is gone.
        paused = session.paused if told.paused is None else told.paused
        calls.start(site, played.user_id, played.item, msgspec.structs.replace(told, paused=paused), now, session.id)
    else:
        calls.beat(site, session.id, told, now)
