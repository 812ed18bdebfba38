"""Sessions in Postgres: the fast path (calls newer than all that the session has seen), and the slow one (folded anew from raw)."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import msgspec
from psycopg import sql

from streamgauge.clock import MICROSECONDS, day_start, instant, local_day
from streamgauge.events.facts import BOT, FATAL, flags_of, user_key
from streamgauge.events.models import SessionFields, Spot, VideoFields
from streamgauge.ids import number
from streamgauge.sessions.folding import LONGEST_TOLD, ORDER, REJOIN, Call, Session, device_of, fold, is_told
from streamgauge.sessions.models import call_of, session_key
from streamgauge.sessions.players import is_watching, player_call, player_fields, player_key
from streamgauge.sessions.rows import ITEM, PLAIN, SPOT, session_of, values_of
from streamgauge.store.postgres import array, rows_parameter, text_array
from streamgauge.warehouse import session_queries as queries
from streamgauge.warehouse.dictionaries import bigints
from streamgauge.warehouse.raw import utc_day

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date

    from streamgauge.events.facts import Fact
    from streamgauge.events.models import StampedEvent
    from streamgauge.store.postgres import Connection
    from streamgauge.warehouse.raw import Located

Table = Literal["sessions", "player_sessions"]

IP_KEPT: Final = 30 * 86_400 * MICROSECONDS
"""How long after its last call a session's address is kept."""

_FIELDS: Final = msgspec.json.Decoder(SessionFields)
_ENCODE: Final = msgspec.json.Encoder().encode


class Stored(NamedTuple):
    """A session as its row has it, with the day from which its time to be kept runs."""

    session: Session
    kept_from: date


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
        lambda spans: _raw_calls(connection, site, spans),
        now,
    )
    _write_calls(connection, site.site_no, events)


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
        lambda spans: _watched(connection, site, {key: behind[key] for key in spans}),
        now,
    )


def refold(connection: Connection, site: Located, day: date, now: int) -> int:
    """Fold the sessions of a local day anew from their raw calls, where all are there, and return how many rows were wrong.

    The caller's transaction holds the site's gate alone.
    """
    begin = day_start(day, site.zone) * MICROSECONDS
    end = begin + 27 * 3600 * MICROSECONDS
    span = {"begin": begin, "end": end, "first_day": utc_day(begin), "last_day": utc_day(end)}
    rows = connection.execute(_of("sessions", queries.OF_DAY), {"site_no": site.site_no, "day": day}).fetchall()
    stored = {row[0]: _stored(row) for row in rows}
    of_span = connection.execute(queries.KEYS_OF_SPAN, {"site_no": site.site_no, **span}).fetchall()
    others = [key for (key,) in of_span if key not in stored]
    stored |= _read(connection, site, "sessions", others)
    spans = {key: (min(one.session.start, begin), max(one.session.seen, end)) for key, one in stored.items()}
    raw = _raw_calls(connection, site, spans)
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
    _write(connection, site, "sessions", wrong, now)
    return len(wrong)


def _fold(
    connection: Connection,
    site: Located,
    table: Table,
    chains: dict[int, Chain],
    raw: Callable[[dict[int, tuple[int, int]]], dict[int, list[Call]]],
    now: int,
) -> None:
    stored = _read(connection, site, table, chains)
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
    _write(connection, site, table, changed, now)


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


_NOWHERE: Final = Spot()


def _counted(session: Session) -> tuple[object, ...]:
    """Return what figures and detection read of a session."""
    return tuple(getattr(session, name) for name in PLAIN if name not in {"seen", "calls"})


def _of(table: Table, query: Any) -> sql.Composed:  # noqa: ANN401 - a literal of `session_queries`
    return sql.SQL(query).format(sql.Identifier(table))


def _read(connection: Connection, site: Located, table: Table, keys: Iterable[int]) -> dict[int, Stored]:
    parameters = {"site_no": site.site_no, "keys": bigints(keys)}
    return {row[0]: _stored(row) for row in connection.execute(_of(table, queries.OF_KEYS), parameters).fetchall()}


def _stored(row: tuple[Any, ...]) -> Stored:
    values = values_of(row)
    return Stored(session_of(values), values["kept_from"])


