"""SQL of the website reports: from rollups, but for the hour in which a comparison is cut."""

from __future__ import annotations

from typing import Final, LiteralString

DAYS: Final[LiteralString] = """
SELECT day, sum(visitors)::bigint, sum(lasting)::bigint, sum(visits)::bigint, sum(entries)::bigint, sum(bounces)::bigint,
    sum(pageviews)::bigint, sum(events)::bigint, sum(duration)::bigint, sum(page_time)::bigint
FROM rollup_days
WHERE site_no = %(site_no)s AND dimension = 0 AND day BETWEEN %(start)s AND %(end)s AND bots = ANY(%(bots)s)
GROUP BY day
"""
"""(day, amounts) of the days that have any."""

HOURS: Final[LiteralString] = """
SELECT hour, sum(visitors)::bigint, sum(lasting)::bigint, sum(visits)::bigint, sum(visits)::bigint, sum(bounces)::bigint,
    sum(pageviews)::bigint, sum(events)::bigint, sum(duration)::bigint, 0::bigint
FROM rollup_hours
WHERE site_no = %(site_no)s AND hour >= %(first)s AND hour < %(until)s AND bots = ANY(%(bots)s)
GROUP BY hour
"""
"""(hour, amounts) of the hours that have any."""

VALUES_BY_VISITORS: Final[LiteralString] = """
WITH loose AS MATERIALIZED (
    SELECT %(edge_days)s::date[] || ARRAY(
        SELECT day FROM site_days
        WHERE site_no = %(site_no)s AND NOT closed AND date_trunc('month', day)::date = ANY(%(months)s)
    ) AS days
), ranked AS MATERIALIZED (
    SELECT code, min(name COLLATE "C") AS name, sum(visitors)::bigint AS visitors
    FROM (
        SELECT code, min(name COLLATE "C") AS name, sum(visitors) AS visitors
        FROM rollup_days
        WHERE site_no = %(site_no)s AND dimension = %(dimension)s AND day = ANY((SELECT days FROM loose)::date[])
            AND bots = ANY(%(bots)s)
        GROUP BY code
        UNION ALL
        SELECT code, name, visitors FROM rollup_months
        WHERE site_no = %(site_no)s AND dimension = %(dimension)s AND month = ANY(%(months)s) AND bots = ANY(%(bots)s)
    ) AS layers
    GROUP BY code
    ORDER BY visitors DESC, name
    LIMIT %(take)s OFFSET %(skip)s
), amounts AS (
    SELECT code, visitors, lasting, visits, entries, bounces, pageviews, events, duration, page_time
    FROM rollup_days
    WHERE site_no = %(site_no)s AND dimension = %(dimension)s AND day = ANY((SELECT days FROM loose)::date[])
        AND bots = ANY(%(bots)s) AND code = ANY(ARRAY(SELECT code FROM ranked))
    UNION ALL
    SELECT code, visitors, lasting, visits, entries, bounces, pageviews, events, duration, page_time
    FROM rollup_months
    WHERE site_no = %(site_no)s AND dimension = %(dimension)s AND month = ANY(%(months)s) AND bots = ANY(%(bots)s)
        AND code = ANY(ARRAY(SELECT code FROM ranked))
)
SELECT ranked.code, ranked.name, sum(a.visitors)::bigint, sum(a.lasting)::bigint, sum(a.visits)::bigint,
    sum(a.entries)::bigint, sum(a.bounces)::bigint, sum(a.pageviews)::bigint, sum(a.events)::bigint,
    sum(a.duration)::bigint, sum(a.page_time)::bigint
FROM ranked JOIN amounts a USING (code)
GROUP BY ranked.code, ranked.name, ranked.visitors
ORDER BY ranked.visitors DESC, ranked.name
"""
"""(code, name, amounts) of the values of a dimension, those with the largest sum of daily visitors first.

Full months come from the month layer, which holds their closed days, and the days that are still open beside it. All values are
ranked by one sum; the other amounts are added up for those alone that stay.
"""

CUT_HOUR: Final[LiteralString] = """
SELECT count(*), count(*) FILTER (WHERE pageviews <= 1 AND NOT interactive AND NOT video_start),
    coalesce(sum(last - start), 0)::bigint,
    (SELECT count(*) FROM events WHERE day = ANY(%(utc_days)s) AND site_no = %(site_no)s AND kind = 1 AND page IS NOT NULL
        AND time >= %(since)s AND time < %(until)s AND ((flags & 1) = 1) = ANY(%(bots)s)),
    (SELECT count(*) FROM events WHERE day = ANY(%(utc_days)s) AND site_no = %(site_no)s AND kind = 2 AND name IS NOT NULL
        AND time >= %(since)s AND time < %(until)s AND ((flags & 1) = 1) = ANY(%(bots)s))
FROM visits
WHERE site_no = %(site_no)s AND day = %(day)s AND start >= %(since)s AND start < %(until)s AND NOT loose
    AND bot = ANY(%(bots)s)
"""
"""(visits, bounces, duration, page views, custom events) of the part of an hour from raw rows."""

CUT_DAY_VISITORS: Final[LiteralString] = """
SELECT DISTINCT bot,
    CASE WHEN user_key IS NOT NULL THEN user_key
        WHEN day < %(day)s AND later_keys <> '{}' THEN later_keys[least(%(day)s - day, cardinality(later_keys))]
        ELSE key END,
    user_key IS NOT NULL OR (lasting AND (day = %(day)s OR later_keys IS NULL OR later_keys = '{}'))
FROM visits
WHERE site_no = %(site_no)s AND day = ANY(%(days)s) AND start < %(until)s AND last >= %(since)s AND bot = ANY(%(bots)s)
"""
"""(bot, visitor, lasting) of the visits that reach into a day before an instant of it."""

DAY_IS_WHOLE: Final[LiteralString] = """
SELECT coalesce((SELECT whole FROM site_days WHERE site_no = %(site_no)s AND day = %(day)s), true)
"""
