"""What is kept of erased ids: a keyed digest, when, and what stands for it. Events from before, however late, are renamed by it."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from streamgauge.erasure.pseudonyms import Kind, Pseudonyms, digest_of
from streamgauge.store.postgres import array, rows_parameter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamgauge.events.models import SessionFields, Spot, StampedEvent
    from streamgauge.store.postgres import Connection

ON_THE_WAY_DAYS: Final = 44
"""For so long events from before an erasure may still come: stream 7, then a dead letter and its replay 30, then the stream again."""

_LATEST: Final = """
    SELECT site_no, max(erasure_no) FROM erasures WHERE site_no = ANY(%s::integer[]) GROUP BY site_no
"""
_READ: Final = "SELECT encode(uuid_send(digest), 'hex'), erased_at, replacement FROM erased_ids WHERE site_no = %s ORDER BY erased_at"
_KEEP: Final = """
    INSERT INTO erased_ids (site_no, digest, erased_at, replacement)
    SELECT %(site_no)s, digest, %(erased_at)s, replacement FROM json_to_recordset(%(rows)s) AS t(digest uuid, replacement text)
    ON CONFLICT DO NOTHING
"""
_FORGET: Final = "UPDATE erased_ids SET replacement = NULL WHERE replacement IS NOT NULL AND erased_at < %(before)s"


class Tombstone(NamedTuple):
    """One erased id: when (microseconds), and what stands for it."""

    erased_at: int
    replacement: str


class Erased:
    """The erased ids of a site."""

    def __init__(self, secret: bytes, stones: Mapping[str, list[Tombstone]]) -> None:
        """Take an id's digest -> its erasures, the earliest first."""
        self._secret = secret
        self._stones = stones

    def renamed(self, event: StampedEvent) -> StampedEvent:
        """Return an event without what was erased of it: the same object when nothing was."""
        user_id = self._name("user", event.user_id, event)
        anonymous_id = self._name("anonymous", event.anonymous_id, event)
        session_id = self._name("session", event.session_id, event)
        session = event.session
        if session is not None:
            session = self._session(session, event, erased=user_id != event.user_id)
        renamed = (user_id, anonymous_id, session_id, session)
        if renamed == (event.user_id, event.anonymous_id, event.session_id, event.session):
            return event
        changed = msgspec.structs.replace(
            event, user_id=user_id, anonymous_id=anonymous_id, session_id=session_id, session=session
        )
        # What another user did on the same device stays that user's.
        if user_id == event.user_id and (user_id is not None or anonymous_id == event.anonymous_id):
            return changed
        return _without_traces(changed, {event.user_id: user_id, event.anonymous_id: anonymous_id})

    def _session(self, session: SessionFields, event: StampedEvent, *, erased: bool) -> SessionFields:
        session_id = self._name("session", session.id, event) or session.id
        if not erased:
            return session if session_id == session.id else msgspec.structs.replace(session, id=session_id)
        item = None if session.item is None else msgspec.structs.replace(session.item, device_id=None)
        return msgspec.structs.replace(session, id=session_id, item=item, spot=_blurred(session.spot))

    def _name(self, kind: Kind, text: str | None, event: StampedEvent) -> str | None:
        moment = min(event.time, event.received)
        # Whoever shared an id with somebody who was erased before has a name in its place, which may be erased in turn.
        while text is not None:
            stones = self._stones.get(digest_of(self._secret, kind, text), [])
            stone = next((stone for stone in stones if moment <= stone.erased_at), None)
            if stone is None:
                break
            text = stone.replacement
        return text


class Tombstones:
    """The erased ids that a container knows, per site; read again when there are more."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[int, Erased]] = {}

    def of_sites(self, connection: Connection, secrets_of: Mapping[int, bytes]) -> dict[int, Erased]:
        """Return site -> its erased ids, sites without any left out. Inside the gates: then none is erased meanwhile."""
        found: dict[int, Erased] = {}
        for site_no, latest in connection.execute(_LATEST, [array(sorted(secrets_of))]).fetchall():
            number, erased = self._known.get(site_no, (0, None))
            if erased is None or number != latest:
                erased = _read(connection, site_no, secrets_of[site_no])
                self._known[site_no] = (latest, erased)
            found[site_no] = erased
        return found


def keep(connection: Connection, site_no: int, secret: bytes, person: Pseudonyms, now: int) -> None:
    """Keep digests of a person's ids, and what stands for each, from `now` (microseconds) on."""
    rows = [
        {"digest": digest_of(secret, kind, old), "replacement": new}
        for kind, named in person.names.items()
        for old, new in named.items()
        # Devices are told in calls that name their user.
        if kind != "device"
    ]
    connection.execute(_KEEP, {"site_no": site_no, "erased_at": now, "rows": rows_parameter(rows)})


def forget_names(connection: Connection, before: int) -> int:
    """Forget what stands for ids erased before an instant, and return how many: nothing leads from an id to its rows then."""
    return connection.execute(_FORGET, {"before": before}).rowcount


def _read(connection: Connection, site_no: int, secret: bytes) -> Erased:
    stones: dict[str, list[Tombstone]] = {}
    for digest, erased_at, name in connection.execute(_READ, [site_no]).fetchall():
        # History of an erased person may be told at any time: it gets a name that nobody keeps.
        stone = Tombstone(erased_at, name or f"erased-{secrets.token_hex(8)}")
        stones.setdefault(digest, []).append(stone)
    return Erased(secret, stones)


def _without_traces(event: StampedEvent, names: Mapping[str | None, str | None]) -> StampedEvent:
    page = event.page
    if page is not None:
        url = page.url.partition("?")[0].partition("#")[0]
        page = msgspec.structs.replace(page, url=url)
    event_id = event.id
    for old, new in names.items():
        if old and new and old != new:
            event_id = event_id.replace(old, new)
    return msgspec.structs.replace(
        event, id=event_id, page=page, spot=_blurred(event.spot), properties=None, metadata=None
    )


def _blurred(spot: Spot | None) -> Spot | None:
    """Return country and city alone."""
    if spot is None:
        return None
    return msgspec.structs.replace(spot, ip_address=None, network=None, latitude=None, longitude=None, radius_km=None)