def _write(connection: Connection, site: Located, table: Table, changed: dict[int, Stored], now: int) -> None:
    if not changed:
        return
    rows = [_row(key, *changed[key], site.zone, now) for key in sorted(changed)]
    connection.execute(_of(table, queries.UPSERT), {"site_no": site.site_no, "rows": rows_parameter(rows)})


def _row(key: int, session: Session, kept_from: date, zone: str, now: int) -> dict[str, Any]:
    row: dict[str, Any] = {name: getattr(session, name) for name in PLAIN}
    row |= {name: getattr(session.item, name) for name in ITEM}
    row |= {name: getattr(session.spot, name) for name in SPOT}
    if session.last < now - IP_KEPT:
        row["ip_address"] = None
    return row | {
        "key": key,
        "session_id": session.id,
        "user_key": user_key(session.user_id),
        "day": local_day(session.start, zone).isoformat(),
        "device": device_of(session.item, session.id or str(key)),
        "changed_at": now,
        "kept_from": kept_from.isoformat(),
    }


def _kept_from(event: StampedEvent, zone: str) -> date:
    if event.historical:
        return instant(event.received).date()
    return local_day(event.time, zone)


def _write_calls(connection: Connection, site_no: int, events: list[StampedEvent]) -> None:
    with connection.cursor() as cursor, cursor.copy(queries.COPY_CALLS) as copy:
        for event in events:
            call = call_of(event)
            fields = call.fields
            spot = fields.spot
            kept = msgspec.structs.replace(
                fields,
                id="",
                item=fields.item if fields.call == "start" else None,
                spot=None if spot is None else msgspec.structs.replace(spot, ip_address=None),
            )
            copy.write_row(
                (
                    utc_day(call.time),
                    site_no,
                    call.order,
                    flags_of(event),
                    call.time,
                    event.received,
                    session_key(fields.id),
                    call.tie,
                    call.user_id,
                    None if spot is None or call.time < event.received - IP_KEPT else spot.ip_address,
                    _ENCODE(kept).decode(),
                )
            )


def _raw_calls(connection: Connection, site: Located, spans: dict[int, tuple[int, int]]) -> dict[int, list[Call]]:
    """Return the sorted calls of each key, of the days between its first and last instant."""
    rows = connection.execute(
        queries.CALLS_OF_KEYS,
        {
            "site_no": site.site_no,
            "keys": bigints(spans),
            "first_days": array([utc_day(first).isoformat() for first, _ in spans.values()]),
            "last_days": array([utc_day(last).isoformat() for _, last in spans.values()]),
        },
    ).fetchall()
    calls: dict[int, list[Call]] = {key: [] for key in spans}
    for key, *row in rows:
        calls[key].append(_raw_call(*row))
    return {key: sorted(of_key) for key, of_key in calls.items()}


def _raw_call(time: int, order: int, tie: int, user_id: str, ip_address: str | None, content: str) -> Call:
    fields = _FIELDS.decode(content)
    if fields.spot is not None and ip_address is not None:
        fields = msgspec.structs.replace(fields, spot=msgspec.structs.replace(fields.spot, ip_address=ip_address))
    return Call(time, order, tie, user_id, fields)


def _player_key(event: StampedEvent, fact: Fact) -> int:
    return player_key(fact.play_key or 0, event.user_id or "", utc_day(event.time))


def _watched(connection: Connection, site: Located, behind: dict[int, tuple[int, str, date]]) -> dict[int, list[Call]]:
    """Return the sorted calls of each key: what a user told of a playback on a UTC day."""
    play_keys, users, days = zip(*behind.values(), strict=True)
    rows = connection.execute(
        queries.WATCHED,
        {
            "site_no": site.site_no,
            "keys": bigints(behind),
            "play_keys": bigints(play_keys),
            "users": text_array(users),
            "days": array([day.isoformat() for day in days]),
        },
    ).fetchall()
    calls: dict[int, list[Call]] = {key: [] for key in behind}
    for key, time, event_id, kind, flags, user_id, video_id, position, duration, quality, bitrate in rows:
        if flags & BOT:
            continue
        video = VideoFields(video_id, position, duration, quality, bitrate, fatal=bool(flags & FATAL))
        fields = player_fields("", kind, video)
        calls[key].append(Call(time, ORDER["beat"], number("call", event_id), user_id, fields))
    return {key: sorted(of_key) for key, of_key in calls.items()}
