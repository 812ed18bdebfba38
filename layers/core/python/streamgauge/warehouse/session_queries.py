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

COPY_CALLS: Final[LiteralString] = """
COPY session_calls (day, site_no, call, flags, time, received_at, key, tie, user_id, ip_address, fields) FROM STDIN
"""
CALLS_OF_KEY: Final[LiteralString] = """
SELECT time, call, tie, user_id, ip_address, fields::text FROM session_calls
WHERE site_no = %(site_no)s AND key = %(key)s AND day BETWEEN %(first_day)s AND %(last_day)s
"""
KEYS_OF_SPAN: Final[LiteralString] = """
SELECT DISTINCT key FROM session_calls
WHERE site_no = %(site_no)s AND time BETWEEN %(begin)s AND %(end)s AND day BETWEEN %(first_day)s AND %(last_day)s
"""
WATCHED: Final[LiteralString] = """
SELECT time, coalesce(event_uuid::text, event_id), kind, flags, video_id, position, duration, quality, bitrate FROM events
WHERE site_no = %(site_no)s AND play_key = %(play_key)s AND user_id = %(user_id)s AND day = %(day)s
"""
