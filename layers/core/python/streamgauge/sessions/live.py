"""Live sessions in DynamoDB: read back at once, right under retries, calls out of order, and two at the same moment.

Items of SESSIONS_TABLE, all with a TTL (`expires`):
- `{site}#session#{id}` / `state`: the fold of a session with its last calls apart, so that a late one finds its place; or `alias`,
  the id of the session that this one's start went on with. Kept for 30 days after the last call.
- `{site}#active` / `{id}`: a copy for the list of active sessions; one that ended stays for an hour and is left out by its status.
- `{site}#device#{number}` / `latest`: the last session of a user, item and device, which the next start may go on with.

A change is a versioned put under a condition: whoever was overtaken reads again. Nothing here is counted from: history follows by
the stream.
"""

from __future__ import annotations

import bisect
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from streamgauge.clock import MICROSECONDS
from streamgauge.errors import UnavailableError
from streamgauge.ids import number
from streamgauge.sessions.folding import SILENCE, Call, Session, continues, device_of, fold, is_live, quiet
from streamgauge.settings import settings
from streamgauge.store import dynamo

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streamgauge.events.models import SessionItem
    from streamgauge.store.dynamo_values import Item

KEPT_SECONDS: Final = 30 * 86_400
"""How long after its last call a session is known by its id."""
RECENT: Final = 32
"""Calls kept apart: a late call is folded in its place as long as it is younger than the last so many."""

_ENDED_SECONDS: Final = 3600
_INTERVALS: Final = 32
"""The last intervals that stay with the live state; the warehouse keeps all."""
_TRIES: Final = 30
_STATE: Final = "state"
_LATEST: Final = "latest"


class _Kept(msgspec.Struct, array_like=True):
    """A session up to its recent calls, and these, sorted."""

    base: Session | None
    recent: list[Call]


_ENCODE: Final = msgspec.msgpack.Encoder().encode
_KEPT: Final = msgspec.msgpack.Decoder(_Kept)
_SESSION: Final = msgspec.msgpack.Decoder(Session)


class Live(NamedTuple):
    """A session as it stands; `version` counts its changes."""

    session: Session
    version: int
    kept: _Kept


def find(site: str, session_id: str, now: int) -> Live | None:
    """Return a session by its id, or by that of a start which it took in; None for an unknown one. Raises StoreAwayError."""
    item = _get(f"{site}#session#{session_id}", _STATE, now)
    if item is not None and "alias" in item:
        item = _get(f"{site}#session#{item['alias']}", _STATE, now)
    if item is None or "payload" not in item:
        return None
    kept = _KEPT.decode(item["payload"])
    session = fold(kept.base, kept.recent)
    session.id = item["pk"].partition("#session#")[2]
    return Live(session, item["v"], kept)


def record(site: str, call: Call, now: int, seen: Live | None = None) -> tuple[Session, bool]:
    """Add a call to its session and to the active list; return the session, and whether the call made it.

    `seen` is the session as the caller has just read it, which saves to read it again. A call that is there already changes nothing. Raises StoreAwayError, and UnavailableError when others were always faster.
    """
    session_id = call.fields.id
    for attempt in range(_TRIES):
        known = seen if seen is not None and attempt == 0 else find(site, session_id, now)
        kept = _Kept(None, [call]) if known is None else _with(known.kept, call)
        if known is not None and kept is known.kept:
            # A retry: the first try may have stopped before the list.
            _list(site, known.session, known.version, now)
            return known.session, False
        session = fold(kept.base, kept.recent)
        session.id = session_id
        version = 1 if known is None else known.version + 1
        done = dynamo.put_item(
            _table(),
            {
                "pk": f"{site}#session#{session_id}",
                "sk": _STATE,
                "v": version,
                "payload": _ENCODE(kept),
                "expires": _seconds(max(now, session.last)) + KEPT_SECONDS,
            },
            condition="attribute_not_exists(pk) OR expires <= :now" if known is None else "v = :before",
            values={":now": _seconds(now)} if known is None else {":before": known.version},
        )
        if done:
            _list(site, session, version, now)
            return session, known is None
    raise UnavailableError("too many calls about this session at the same moment; try again", 1)


def _with(kept: _Kept, call: Call) -> _Kept:
    """Return what is kept with one more call; the same object when it is there already, or too old to find its place."""
    if any(one.time == call.time and one.tie == call.tie for one in kept.recent):
        return kept
    if kept.base is not None and call.time <= kept.base.seen:
        return kept
    recent = list(kept.recent)
    # What is played and the id stand with starts, and with whatever comes first: a heartbeat that repeats them would make every
    # write several times as dear.
    comes_first = kept.base is None and _place(call) < _place(recent[0])
    item = call.fields.item if comes_first or call.fields.call == "start" else None
    fields = msgspec.structs.replace(call.fields, id="", item=item)
    bisect.insort(recent, call._replace(fields=fields), key=_place)
    if len(recent) <= RECENT:
        return _Kept(kept.base, recent)
    base = fold(kept.base, recent[:-RECENT])
    base.starts, base.ends = base.starts[-_INTERVALS:], base.ends[-_INTERVALS:]
    return _Kept(base, recent[-RECENT:])


def _place(call: Call) -> tuple[int, int, int]:
    return call.time, call.order, call.tie


