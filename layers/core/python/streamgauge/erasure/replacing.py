"""Replaces a person's ids in Postgres, in one transaction that holds the site's gate alone.

No figure changes: every chain, visit, playback and visitor-day keeps its events, under another number.
"""

from __future__ import annotations

import sys
from array import array as packed_array
from typing import TYPE_CHECKING, Any, NamedTuple

from psycopg import sql

from streamgauge.erasure import queries
from streamgauge.erasure.pseudonyms import Pseudonyms
from streamgauge.events.facts import playback_key, user_key
from streamgauge.events.models import SessionItem
from streamgauge.ids import number
from streamgauge.sessions.folding import device_of
from streamgauge.sessions.players import player_key
from streamgauge.store.postgres import array, rows_parameter
from streamgauge.views.counting import other_viewer, session_viewer

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import LiteralString

    from streamgauge.store.postgres import Connection, Query


class Replaced(NamedTuple):
    """What was done in Postgres: the person's ids and their new names, the alerts that are gone, and the rows changed by table."""

    person: Pseudonyms
    alerts: list[str]
    rows: dict[str, int]


def replace_person(connection: Connection, site_no: int, user_id: str) -> Replaced:
    """Replace all ids of a user, and of the anonymous visitors that this user was, by new names; drop what says more of them."""
    work = _Work(connection, site_no, user_id)
    work.find()
    for statement in queries.MAKE_NAMES:
        connection.execute(statement)
    work.name_texts()
    work.name_numbers()
    work.rename()
    for statement in queries.DROP_NAMES:
        connection.execute(statement)
    return Replaced(work.person, work.alerts, {table: count for table, count in work.rows.items() if count})


class _Work:
    def __init__(self, connection: Connection, site_no: int, user_id: str) -> None:
        self.connection = connection
        self.person = Pseudonyms(user_id)
        self.key: dict[str, Any] = {
            "site_no": site_no,
            "user_id": user_id,
            "user_key": user_key(user_id),
            "name": self.person.name,
        }
        self.alerts: list[str] = []
        self.rows: dict[str, int] = {}

    def find(self) -> None:
        """Learn the person's ids: those seen with the user id, and the sessions of those that named nobody else."""
        self.person.add("anonymous", self._texts(queries.ANONYMOUS_IDS))
        anonymous_ids = list(self.person.names["anonymous"])
        self.person.add("session", self._texts(queries.SESSION_IDS, anonymous_ids=anonymous_ids))
        self.person.add("device", self._texts(queries.DEVICE_IDS))

    def name_texts(self) -> None:
        rows = [
            {"kind": kind, "old": old, "new": new}
            for kind, named in self.person.names.items()
            for old, new in named.items()
        ]
        self._execute(queries.FILL_TEXTS, rows=rows_parameter(rows))

    def name_numbers(self) -> None:
        """Work out the numbers that follow from the new names: of playbacks, players' sessions and viewers."""
        person = self.person
        for play_key, session_id, visitor, video_id, bot, user_id, day in self._execute(queries.PLAYS):
            new = playback_key(person.of("session", session_id), person.number(visitor), video_id, bot=bot)
            person.numbers[play_key] = new
            if user_id is not None:
                named = person.of("user", user_id) or user_id
                person.numbers[player_key(play_key, user_id, day)] = player_key(new, named, day)
        for viewer, session_id, user_id, anonymous_id, video_id in self._execute(queries.VIEWERS):
            if session_id is not None:
                person.numbers[viewer] = session_viewer(person.of("session", session_id) or session_id, video_id)
            elif viewer == other_viewer(user_id or anonymous_id or "", video_id):
                named = person.of("user", user_id) or person.of("anonymous", anonymous_id) or ""
                person.numbers[viewer] = other_viewer(named, video_id)
        changed = {old: new for old, new in person.numbers.items() if old != new}
        self._execute(queries.FILL_NUMBERS, olds=array(list(changed)), news=array(list(changed.values())))

    def rename(self) -> None:
        devices = list(self.person.names["device"]) + list(self.person.names["anonymous"])
        self.rows["events"] = self._execute(queries.RENAME_EVENTS).rowcount
        self.rows["views"] = self._execute(queries.RENAME_VIEWS).rowcount
        for table, statement in queries.RENAME_NUMBERS.items():
            self.rows[table] = self._execute(statement).rowcount
        self.rows["session_calls"] = self._execute(queries.RENAME_CALLS).rowcount
        for name in ("sessions", "player_sessions"):
            self.rows[name] = self._rename_sessions(name)
        self.rows["funnel_days"] = self._rename_attempts()
        self.alerts = [alert_id for (alert_id,) in self._execute(queries.DELETE_ALERTS)]
        self.rows["sharing_alerts"] = len(self.alerts)
        self.rows["sharing_trusted"] = self._execute(queries.TRUST_NO_MORE, devices=devices).rowcount
        self.rows["media_users"] = self._execute(queries.DELETE_USER).rowcount
        self.rows["user_traits"] = self._execute(queries.DELETE_TRAITS).rowcount

    def _rename_sessions(self, table: str) -> int:
        person = self.person
        rows = []
        found = self._execute(_of(table, queries.SESSION_ROWS), keys=array(list(person.numbers))).fetchall()
        for key, session_id, user_id, own, client_name, device_name, device_id in found:
            named = person.of("user", user_id) or ""
            # Without raw events nobody can tell of which playback it was, and none can come to it.
            new_key = person.numbers.get(key) or number("erased", str(key), person.name)
            new_id = person.of("session", session_id) or ""
            new_device = person.of("anonymous" if table == "player_sessions" else "device", device_id)
            item = SessionItem("", "", client_name=client_name, device_name=device_name, device_id=new_device)
            rows.append(
                {
                    "key": key,
                    "new_key": new_key,
                    "session_id": new_id,
                    "user_id": named,
                    "user_key": user_key(named),
                    "device_id": new_device,
                    "device": device_of(item, new_id or str(new_key)),
                    "own": own,
                }
            )
        return self._execute(_of(table, queries.RENAME_SESSIONS), rows=rows_parameter(rows)).rowcount if rows else 0

    def _rename_attempts(self) -> int:
        """Rename the persons of saved attempts at funnels."""
        renamed = 0
        for funnel_no, day, bots, persons in self._execute(queries.FUNNEL_DAYS).fetchall():
            new = _renamed(persons, self.person)
            if new != persons:
                self._execute(queries.SET_FUNNEL_DAY, funnel_no=funnel_no, day=day, bots=bots, persons=new)
                renamed += 1
        return renamed

    def _texts(self, query: LiteralString, **more: object) -> Iterable[str]:
        return [text for (text,) in self._execute(query, **more)]

    def _execute(self, query: Query, **more: object) -> Any:  # noqa: ANN401 - a cursor
        return self.connection.execute(query, self.key | more)


def _renamed(persons: bytes, person: Pseudonyms) -> bytes:
    """Return packed numbers of persons (8 bytes, little endian) with the new ones in place."""
    numbers = packed_array("q", persons)
    if sys.byteorder == "big":
        numbers.byteswap()
    new = packed_array("q", (person.numbers.get(one, one) for one in numbers))
    if sys.byteorder == "big":
        new.byteswap()
    return new.tobytes()


def _of(table: str, query: LiteralString) -> sql.Composed:
    return sql.SQL(query).format(sql.Identifier(table))
