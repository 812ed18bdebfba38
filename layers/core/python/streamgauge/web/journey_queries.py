"""SQL of goals, and of which days have their raw events."""

from __future__ import annotations

from typing import Final, LiteralString

LAST_LOST_DAY: Final[LiteralString] = """
SELECT max(day) FROM site_days WHERE site_no = %(site_no)s AND day BETWEEN %(start)s AND %(end)s AND NOT whole
"""


MATCHED: Final[LiteralString] = """
SELECT code, sum(visitors)::bigint, sum(lasting)::bigint, sum(pageviews + events)::bigint
FROM rollup_days
WHERE site_no = %(site_no)s AND dimension = %(dimension)s AND day BETWEEN %(start)s AND %(end)s AND bots = ANY(%(bots)s)
    AND CASE WHEN %(match)s = 'prefix' THEN starts_with(name, %(value)s) ELSE strpos(name, %(value)s) > 0 END
GROUP BY code
HAVING sum(pageviews + events) > 0
"""
"""(code, daily visitors, lasting part, views or events) of the pages or events whose name begins with or contains a text."""

MATCHED_NAMES: Final[LiteralString] = """
SELECT DISTINCT name FROM rollup_days
WHERE site_no = %(site_no)s AND dimension = %(dimension)s AND day BETWEEN %(start)s AND %(end)s AND bots = ANY(%(bots)s)
    AND CASE WHEN %(match)s = 'prefix' THEN starts_with(name, %(value)s) ELSE strpos(name, %(value)s) > 0 END
"""

VALUES: Final[LiteralString] = """
SELECT code, sum(visitors)::bigint, sum(lasting)::bigint, sum(pageviews + events)::bigint
FROM rollup_days
WHERE site_no = %(site_no)s AND dimension = %(dimension)s AND bots = ANY(%(bots)s) AND code = ANY(%(codes)s)
    AND day = ANY(ARRAY(SELECT day FROM site_days WHERE site_no = %(site_no)s AND day BETWEEN %(start)s AND %(end)s))
GROUP BY code
"""
"""The same of values whose codes are known."""

DAILY_VISITORS: Final[LiteralString] = """
SELECT count(*) FROM visitor_days
WHERE site_no = %(site_no)s AND day BETWEEN %(start)s AND %(end)s AND bots = ANY(%(bots)s) AND NOT lasting
    AND EXISTS (SELECT FROM unnest(codes) AS c (code) WHERE code = ANY(%(codes)s::bigint[]))
"""
"""The daily visitors without a lasting id under any of some values, added up. `= ANY` of an array is hashed; a join is not."""

LIST_GOALS: Final[LiteralString] = """
SELECT goal_id, name, kind, match, value FROM goals WHERE site_no = %(site_no)s ORDER BY created_at, goal_id
"""
READ_GOAL: Final[LiteralString] = """
SELECT goal_id, name, kind, match, value FROM goals WHERE site_no = %(site_no)s AND goal_id = %(goal_id)s
"""
LOCK_SITE: Final[LiteralString] = "SELECT site_no FROM sites WHERE site_no = %(site_no)s FOR NO KEY UPDATE"
COUNT_GOALS: Final[LiteralString] = """
SELECT count(*), count(*) FILTER (WHERE name = %(name)s) FROM goals WHERE site_no = %(site_no)s
"""
ADD_GOAL: Final[LiteralString] = """
INSERT INTO goals (goal_id, site_no, name, kind, match, value)
VALUES (%(goal_id)s, %(site_no)s, %(name)s, %(kind)s, %(match)s, %(value)s)
"""
DELETE_GOAL: Final[LiteralString] = "DELETE FROM goals WHERE site_no = %(site_no)s AND goal_id = %(goal_id)s"
