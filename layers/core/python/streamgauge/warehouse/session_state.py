"""Folding sessions in Postgres: the fast path (calls newer than all that the session has seen), and the slow one (folded anew from raw)."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from streamgauge.clock import MICROSECONDS, day_start, instant, local_day
from streamgauge.events.facts import user_key
from streamgauge.events.models import Spot
from streamgauge.ids import number
from streamgauge.sessions.folding import LONGEST_TOLD, REJOIN, Call, Session, fold, is_told
from streamgauge.sessions.models import call_of, session_key
from streamgauge.sessions.players import is_watching, player_call, player_key
from streamgauge.sessions.rows import PLAIN
from streamgauge.store.postgres import rows_parameter
from streamgauge.warehouse import session_queries as queries
from streamgauge.warehouse.dictionaries import bigints
from streamgauge.warehouse.raw import utc_day
from streamgauge.warehouse.session_raw import raw_calls, watched, write_calls
from streamgauge.warehouse.session_rows import Stored, Table, read, read_day, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date

    from streamgauge.events.facts import Fact
    from streamgauge.events.models import StampedEvent
    from streamgauge.store.postgres import Connection
    from streamgauge.warehouse.raw import Located

_NOWHERE: Final = Spot()


class Chain(NamedTuple):
    """New calls of one session, sorted; `kept_from` as of `Stored`."""

    calls: list[Call]
    kept_from: date


def session_locks(events: Iterable[StampedEvent]) -> set[int]:
    """Return the numbers of the sessions that calls are about, and of what their users play: a play may be told twice."""
    keys: set[int] = set()
    for event in events:
        if event.session is not None:
            keys.add(session_key(event.session.id))
            if event.session.item is not None:
                keys.add(number("play", event.user_id or "", event.session.item.content_id))
    return keys


def player_locks(pairs: Iterable[tuple[StampedEvent, Fact]]) -> set[int]:
    """Return the numbers of the rows that hold what users watch."""
    return {_player_key(event, fact) for event, fact in pairs if is_watching(event)}


def fold_sessions(connection: Connection, site: Located, events: list[StampedEvent], now: int) -> None:
    """Fold new calls into sessions and write both; `now` in microseconds. The keys of `session_locks` are locked."""
    if not events:
        return
    chains: defaultdict[int, list[StampedEvent]] = defaultdict(list)
    for event in events:
        if event.session is not None:
            chains[session_key(event.session.id)].append(event)
    fresh = {
        key: Chain(sorted(map(call_of, of_key)), max(_kept_from(event, site.zone) for event in of_key))
        for key, of_key in chains.items()
    }
    _fold(
        connection,
        site,
        "sessions",
        fresh,
        lambda spans: raw_calls(connection, site, spans),
        now,
    )
    write_calls(connection, site.site_no, events)


def fold_players(connection: Connection, site: Located, pairs: list[tuple[StampedEvent, Fact]], now: int) -> None:
    """Fold what users watch into the sessions of their players. The keys of `player_locks` are locked."""
    chains: defaultdict[int, list[Call]] = defaultdict(list)
    behind: dict[int, tuple[int, str, date]] = {}
    for event, fact in pairs:
        if is_watching(event) and event.user_id is not None and fact.play_key is not None:
            key = _player_key(event, fact)
            chains[key].append(player_call(event))
            behind[key] = (fact.play_key, event.user_id, utc_day(event.time))
    if not chains:
        return
    fresh = {key: Chain(sorted(calls), local_day(calls[0].time, site.zone)) for key, calls in chains.items()}
    _fold(
        connection,
        site,
        "player_sessions",
        fresh,
        lambda spans: watched(connection, site, {key: behind[key] for key in spans}),
        now,
    )


def refold(connection: Connection, site: Located, day: date, now: int) -> int:
    """Fold the sessions of a local day anew from their raw calls, where all are there, and return how many rows were wrong.

    The caller's transaction holds the site's gate alone.
    """
    begin = day_start(day, site.zone) * MICROSECONDS
    end = begin + 27 * 3600 * MICROSECONDS
    span = {"begin": begin, "end": end, "first_day": utc_day(begin), "last_day": utc_day(end)}
    stored = read_day(connection, site, day)
    of_span = connection.execute(queries.KEYS_OF_SPAN, {"site_no": site.site_no, **span}).fetchall()
    others = [key for (key,) in of_span if key not in stored]
    stored |= read(connection, site, "sessions", others)
    spans = {key: (min(one.session.start, begin), max(one.session.seen, end)) for key, one in stored.items()}
    raw = raw_calls(connection, site, spans)
    wrong: dict[int, Stored] = {}
    for key in sorted(stored):
        known = stored[key]
        session, calls = known.session, raw[key]
        if len(calls) < session.calls or local_day(calls[0].time, site.zone) != day:
            continue
        found = fold(None, _seeded(calls, session))
        found.id = session.id
        if _counted(found) != _counted(session):
            wrong[key] = Stored(found, known.kept_from)
    write(connection, site, "sessions", wrong, now)
    return len(wrong)


def _fold(
    connection: Connection,
    site: Located,
    table: Table,
    chains: dict[int, Chain],
    raw: Callable[[dict[int, tuple[int, int]]], dict[int, list[Call]]],
    now: int,
) -> None:
    stored = read(connection, site, table, chains)
    # At the same instant kind and tie decide, which only the raw rows have.
    spans = {
        key: (min(known.session.start, chains[key].calls[0].time), max(known.session.seen, chains[key].calls[-1].time))
        for key, known in stored.items()
        if chains[key].calls[0].time <= known.session.seen
    }
    earlier = raw(spans) if spans else {}
    changed: dict[int, Stored] = {}
    for key, (calls, kept_from) in chains.items():
        known = stored.get(key)
        if known is None:
            changed[key] = Stored(fold(None, calls), kept_from)
            continue
        session = known.session
        session = _fold_late(session, earlier[key], calls) if key in spans else fold(session, calls)
        changed[key] = Stored(session, max(known.kept_from, kept_from))
    if table == "sessions":
        _drop_told(connection, site.site_no, changed)
    write(connection, site, table, changed, now)


def _drop_told(connection: Connection, site_no: int, changed: dict[int, Stored]) -> None:
    """Leave out sessions of the past of which calls have told, changed or stored ones: a play counts once, as the calls tell it.

    It does not matter which of the two came first.
    """
    past = {key: one.session for key, one in changed.items() if one.session.historical}
    told = {key: one.session for key, one in changed.items() if not one.session.historical and one.session.duration}
    gone = {key for key, session in past.items() if any(is_told(session, other) for other in told.values())}
    for query, asked in ((queries.TOLD_ALREADY, past), (queries.TELLING, told)):
        if asked:
            rows = rows_parameter([_play(key, session) for key, session in asked.items()])
            key = {"site_no": site_no, "rows": rows, "near": REJOIN, "before": LONGEST_TOLD}
            gone |= {row[0] for row in connection.execute(query, key).fetchall()}
    for one in gone:
        changed.pop(one, None)
    if gone:
        connection.execute(queries.REMOVE, {"site_no": site_no, "keys": bigints(gone)})


def _play(key: int, session: Session) -> dict[str, Any]:
    return {
        "key": key,
        "user_key": user_key(session.user_id),
        "content_id": session.item.content_id,
        "device_id": session.item.device_id,
        "start": session.start,
        "last": session.last,
    }


def _fold_late(session: Session, earlier: list[Call], late: list[Call]) -> Session:
    """Return the session with late calls in their place among the earlier ones.

    Where raw calls are gone nothing can be folded anew: late calls then count for nothing, but for history, which is whole by itself.
    """
    if len(earlier) >= session.calls:
        found = fold(None, _seeded(sorted([*earlier, *late]), session))
        found.id = session.id
        if found.spot == _NOWHERE:
            found.spot = session.spot
        return found
    found = fold(session, [call for call in late if call.fields.history is not None])
    found.calls = session.calls + len(late)
    found.seen = max(session.seen, late[-1].time)
    return found


def _seeded(calls: list[Call], session: Session) -> list[Call]:
    """Return calls that say what is played: raw rows keep it with starts alone."""
    first = calls[0]
    if first.fields.item is not None:
        return calls
    return [first._replace(fields=msgspec.structs.replace(first.fields, item=session.item)), *calls[1:]]


def _counted(session: Session) -> tuple[object, ...]:
    """Return what figures and detection read of a session."""
    return tuple(getattr(session, name) for name in PLAIN if name not in {"seen", "calls"})


def _kept_from(event: StampedEvent, zone: str) -> date:
    if event.historical:
        return instant(event.received).date()
    return local_day(event.time, zone)


def _player_key(event: StampedEvent, fact: Fact) -> int:
    return player_key(fact.play_key or 0, event.user_id or "", utc_day(event.time))
