"""SQL of sessions in the warehouse. `{}` is `sessions` or `player_sessions`."""

from __future__ import annotations

from typing import Final, LiteralString

from streamgauge.sessions.rows import COLUMNS, NAMES

_TYPED: Final[LiteralString] = ", ".join(name + " " + kind for name, kind in COLUMNS)
_SET: Final[LiteralString] = ", ".join(name + " = excluded." + name for name, _ in COLUMNS if name != "key")

OF_KEYS: Final[LiteralString] = (
    "SELECT " + NAMES + " FROM {} WHERE site_no = %(site_no)s AND key = ANY(%(keys)s::bigint[])"
)
OF_DAY: Final[LiteralString] = "SELECT " + NAMES + " FROM {} WHERE site_no = %(site_no)s AND day = %(day)s"
UPSERT: Final[LiteralString] = (
    "INSERT INTO {} (site_no, " + NAMES + ") SELECT %(site_no)s, t.* FROM json_to_recordset(%(rows)s) AS t("
    + _TYPED + ") ON CONFLICT (site_no, key) DO UPDATE SET " + _SET
)  # fmt: skip

_ASKED: Final[LiteralString] = """
FROM json_to_recordset(%(rows)s) AS t(key bigint, user_key bigint, content_id text, device_id text, start bigint, last bigint)
JOIN sessions s ON s.site_no = %(site_no)s AND s.user_key = t.user_key AND s.content_id = t.content_id
    AND s.last >= t.start - %(near)s AND (s.device_id IS NULL OR t.device_id IS NULL OR s.device_id = t.device_id)
"""
TOLD_ALREADY: Final[LiteralString] = (
    "SELECT t.key "
    + _ASKED
    + """
    AND NOT s.historical AND s.duration > 0 AND s.start BETWEEN t.start - %(before)s AND t.last + %(near)s
"""
)
"""Of sessions of the past those of which calls have told (`folding.is_told`)."""
TELLING: Final[LiteralString] = (
    "SELECT s.key "
    + _ASKED
    + """
    AND s.historical AND s.start <= least(t.last + %(near)s, t.start + %(before)s)
"""
)
"""Stored sessions of the past of which calls tell."""
REMOVE: Final[LiteralString] = "DELETE FROM sessions WHERE site_no = %(site_no)s AND key = ANY(%(keys)s::bigint[])"

COPY_CALLS: Final[LiteralString] = """
COPY session_calls (day, site_no, call, flags, time, received_at, key, tie, user_id, ip_address, fields) FROM STDIN
"""
# OFFSET 0 keeps the planner at one look into an index per key, whatever it takes the tables for.
CALLS_OF_KEYS: Final[LiteralString] = """
SELECT c.* FROM unnest(%(keys)s::bigint[], %(first_days)s::date[], %(last_days)s::date[]) AS wanted(key, first_day, last_day)
CROSS JOIN LATERAL (
    SELECT key, time, call, tie, user_id, ip_address, fields::text FROM session_calls
    WHERE site_no = %(site_no)s AND key = wanted.key AND day BETWEEN wanted.first_day AND wanted.last_day OFFSET 0
) AS c
"""
KEYS_OF_SPAN: Final[LiteralString] = """
SELECT DISTINCT key FROM session_calls
WHERE site_no = %(site_no)s AND time BETWEEN %(begin)s AND %(end)s AND day BETWEEN %(first_day)s AND %(last_day)s
"""
WATCHED: Final[LiteralString] = """
SELECT wanted.key, e.* FROM unnest(%(keys)s::bigint[], %(play_keys)s::bigint[], %(users)s::text[], %(days)s::date[])
    AS wanted(key, play_key, user_id, day)
CROSS JOIN LATERAL (
    SELECT time, coalesce(event_uuid::text, event_id), kind, flags, user_id, video_id, position, duration, quality, bitrate
    FROM events
    WHERE site_no = %(site_no)s AND play_key = wanted.play_key AND user_id = wanted.user_id AND day = wanted.day OFFSET 0
) AS e
"""
