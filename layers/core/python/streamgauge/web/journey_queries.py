"""SQL of paths and goals: what is read from visits and the raw events within them."""

from __future__ import annotations

from typing import Final, LiteralString

LAST_LOST_DAY: Final[LiteralString] = """
SELECT max(day) FROM site_days WHERE site_no = %(site_no)s AND day BETWEEN %(start)s AND %(end)s AND NOT whole
"""


def paths(joins: LiteralString, condition: LiteralString) -> LiteralString:
    """Return the statement of a path report over the visits `v`, with `joins`, that meet a condition.

    It gives (kind, step, pages, visits): all visits that saw the page; the most frequent sequences; the most frequent pages of
    each step. A visit counts once, from its first view of the page. Views of one page in a row are one step. Where another visit
    of the same visitor ends or begins at the same instant, the number of a visit's page views tells which of those then are its
    own.
    """
    return (
        """
WITH seen AS MATERIALIZED (
    SELECT row_number() OVER () AS visit, later_keys || key AS keys, start, last, tie, pageviews,
        (to_timestamp(start / 1000000) AT TIME ZONE 'UTC')::date AS first_day,
        (to_timestamp(last / 1000000) AT TIME ZONE 'UTC')::date AS last_day
    FROM visits v
"""
    + joins
    + """
    WHERE v.site_no = %(site_no)s AND v.day BETWEEN %(start)s AND %(end)s AND v.bot = ANY(%(bots)s) AND NOT v.loose
        AND (v.entry_page = %(code)s OR v.pages @> ARRAY[%(code)s::bigint]) AND """
    + condition
    + """
), viewed AS (
    SELECT s.visit, s.keys, s.start, s.tie, s.pageviews, e.time, e.id, p.path,
        row_number() OVER of_visit AS place, lag(p.path) OVER of_visit AS before, count(*) OVER (PARTITION BY s.visit) AS views
    FROM seen s
    CROSS JOIN LATERAL (
        SELECT e.time, coalesce(e.event_uuid::text, e.event_id) COLLATE "C" AS id, e.page FROM events e
        WHERE e.day BETWEEN s.first_day AND s.last_day AND e.site_no = %(site_no)s AND e.kind = 1
            AND e.visit_key = ANY(s.keys) AND e.time BETWEEN s.start AND s.last
    ) e
    JOIN pages p ON p.code = e.page
    WHERE s.pageviews > 1
    WINDOW of_visit AS (PARTITION BY s.visit ORDER BY e.time, e.id)
), placed AS (
    SELECT visit, time, id, path, before, place, pageviews, CASE
        WHEN views > pageviews AND EXISTS (
            SELECT FROM visits o WHERE o.site_no = %(site_no)s AND o.key = ANY(v.keys) AND o.last = v.start
                AND (o.start, o.tie) < (v.start, v.tie)
        ) THEN views - pageviews ELSE 0 END AS foreign_ones
    FROM viewed v
), steps AS MATERIALIZED (
    SELECT visit, path, row_number() OVER (PARTITION BY visit ORDER BY time, id) AS place
    FROM placed
    WHERE place > foreign_ones AND place <= foreign_ones + pageviews AND (place = foreign_ones + 1 OR path <> before)
), origins AS (
    SELECT visit, min(place) AS place FROM steps WHERE path = %(page)s GROUP BY visit
    UNION ALL
    -- A visit with one page view is read from its state.
    SELECT visit, 1 FROM seen WHERE pageviews = 1
), followed AS (
    SELECT o.visit, coalesce(array_agg(s.path ORDER BY abs(s.place - o.place)) FILTER (WHERE s.path IS NOT NULL), '{}') AS pages
    FROM origins o
    LEFT JOIN steps s ON s.visit = o.visit AND (s.place - o.place) * %(sign)s BETWEEN 1 AND %(steps)s
    GROUP BY o.visit
), sequences AS MATERIALIZED (
    SELECT CASE WHEN cardinality(pages) < %(steps)s THEN pages || %(edge)s::text ELSE pages END AS pages, count(*) AS visits
    FROM followed GROUP BY 1
), by_step AS (
    SELECT step, name, visits, row_number() OVER (PARTITION BY step ORDER BY visits DESC, name) AS rank
    FROM (
        SELECT step, name COLLATE "C" AS name, sum(visits)::bigint AS visits
        FROM sequences CROSS JOIN LATERAL unnest(pages) WITH ORDINALITY AS u (name, step)
        GROUP BY step, name
    ) summed
)
SELECT 'total' AS kind, 0 AS step, NULL::text[] AS pages, coalesce(sum(visits), 0)::bigint AS visits FROM sequences
UNION ALL
(SELECT 'sequence', 0, pages, visits FROM sequences ORDER BY visits DESC, pages COLLATE "C" LIMIT %(take)s OFFSET %(skip)s)
UNION ALL
(SELECT 'step', step, ARRAY[name], visits FROM by_step WHERE rank <= %(limit)s ORDER BY step, rank)
"""
    )


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

PAGE_VISITS: Final[LiteralString] = """
SELECT coalesce(sum(visits), 0)::bigint FROM rollup_days
WHERE site_no = %(site_no)s AND dimension = 1 AND bots = ANY(%(bots)s) AND code = %(code)s
    AND day = ANY(ARRAY(SELECT day FROM site_days WHERE site_no = %(site_no)s AND day BETWEEN %(start)s AND %(end)s))
"""

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
