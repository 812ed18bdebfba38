"""Raw calls about sessions, and what raw events say of them: from these a session is folded anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from streamgauge.events.facts import BOT, FATAL, flags_of
from streamgauge.events.models import SessionFields, VideoFields
from streamgauge.ids import number
from streamgauge.sessions.folding import ORDER, Call
from streamgauge.sessions.models import call_of, session_key
from streamgauge.sessions.players import player_fields
from streamgauge.store.postgres import array, text_array
from streamgauge.warehouse import session_queries as queries
from streamgauge.warehouse.dictionaries import bigints
from streamgauge.warehouse.raw import utc_day
from streamgauge.warehouse.session_rows import IP_KEPT

if TYPE_CHECKING:
    from datetime import date

    from streamgauge.events.models import StampedEvent
    from streamgauge.store.postgres import Connection
    from streamgauge.warehouse.raw import Located

_FIELDS: Final = msgspec.json.Decoder(SessionFields)
_ENCODE: Final = msgspec.json.Encoder().encode


def write_calls(connection: Connection, site_no: int, events: list[StampedEvent]) -> None:
    """Keep calls as they were told, with what is played in starts alone."""
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


def raw_calls(connection: Connection, site: Located, spans: dict[int, tuple[int, int]]) -> dict[int, list[Call]]:
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


def watched(connection: Connection, site: Located, behind: dict[int, tuple[int, str, date]]) -> dict[int, list[Call]]:
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
