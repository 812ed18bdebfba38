"""Raw events, read back as facts where a chain is folded anew; `raw_rows` writes them."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal, LiteralString, Protocol

from streamgauge.clock import MICROSECONDS, hour_and_day
from streamgauge.events.facts import (
    BOT,
    FATAL,
    HAS_USER,
    INTERACTIVE,
    LASTING_KEY,
    Fact,
    counted_code,
    user_key,
)
from streamgauge.events.models import VideoFields
from streamgauge.store.postgres import array
from streamgauge.warehouse.dictionaries import bigints

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streamgauge.store.postgres import Connection

_FACT_COLUMNS: Final[
    LiteralString
] = """time, coalesce(event_uuid::text, event_id), kind, flags, visit_key, prev_key, visitor, user_id, p.path, name,
    acquisition, surroundings, play_key, video_id, position, duration, quality, bitrate, seek_from, seek_to, buffer_seconds,
    startup_time"""
_VISIT_KEYS: Final[LiteralString] = f"""
    SELECT {_FACT_COLUMNS} FROM events LEFT JOIN pages AS p ON p.code = events.page WHERE site_no = %(site_no)s AND visit_key = ANY(%(keys)s::bigint[])
        AND time BETWEEN %(begin)s AND %(end)s AND day BETWEEN %(first_day)s AND %(last_day)s
"""
_PLAY_KEYS: Final[LiteralString] = f"""
    SELECT {_FACT_COLUMNS} FROM events LEFT JOIN pages AS p ON p.code = events.page WHERE site_no = %(site_no)s AND play_key = ANY(%(keys)s::bigint[])
        AND time BETWEEN %(begin)s AND %(end)s AND day BETWEEN %(first_day)s AND %(last_day)s
"""
_KEYS: Final = {"visit_key": _VISIT_KEYS, "play_key": _PLAY_KEYS}
# Days leave partitions out: those of all chains when it is planned, those of each while it runs. OFFSET 0 keeps the planner at
# one look into an index per chain.
_WANTED: Final[LiteralString] = """
    FROM unnest(%(keys)s::bigint[], %(begins)s::bigint[], %(ends)s::bigint[], %(first_days)s::date[], %(last_days)s::date[])
        AS wanted(key, low, high, first_day, last_day)
"""
_BOUNDS: Final[
    LiteralString
] = """time BETWEEN wanted.low AND wanted.high AND day BETWEEN wanted.first_day AND wanted.last_day
        AND day BETWEEN %(first_day)s AND %(last_day)s OFFSET 0"""
_VISIT_CHAINS: Final[LiteralString] = f"""
    SELECT f.* {_WANTED} CROSS JOIN LATERAL (
        SELECT {_FACT_COLUMNS} FROM events LEFT JOIN pages AS p ON p.code = events.page
        WHERE site_no = %(site_no)s AND visit_key = wanted.key AND {_BOUNDS}
    ) AS f
"""
_PLAY_CHAINS: Final[LiteralString] = f"""
    SELECT f.* {_WANTED} CROSS JOIN LATERAL (
        SELECT {_FACT_COLUMNS} FROM events LEFT JOIN pages AS p ON p.code = events.page
        WHERE site_no = %(site_no)s AND play_key = wanted.key AND {_BOUNDS}
    ) AS f
"""
_CHAINS: Final = {"visit_key": _VISIT_CHAINS, "play_key": _PLAY_CHAINS}
_SPAN: Final[LiteralString] = f"""
    SELECT {_FACT_COLUMNS} FROM events LEFT JOIN pages AS p ON p.code = events.page WHERE site_no = %(site_no)s
        AND time BETWEEN %(begin)s AND %(end)s AND day BETWEEN %(first_day)s AND %(last_day)s
"""

_EPOCH_DAY: Final = date(1970, 1, 1)
DAY: Final = 86_400 * MICROSECONDS


class Located(Protocol):
    """A site as raw rows are read for it."""

    @property
    def site_no(self) -> int:
        """Its number."""

    @property
    def zone(self) -> str:
        """Its time zone."""


def utc_day(time: int) -> date:
    """Return the partition of an instant in microseconds."""
    return _day_number(time // DAY)


@lru_cache(maxsize=4096)
def _day_number(days: int) -> date:
    return _EPOCH_DAY + timedelta(days)


def read_keys(
    connection: Connection,
    column: Literal["visit_key", "play_key"],
    site: Located,
    keys: Iterable[int],
    begin: int,
    end: int,
) -> list[Fact]:
    """Return the events of visit or playback keys within [begin, end] microseconds, unsorted."""
    return _facts(connection, _KEYS[column], site, begin, end, keys)


def read_chains(
    connection: Connection,
    column: Literal["visit_key", "play_key"],
    site: Located,
    chains: Iterable[tuple[int, int, int]],
) -> list[Fact]:
    """Return the events of (visit or playback key, begin, end), each within its own bounds in microseconds, unsorted.

    A key stands in `chains` once.
    """
    ordered = sorted(chains)
    if not ordered:
        return []
    keys, begins, ends = zip(*ordered, strict=True)
    rows = connection.execute(
        _CHAINS[column],
        {
            "site_no": site.site_no,
            "keys": bigints(keys),
            "begins": bigints(begins),
            "ends": bigints(ends),
            "first_days": array([utc_day(begin).isoformat() for begin in begins]),
            "last_days": array([utc_day(end).isoformat() for end in ends]),
            "first_day": utc_day(min(begins)),
            "last_day": utc_day(max(ends)),
        },
    ).fetchall()
    return [fact_of_row(row, site.zone) for row in rows]


def read_span(connection: Connection, site: Located, begin: int, end: int) -> list[Fact]:
    """Return all events of a site within [begin, end] microseconds, unsorted."""
    return _facts(connection, _SPAN, site, begin, end, ())


def _facts(
    connection: Connection, query: LiteralString, site: Located, begin: int, end: int, keys: Iterable[int]
) -> list[Fact]:
    rows = connection.execute(
        query,
        {
            "site_no": site.site_no,
            "keys": bigints(keys),
            "begin": begin,
            "end": end,
            "first_day": utc_day(begin),
            "last_day": utc_day(end),
        },
    ).fetchall()
    return [fact_of_row(row, site.zone) for row in rows]


def fact_of_row(row: tuple[Any, ...], zone: str) -> Fact:
    """Return the fact that a raw row holds: the same as `events.facts.fact_of` gave."""
    (
        time, event_id, kind, flags, visit_key, prev_key, visitor, user_id, path, name, acquisition, surroundings, play_key,
        video_id, position, duration, quality, bitrate, seek_from, seek_to, buffer_seconds, startup_time,
    ) = row  # fmt: skip
    video = None
    if video_id is not None:
        fatal = bool(flags & FATAL)
        video = VideoFields(
            video_id, position, duration, quality, bitrate, seek_from, seek_to, buffer_seconds, startup_time, fatal
        )
    hour, day = hour_and_day(time, zone)
    return Fact(
        time,
        event_id,
        hour,
        day,
        kind,
        bool(flags & BOT),
        visit_key,
        prev_key,
        visit_key if visitor is None else visitor,
        user_key(user_id) if flags & HAS_USER else None,
        bool(flags & LASTING_KEY),
        bool(flags & INTERACTIVE),
        path,
        name,
        counted_code(kind, path, name),
        acquisition,
        surroundings,
        play_key,
        video,
    )