def claim(site: str, user_id: str, item: SessionItem, wanted: str, time: int, now: int) -> str:
    """Return the id of the session that a start belongs to: one that goes on for this user, item and device, else `wanted`.

    Two starts at once get the same. Raises StoreAwayError, and UnavailableError when others were always faster.
    """
    if not has_device(item):
        return wanted
    key = _device_key(site, user_id, item)
    for _ in range(_TRIES):
        last = dynamo.get_item(_table(), key, consistent=True)
        if last is not None:
            other = find(site, last["session"], now)
            # Without a state its start is on its way, or failed half-way and is to be repeated.
            goes_on = abs(time - last["at"]) < SILENCE if other is None else continues(other.session, time)
            if goes_on or last["session"] == wanted:
                return str(last["session"])
            if time < last["at"]:
                return wanted
        done = dynamo.put_item(
            _table(),
            {
                **key,
                "session": wanted,
                "at": time,
                "v": 1 if last is None else last["v"] + 1,
                "expires": _kept(now),
            },
            condition="attribute_not_exists(pk)" if last is None else "v = :before",
            values=None if last is None else {":before": last["v"]},
        )
        if done:
            return wanted
    raise UnavailableError("too many starts of this session at the same moment; try again", 1)


def latest(site: str, user_id: str, item: SessionItem, now: int) -> Live | None:
    """Return the last session of a user, item and device; None without one. Raises StoreAwayError."""
    known = dynamo.get_item(_table(), _device_key(site, user_id, item), consistent=True) if has_device(item) else None
    return None if known is None else find(site, known["session"], now)


def _device_key(site: str, user_id: str, item: SessionItem) -> dict[str, str]:
    return {"pk": f"{site}#device#{number(user_id, item.content_id, device_of(item, ''))}", "sk": _LATEST}


def has_device(item: SessionItem) -> bool:
    """Return whether a session's device can be told from others; without, each start is a session of its own."""
    return bool(item.device_id or item.client_name or item.device_name)


def point(site: str, session_id: str, target: str, now: int) -> None:
    """Let an id stand for the session that its start went on with. Raises StoreAwayError."""
    dynamo.put_item(
        _table(),
        {"pk": f"{site}#session#{session_id}", "sk": _STATE, "alias": target, "expires": _kept(now)},
        condition="attribute_not_exists(pk)",
    )


def active(site: str, now: int) -> list[Session]:
    """Return the sessions that go on at `now`, the latest first. Raises StoreAwayError."""
    return [session for session in listed(site, now) if is_live(session, now)]


def listed(site: str, now: int) -> list[Session]:
    """Return the sessions that go on or ended within the hour, the latest first. Raises StoreAwayError."""
    items = dynamo.query_all(_table(), "pk = :pk", values={":pk": f"{site}#active"}, consistent=True)
    sessions = [_SESSION.decode(item["payload"]) for item in items if item["expires"] > _seconds(now)]
    return sorted(sessions, key=lambda session: (-session.start, session.id))


def listed_by_id(keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Session]:
    """Return what the lists hold of (site, id). Raises StoreAwayError."""
    asked = [{"pk": f"{site}#active", "sk": session_id} for site, session_id in keys]
    return {
        (item["pk"].rpartition("#")[0], item["sk"]): _SESSION.decode(item["payload"])
        for item in dynamo.batch_get(_table(), asked, consistent=True)
    }


def put_listed(sessions: Iterable[tuple[str, Session]], now: int) -> None:
    """Put sessions of sites into the lists, whatever is there. Raises StoreAwayError."""
    dynamo.batch_write(_table(), [_listed(site, session, session.seen, now) for site, session in sessions])


def id_of(item: Item) -> str:
    """Return the id of the session that an item of the table is about; an empty one for the last session of a device."""
    _, kind, session_id = item["pk"].partition("#session#")
    if kind:
        return str(session_id)
    return str(item["sk"]) if item["pk"].endswith("#active") else ""


def user_of(item: Item) -> str | None:
    """Return whose session an item of the table is; None where it does not say."""
    if "payload" not in item:
        return None
    if item["sk"] != _STATE:
        return _SESSION.decode(item["payload"]).user_id
    kept = _KEPT.decode(item["payload"])
    return kept.recent[0].user_id if kept.base is None else kept.base.user_id


def _list(site: str, session: Session, version: int, now: int) -> None:
    """Put a session into the list, unless a later state of it is there."""
    dynamo.put_item(
        _table(),
        _listed(site, session, version, now),
        condition="attribute_not_exists(pk) OR v < :v",
        values={":v": version},
    )


def _listed(site: str, session: Session, version: int, now: int) -> Item:
    short = msgspec.structs.replace(session, starts=[], ends=[])
    until = session.last if session.stop is not None else session.last + quiet(session)
    return {
        "pk": f"{site}#active",
        "sk": session.id,
        "v": version,
        "payload": _ENCODE(short),
        "expires": _seconds(max(until, now)) + _ENDED_SECONDS,
    }


def _get(pk: str, sk: str, now: int) -> Item | None:
    item = dynamo.get_item(_table(), {"pk": pk, "sk": sk}, consistent=True)
    # DynamoDB takes its time with what has expired.
    return None if item is None or item["expires"] <= _seconds(now) else item


def _kept(now: int) -> int:
    return _seconds(now) + KEPT_SECONDS


def _seconds(microseconds: int) -> int:
    return microseconds // MICROSECONDS


def _table() -> str:
    return settings().text("SESSIONS_TABLE")
