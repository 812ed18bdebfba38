"""SQL of the catalogue, and of the reports that join it to sessions."""

from __future__ import annotations

from typing import Final, LiteralString

ONE_AT_A_TIME: Final[LiteralString] = "SELECT pg_advisory_xact_lock(%(gate)s, %(site_no)s)"

STANDING: Final[LiteralString] = (
    "SELECT {key}, {names} FROM {table} WHERE site_no = %(site_no)s AND {key} = ANY(%(keys)s)"
)

UPSERT: Final[LiteralString] = """
INSERT INTO {table} (site_no, {key}, {names})
SELECT %(site_no)s, {key}, {names} FROM json_to_recordset(%(rows)s::json) AS t ({key} text, {types})
ON CONFLICT (site_no, {key}) DO UPDATE SET ({names}) = ROW({values})
"""

DELETE: Final[LiteralString] = "DELETE FROM {table} WHERE site_no = %(site_no)s AND {key} = ANY(%(keys)s)"

ITEMS_OF_LIBRARY: Final[LiteralString] = """
SELECT content_id FROM items WHERE site_no = %(site_no)s AND library_id = %(library_id)s
"""

HOLD_WRITERS: Final[LiteralString] = "LOCK TABLE items IN SHARE MODE"

ALL_ITEMS: Final[LiteralString] = "SELECT site_id, content_id FROM items JOIN sites USING (site_no)"

_CHOSEN: Final[LiteralString] = (
    "s.site_no = %(site_no)s AND s.day BETWEEN %(first)s AND %(last)s AND s.start >= %(since)s"
)
"""Sessions that began on these days, at this instant or later."""

_WITH_ITEMS: Final[LiteralString] = """
sessions s LEFT JOIN items i ON i.site_no = s.site_no AND i.content_id = s.content_id
"""

_IS_PLAY: Final[LiteralString] = "s.duration >= %(play)s"

_IS_WATCHED: Final[LiteralString] = """
coalesce(s.position, s.duration / 1e6) >= %(watched)s * coalesce(nullif(s.runtime, 0), i.duration)
"""
"""NULL, so not watched, where nobody knows the runtime."""

FIRST_DAY: Final[LiteralString] = "SELECT min(day) FROM sessions WHERE site_no = %(site_no)s"

CATALOGUED: Final[LiteralString] = """
SELECT
    (
        SELECT count(*) FROM (
            SELECT library_id FROM libraries WHERE site_no = %(site_no)s
            UNION SELECT library_id FROM items WHERE site_no = %(site_no)s AND library_id IS NOT NULL
        ) known
    ),
    (SELECT count(*) FROM items WHERE site_no = %(site_no)s),
    (SELECT coalesce(sum(size_bytes), 0)::bigint FROM items WHERE site_no = %(site_no)s)
"""
"""Libraries told or named by items, items, and their bytes."""

CATALOGUED_USERS: Final[LiteralString] = """
SELECT coalesce(no, -1) FROM media_users LEFT JOIN session_users USING (site_no, user_key) WHERE site_no = %(site_no)s
"""
"""Their numbers in sums of sessions, -1 for those who have none."""

ACTIVE: Final[LiteralString] = """
SELECT DISTINCT s.user_key, coalesce(u.no, -1) FROM (
    SELECT site_no, user_key FROM sessions
    WHERE site_no = %(site_no)s AND day = ANY(%(days)s::date[]) AND last >= %(begin)s AND start < %(end)s
    UNION
    SELECT site_no, user_key FROM sessions
    WHERE site_no = %(site_no)s AND last - start >= 72000000000 AND last >= %(begin)s AND start < %(end)s
) s LEFT JOIN session_users u USING (site_no, user_key)
"""
"""Users with a session that overlaps [begin, end), of those that began on some days or last over 20 hours; with their numbers or -1."""

LIBRARY: Final[LiteralString] = """
SELECT l.name, l.type, l.library_id IS NOT NULL, count(i.content_id), coalesce(sum(i.size_bytes), 0)::bigint
FROM (SELECT %(library_id)s AS asked) a
LEFT JOIN libraries l ON l.site_no = %(site_no)s AND l.library_id = a.asked
LEFT JOIN items i ON i.site_no = %(site_no)s AND i.library_id = a.asked
GROUP BY l.name, l.type, l.library_id
"""

LIBRARY_SEEN: Final[LiteralString] = (
    "SELECT 1 FROM " + _WITH_ITEMS
    + " WHERE s.site_no = %(site_no)s AND coalesce(i.library_id, s.library_id) = %(library_id)s LIMIT 1"
)  # fmt: skip

