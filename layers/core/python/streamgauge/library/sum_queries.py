"""SQL of the sums that are kept of sessions; the tables' own words stand in schema file 0019."""

from __future__ import annotations

from typing import Final, LiteralString

BOUNDS: Final[LiteralString] = """
SELECT greatest(min(day), %(first)s), least(max(day), %(last)s) FROM sessions WHERE site_no = %(site_no)s HAVING min(day) IS NOT NULL
"""

STATES: Final[LiteralString] = """
SELECT level, day, version, of_version, of_days, play FROM session_sums
WHERE site_no = %(site_no)s AND day BETWEEN %(first)s AND %(last)s
UNION ALL
SELECT DISTINCT NULL::smallint, day, NULL::bigint, NULL::bigint, NULL::integer, NULL::bigint FROM session_changes
WHERE site_no = %(site_no)s AND day BETWEEN %(first)s AND %(last)s
"""
"""What is kept, and (without a level) the days that changed since: one snapshot."""

DAYS_WITH_SESSIONS: Final[LiteralString] = """
SELECT day FROM unnest(%(days)s::date[]) AS t (day)
WHERE EXISTS (SELECT FROM sessions s WHERE s.site_no = %(site_no)s AND s.day = t.day)
"""

CLAIM: Final[LiteralString] = """
WITH held AS MATERIALIZED (SELECT pg_advisory_xact_lock(%(gate)s, %(site_no)s))
INSERT INTO session_sums (site_no, level, day) SELECT %(site_no)s, 0, day FROM held, unnest(%(days)s::date[]) AS day
ON CONFLICT DO NOTHING RETURNING day
"""
"""From here on whoever changes sessions of these days leaves a mark; who began before is done."""

MARKS: Final[LiteralString] = """
SELECT day, version, ARRAY(SELECT id FROM session_changes c WHERE c.site_no = k.site_no AND c.day = k.day)
FROM session_sums k WHERE site_no = %(site_no)s AND level = 0 AND day = ANY(%(days)s::date[])
"""

NUMBER_USERS: Final[LiteralString] = """
INSERT INTO session_users (site_no, user_key, no)
SELECT %(site_no)s, user_key, (SELECT coalesce(max(no), -1) FROM session_users WHERE site_no = %(site_no)s) + row_number() OVER ()
FROM (
    SELECT DISTINCT user_key FROM sessions s WHERE site_no = %(site_no)s AND day = ANY(%(days)s::date[])
        AND NOT EXISTS (SELECT FROM session_users u WHERE u.site_no = s.site_no AND u.user_key = s.user_key)
) new
ON CONFLICT DO NOTHING RETURNING no
"""
"""Two at once may want the same numbers: then one asks again."""

UNNUMBERED: Final[LiteralString] = """
SELECT 1 FROM sessions s WHERE site_no = %(site_no)s AND day = ANY(%(days)s::date[])
    AND NOT EXISTS (SELECT FROM session_users u WHERE u.site_no = s.site_no AND u.user_key = s.user_key) LIMIT 1
"""

ROWS: Final[LiteralString] = """
SELECT s.day, u.no, s.content_id, s.duration, s.streamed, s.ever_transcoded, s.last, coalesce(i.library_id, s.library_id),
    coalesce(i.genres, '{}')
FROM sessions s JOIN session_users u ON u.site_no = s.site_no AND u.user_key = s.user_key
LEFT JOIN items i ON i.site_no = s.site_no AND i.content_id = s.content_id
WHERE s.site_no = %(site_no)s AND s.day = ANY(%(days)s::date[]) AND s.start >= %(since)s
"""

KEEP_DAYS: Final[LiteralString] = """
WITH gone AS (
    DELETE FROM session_changes WHERE id = ANY(%(seen)s::bigint[]) RETURNING day
), kept AS (
    UPDATE session_sums k SET version = nextval('session_sums_version'), play = %(play)s, totals = t.totals, users = t.users,
        items = t.items, genres = t.genres, libraries = t.libraries, peak = t.peak
    FROM unnest(%(days)s::date[], %(versions)s::bigint[], %(peaks)s::integer[], %(totals)s::bytea[], %(users)s::bytea[],
        %(items)s::bytea[], %(genres)s::bytea[], %(libraries)s::bytea[])
        AS t (day, before, peak, totals, users, items, genres, libraries)
    WHERE k.site_no = %(site_no)s AND k.level = 0 AND k.day = t.day AND k.version IS NOT DISTINCT FROM t.before
        AND (SELECT count(*) FROM gone) = cardinality(%(seen)s::bigint[])
    RETURNING k.day
), again AS (
    INSERT INTO session_changes (site_no, day)
    SELECT DISTINCT %(site_no)s::integer, day FROM gone WHERE day NOT IN (SELECT day FROM kept)
)
SELECT count(*) FROM kept
"""
"""Keep sums of days with all that was seen of their changes; what somebody else has changed meanwhile stays, and stays marked."""

DAYS_OF_MONTH: Final[LiteralString] = """
SELECT version, totals, users, items, genres, libraries FROM session_sums
WHERE site_no = %(site_no)s AND level = 0 AND day >= %(month)s AND day < %(month)s + interval '1 month' AND version IS NOT NULL
"""

KEEP_MONTH: Final[LiteralString] = """
INSERT INTO session_sums AS k (site_no, level, day, of_version, of_days, play, totals, users, items, genres, libraries)
VALUES (%(site_no)s, 1, %(month)s, %(of_version)s, %(of_days)s, %(play)s, %(totals)s, %(users)s, %(items)s, %(genres)s, %(libraries)s)
ON CONFLICT (site_no, level, day) DO UPDATE SET of_version = excluded.of_version, of_days = excluded.of_days, play = excluded.play,
    totals = excluded.totals, users = excluded.users, items = excluded.items, genres = excluded.genres, libraries = excluded.libraries
RETURNING day
"""

PART: Final[LiteralString] = """
SELECT {part} FROM session_sums JOIN unnest(%(levels)s::smallint[], %(days)s::date[]) AS t (level, day) USING (level, day)
WHERE site_no = %(site_no)s AND {part} IS NOT NULL
"""

OF_DAYS: Final[LiteralString] = """
SELECT day, totals, peak FROM session_sums
WHERE site_no = %(site_no)s AND level = 0 AND day = ANY(%(days)s::date[]) AND totals IS NOT NULL
"""
