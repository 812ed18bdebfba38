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

SERVER: Final[LiteralString] = (
    """
WITH seen AS (
    SELECT s.user_key, count(*) AS sessions, count(*) FILTER (WHERE """ + _IS_PLAY + """) AS plays, sum(s.duration) AS duration,
        sum(s.streamed) AS streamed, count(*) FILTER (WHERE s.ever_transcoded) AS transcoded
    FROM sessions s WHERE """ + _CHOSEN + """ GROUP BY s.user_key
)
SELECT
    (
        SELECT count(*) FROM (
            SELECT library_id FROM libraries WHERE site_no = %(site_no)s
            UNION SELECT library_id FROM items WHERE site_no = %(site_no)s AND library_id IS NOT NULL
        ) known
    ),
    (SELECT count(*) FROM items WHERE site_no = %(site_no)s),
    (SELECT coalesce(sum(size_bytes), 0)::bigint FROM items WHERE site_no = %(site_no)s),
    (
        SELECT count(*) FROM (
            SELECT user_key FROM seen UNION SELECT user_key FROM media_users WHERE site_no = %(site_no)s
        ) known
    ),
    coalesce(sum(sessions), 0)::bigint, coalesce(sum(plays), 0)::bigint, coalesce(sum(duration), 0)::bigint,
    coalesce(sum(streamed), 0)::numeric, coalesce(sum(transcoded), 0)::bigint
FROM seen
"""
)  # fmt: skip

ACTIVE: Final[LiteralString] = """
SELECT count(DISTINCT user_key) FROM sessions
WHERE site_no = %(site_no)s AND last >= %(begin)s AND start < %(end)s
"""
"""Users with a session that overlaps [begin, end); one that lasts no time lies where it began."""

LIBRARY: Final[LiteralString] = """
SELECT l.name, l.type, l.library_id IS NOT NULL, count(i.content_id), coalesce(sum(i.size_bytes), 0)::bigint
FROM (SELECT %(library_id)s AS asked) a
LEFT JOIN libraries l ON l.site_no = %(site_no)s AND l.library_id = a.asked
LEFT JOIN items i ON i.site_no = %(site_no)s AND i.library_id = a.asked
GROUP BY l.name, l.type, l.library_id
"""

SESSIONS_OF_LIBRARY: Final[LiteralString] = (
    "SELECT count(*) FILTER (WHERE " + _IS_PLAY + "), coalesce(sum(s.duration), 0)::bigint, count(DISTINCT s.user_key), max(s.last) FROM "
    + _WITH_ITEMS + " WHERE " + _CHOSEN + " AND coalesce(i.library_id, s.library_id) = %(library_id)s"
)  # fmt: skip

POPULAR: Final[LiteralString] = (
    """
WITH counted AS (
    SELECT s.content_id, count(*) FILTER (WHERE """ + _IS_PLAY + """) AS plays, count(DISTINCT s.user_key) AS users,
        sum(s.duration)::bigint AS duration, count(*) FILTER (WHERE """ + _IS_WATCHED + """) AS watched,
        max(s.content_type COLLATE "C") FILTER (WHERE s.content_type <> 'unknown') AS told,
        max(i.type COLLATE "C") AS type, max(i.title COLLATE "C") AS title
    FROM """ + _WITH_ITEMS + " WHERE " + _CHOSEN + """ GROUP BY s.content_id
)
SELECT content_id, title, coalesce(type, told, 'unknown'), plays, users, duration, watched
FROM counted
WHERE plays > 0 AND (%(type)s::text IS NULL OR lower(coalesce(type, told, 'unknown')) = lower(%(type)s))
ORDER BY plays DESC, users DESC, duration DESC
FETCH FIRST %(take)s ROWS WITH TIES
"""
)  # fmt: skip
"""(Bytewise comparison costs a tenth of the locale's; an item has one type and title anyhow.)

The most played items, with all that equal the last of them; a type is the catalogue's, else what sessions say."""

TITLES: Final[LiteralString] = """
SELECT asked, t.title FROM unnest(%(items)s::text[]) AS asked
CROSS JOIN LATERAL (
    SELECT title FROM sessions WHERE site_no = %(site_no)s AND content_id = asked AND title IS NOT NULL
    ORDER BY start DESC LIMIT 1
) t
"""
"""What sessions call items that the catalogue has no title of."""

GENRES: Final[LiteralString] = (
    """
WITH of_users AS (
    SELECT genre, s.user_key, count(*) FILTER (WHERE """ + _IS_PLAY + """) AS plays, sum(s.duration) AS duration
    FROM sessions s
    JOIN items i ON i.site_no = s.site_no AND i.content_id = s.content_id
    CROSS JOIN unnest(i.genres) AS genre
    WHERE """ + _CHOSEN + """ GROUP BY genre, s.user_key
)
SELECT genre, sum(plays)::bigint, count(*), sum(duration)::bigint
FROM of_users GROUP BY genre HAVING sum(plays) > 0
ORDER BY 2 DESC, 3 DESC, 4 DESC, genre COLLATE "C" LIMIT %(take)s OFFSET %(skip)s
"""
)  # fmt: skip

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
    + " AND (%(user_key)s::bigint IS NULL OR s.user_key = %(user_key)s) GROUP BY s.day"
)  # fmt: skip

BANDWIDTH_OF_USERS: Final[LiteralString] = (
    """
SELECT u.user_id, c.sessions, c.streamed, c.duration
FROM (
    SELECT s.user_key, count(*) AS sessions, sum(s.streamed) AS streamed, sum(s.duration)::bigint AS duration
    FROM sessions s WHERE """ + _CHOSEN + """ GROUP BY s.user_key
) c
CROSS JOIN LATERAL (
    SELECT user_id FROM sessions WHERE site_no = %(site_no)s AND user_key = c.user_key ORDER BY start LIMIT 1
) u
ORDER BY c.streamed DESC, u.user_id COLLATE "C" LIMIT %(take)s OFFSET %(skip)s
"""
)  # fmt: skip

PEAKS: Final[LiteralString] = """
WITH played AS (
    SELECT greatest(t.begin, %(begin)s::bigint) AS begin, least(t.finish, %(end)s::bigint) AS finish
    FROM sessions s CROSS JOIN LATERAL unnest(s.starts, s.ends) AS t (begin, finish)
    WHERE s.site_no = %(site_no)s AND s.last >= %(begin)s AND s.start < %(end)s AND t.finish > %(begin)s AND t.begin < %(end)s
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
"""(1-based place of the day, most streams that played at once in it), of every day."""