TYPES: Final[LiteralString] = """
SELECT content_id, lower(type) = lower(%(type)s) FROM items WHERE site_no = %(site_no)s AND type IS NOT NULL
"""
"""Whether items are of a type, where the catalogue says it."""

OF_ITEMS: Final[LiteralString] = (
    """
SELECT asked.content_id, i.title, coalesce(i.type, t.told, 'unknown'), t.plays, t.users, t.duration, t.watched
FROM unnest(%(items)s::text[]) AS asked (content_id)
LEFT JOIN items i ON i.site_no = %(site_no)s AND i.content_id = asked.content_id
CROSS JOIN LATERAL (
    SELECT max(s.content_type COLLATE "C") FILTER (WHERE s.content_type <> 'unknown') AS told, count(*) FILTER (WHERE """ + _IS_PLAY + """) AS plays,
        count(DISTINCT s.user_key) AS users, sum(s.duration)::bigint AS duration, count(*) FILTER (WHERE """ + _IS_WATCHED + """) AS watched
    FROM sessions s WHERE """ + _CHOSEN + """ AND s.content_id = asked.content_id
) t
"""
)  # fmt: skip
"""Items with their title, type (the catalogue's, else what sessions say), plays, users, duration and how often they were watched."""

TITLES: Final[LiteralString] = """
SELECT asked, t.title FROM unnest(%(items)s::text[]) AS asked
CROSS JOIN LATERAL (
    SELECT title FROM sessions WHERE site_no = %(site_no)s AND content_id = asked AND title IS NOT NULL
    ORDER BY start DESC LIMIT 1
) t
"""
"""What sessions call items that the catalogue has no title of."""

OF_USER: Final[LiteralString] = (
    "SELECT s.day, s.last, s.duration, s.device, s.device_id, s.client_name, s.device_name, coalesce(s.position, s.duration / 1e6),"
    " coalesce(nullif(s.runtime, 0), i.duration), coalesce(i.type, s.content_type), coalesce(i.genres, '{}') FROM "
    + _WITH_ITEMS + " WHERE " + _CHOSEN + " AND s.user_key = %(user_key)s AND s.user_id = %(user_id)s"
)  # fmt: skip

USER: Final[LiteralString] = """
SELECT name FROM media_users WHERE site_no = %(site_no)s AND user_id = %(user_id)s
"""

USER_SEEN: Final[LiteralString] = """
SELECT 1 FROM sessions WHERE site_no = %(site_no)s AND user_key = %(user_key)s AND user_id = %(user_id)s LIMIT 1
"""

BANDWIDTH_OF_DAYS: Final[LiteralString] = (
    "SELECT s.day, count(*), sum(s.streamed), sum(s.duration)::bigint FROM sessions s WHERE " + _CHOSEN
    + " AND s.user_key = %(user_key)s GROUP BY s.day"
)  # fmt: skip

USER_IDS: Final[LiteralString] = """
SELECT n.no, s.user_id FROM session_users n
CROSS JOIN LATERAL (
    SELECT user_id FROM sessions WHERE site_no = %(site_no)s AND user_key = n.user_key ORDER BY start LIMIT 1
) s
WHERE n.site_no = %(site_no)s AND n.no = ANY(%(numbers)s::integer[])
"""

PEAKS: Final[LiteralString] = """
WITH played AS (
    SELECT greatest(t.begin, %(begin)s::bigint) AS begin, least(t.finish, %(end)s::bigint) AS finish
    FROM (
        SELECT starts, ends FROM sessions
        WHERE site_no = %(site_no)s AND day BETWEEN %(first)s AND %(last)s AND last >= %(begin)s AND start < %(end)s
        UNION ALL
        SELECT starts, ends FROM sessions
        WHERE site_no = %(site_no)s AND day < %(first)s AND last - start >= 72000000000 AND last >= %(begin)s AND start < %(end)s
    ) s CROSS JOIN LATERAL unnest(s.starts, s.ends) AS t (begin, finish)
    WHERE t.finish > %(begin)s AND t.begin < %(end)s
), edges AS (
    SELECT begin AS at, 1 AS change FROM played
    UNION ALL SELECT finish, -1 FROM played WHERE finish < %(end)s
    UNION ALL SELECT unnest(%(midnights)s::bigint[]), 0
), running AS (
    -- At one instant streams end, then the day begins, then streams begin: intervals are half-open.
    SELECT at, sum(change) OVER (ORDER BY at, change ROWS UNBOUNDED PRECEDING) AS streams FROM edges
)
SELECT width_bucket(at, %(midnights)s::bigint[]), max(streams)::integer FROM running GROUP BY 1 ORDER BY 1
"""
"""(1-based place of the day, most streams that played at once in it), of every day.

`first` is the day before the stretch: what began earlier and reaches into it lasts over 20 hours."""
