"""Sessions as rows of Postgres: `sessions` of media servers and `player_sessions` of what users watch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from psycopg import sql

from streamgauge.clock import MICROSECONDS, local_day
from streamgauge.events.facts import user_key
from streamgauge.sessions.folding import Session, device_of
from streamgauge.sessions.rows import ITEM, PLAIN, SPOT, session_of, values_of
from streamgauge.store.postgres import rows_parameter
from streamgauge.warehouse import session_queries as queries
from streamgauge.warehouse.dictionaries import bigints

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from streamgauge.store.postgres import Connection
    from streamgauge.warehouse.raw import Located

Table = Literal["sessions", "player_sessions"]

IP_KEPT: Final = 30 * 86_400 * MICROSECONDS
"""How long after its last call a session's address is kept."""


class Stored(NamedTuple):
    """A session as its row has it, with the day from which its time to be kept runs."""

    session: Session
    kept_from: date


def read(connection: Connection, site: Located, table: Table, keys: Iterable[int]) -> dict[int, Stored]:
    """Return the sessions that there are of some keys."""
    parameters = {"site_no": site.site_no, "keys": bigints(keys)}
    return {row[0]: _stored(row) for row in connection.execute(_of(table, queries.OF_KEYS), parameters).fetchall()}


def read_day(connection: Connection, site: Located, day: date) -> dict[int, Stored]:
    """Return the sessions of a local day by their keys."""
    rows = connection.execute(_of("sessions", queries.OF_DAY), {"site_no": site.site_no, "day": day}).fetchall()
    return {row[0]: _stored(row) for row in rows}


def write(connection: Connection, site: Located, table: Table, changed: dict[int, Stored], now: int) -> None:
    """Write changed sessions; `now` in microseconds."""
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


def _of(table: Table, query: Any) -> sql.Composed:  # noqa: ANN401 - a literal of `session_queries`
    return sql.SQL(query).format(sql.Identifier(table))


def _stored(row: tuple[Any, ...]) -> Stored:
    values = values_of(row)
    return Stored(session_of(values), values["kept_from"])
