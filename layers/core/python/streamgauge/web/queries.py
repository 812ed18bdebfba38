"""SQL of the website reports: from rollups, but for the hour in which a comparison is cut."""

from __future__ import annotations

from typing import Final, LiteralString

DAYS: Final[LiteralString] = """
SELECT day, sum(visitors)::bigint, sum(lasting)::bigint, sum(visits)::bigint, sum(entries)::bigint, sum(bounces)::bigint,
    sum(pageviews)::bigint, sum(events)::bigint, sum(duration)::bigint, sum(page_time)::bigint, max(imported)
FROM (
    SELECT day, visitors, lasting, visits, entries, bounces, pageviews, events, duration, page_time, 0 AS imported
    FROM rollup_days
    WHERE site_no = %(site_no)s AND dimension = 0 AND day BETWEEN %(start)s AND %(end)s AND bots = ANY(%(bots)s)
    UNION ALL
    SELECT day, visitors, 0, visits, entries, bounces, pageviews, events, duration, page_time, 1
    FROM imported_days
    WHERE site_no = %(site_no)s AND dimension = 0 AND day BETWEEN %(start)s AND %(end)s AND day < %(imported_before)s
) AS both_kinds
GROUP BY day
"""
"""(day, amounts) of the days that have any; the last amount is 1 for an imported day."""

HOURS: Final[LiteralString] = """
SELECT hour, sum(visitors)::bigint, sum(lasting)::bigint, sum(visits)::bigint, sum(visits)::bigint, sum(bounces)::bigint,
    sum(pageviews)::bigint, sum(events)::bigint, sum(duration)::bigint, 0::bigint
FROM rollup_hours
WHERE site_no = %(site_no)s AND hour >= %(first)s AND hour < %(until)s AND bots = ANY(%(bots)s)
GROUP BY hour
"""
"""(hour, amounts) of the hours that have any."""

LEADING_VALUES: Final[LiteralString] = """
WITH open_days AS MATERIALIZED (
    SELECT day FROM site_days
    WHERE site_no = %(site_no)s AND NOT closed AND day BETWEEN %(start)s AND %(end)s
), single_days AS MATERIALIZED (
    SELECT day, 1 AS sign FROM (SELECT unnest(%(days)s::date[]) AS day UNION SELECT day FROM open_days) AS inside
    UNION ALL
    SELECT day, -1 FROM site_days
    WHERE site_no = %(site_no)s AND closed AND day = ANY(%(outside)s::date[])
), listed AS MATERIALIZED (
    SELECT m.month AS list, b.bots, l.code, l.visitors
    FROM unnest(%(leaders)s::date[]) AS m (month) CROSS JOIN unnest(%(bots)s::boolean[]) AS b (bots)
    CROSS JOIN LATERAL (
        SELECT code, visitors FROM rollup_months
        WHERE site_no = %(site_no)s AND dimension = %(dimension)s AND month = m.month AND bots = b.bots
        ORDER BY visitors DESC LIMIT %(take)s
    ) AS l
    UNION ALL
    SELECT d.day, b.bots, l.code, l.visitors
    FROM (SELECT unnest(%(looked_through)s::date[]) AS day UNION SELECT day FROM open_days) AS d
    CROSS JOIN unnest(%(bots)s::boolean[]) AS b (bots)
    CROSS JOIN LATERAL (
        SELECT code, visitors FROM rollup_days
        WHERE site_no = %(site_no)s AND dimension = %(dimension)s AND day = d.day AND bots = b.bots
        ORDER BY visitors DESC LIMIT %(take)s
    ) AS l
    UNION ALL
    (
        SELECT NULL, false, code, sum(visitors) AS visitors FROM imported_days
        WHERE site_no = %(site_no)s AND dimension = %(dimension)s AND day BETWEEN %(start)s AND %(end)s
            AND day < %(imported_before)s
        GROUP BY code ORDER BY visitors DESC LIMIT %(take)s
    )
), codes AS MATERIALIZED (
    SELECT array_agg(DISTINCT code) AS codes FROM listed
), amounts AS (
    SELECT 1 AS sign, r.* FROM unnest(%(months)s::date[]) AS m (month)
    CROSS JOIN LATERAL (
        SELECT code, name, visitors, lasting, visits, entries, bounces, pageviews, events, duration, page_time
        FROM rollup_months
        WHERE site_no = %(site_no)s AND dimension = %(dimension)s AND month = m.month AND bots = ANY(%(bots)s)
            AND code = ANY((SELECT codes FROM codes)::bigint[])
        OFFSET 0
    ) AS r
    UNION ALL
    SELECT d.sign, r.* FROM single_days AS d
    CROSS JOIN LATERAL (
        SELECT code, name, visitors, lasting, visits, entries, bounces, pageviews, events, duration, page_time
        FROM rollup_days
        WHERE site_no = %(site_no)s AND dimension = %(dimension)s AND day = d.day AND bots = ANY(%(bots)s)
            AND code = ANY((SELECT codes FROM codes)::bigint[])
        OFFSET 0
    ) AS r
    UNION ALL
    -- A value may have any number of imported rows: their sum stays within 64 bits.
    SELECT 1, code, min(name), sum(visitors), 0, sum(visits), sum(entries), sum(bounces), sum(pageviews), sum(events),
        least(sum(duration), 4e18), least(sum(page_time), 4e18)
    FROM imported_days
    WHERE site_no = %(site_no)s AND dimension = %(dimension)s AND day BETWEEN %(start)s AND %(end)s
        AND day < %(imported_before)s AND code = ANY((SELECT codes FROM codes)::bigint[])
    GROUP BY code
)
SELECT (
        SELECT sum(lowest) FROM (
            SELECT min(visitors) AS lowest FROM listed GROUP BY list, bots HAVING count(*) >= %(take)s
        ) AS cut_off
    )::bigint AS rest,
    code, min(name COLLATE "C"), sum(sign * visitors)::bigint, sum(sign * lasting)::bigint, sum(sign * visits)::bigint,
    sum(sign * entries)::bigint, sum(sign * bounces)::bigint, sum(sign * pageviews)::bigint, sum(sign * events)::bigint,
    sum(sign * duration)::bigint, sum(sign * page_time)::bigint
FROM amounts
GROUP BY code
"""
"""(rest, code, name, amounts) of the values that lead a list: of a month, of an open day, of a day that no month stands for, or of
the imported days.

A month holds its closed days. A value that is in none of the lists has at most `rest` daily visitors, the sum of the last places
of all lists that were cut off; it is NULL where none was. The amounts are those of the range alone: months, less the closed
days of them that lie outside, and single days.
"""

VALUES: Final[LiteralString] = """
SELECT code, sum(visitors)::bigint, sum(lasting)::bigint, sum(visits)::bigint, sum(entries)::bigint, sum(bounces)::bigint,
    sum(pageviews)::bigint, sum(events)::bigint, sum(duration)::bigint, sum(page_time)::bigint
FROM (
    SELECT code, visitors, lasting, visits, entries, bounces, pageviews, events, duration, page_time
    FROM rollup_days
    WHERE site_no = %(site_no)s AND dimension = %(dimension)s AND bots = ANY(%(bots)s) AND code = ANY(%(codes)s)
        AND day = ANY(ARRAY(SELECT day FROM site_days WHERE site_no = %(site_no)s AND day BETWEEN %(start)s AND %(end)s))
    UNION ALL
    SELECT code, visitors, 0, visits, entries, bounces, pageviews, events, duration, page_time
    FROM imported_days
    WHERE site_no = %(site_no)s AND dimension = %(dimension)s AND day BETWEEN %(start)s AND %(end)s
        AND day < %(imported_before)s AND code = ANY(%(codes)s)
) AS both_kinds
GROUP BY code
"""
"""(code, amounts) of values whose codes are known."""

CUT_HOUR: Final[LiteralString] = """
SELECT count(*), count(*) FILTER (WHERE pageviews <= 1 AND NOT interactive AND NOT video_start),
    coalesce(sum(last - start) FILTER (WHERE pageviews > 1 OR interactive OR video_start), 0)::bigint,
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
UNION
SELECT flags & 1 = 1, visitor, flags & 48 <> 0 FROM events
WHERE site_no = %(site_no)s AND visit_key IS NULL AND visitor IS NOT NULL AND day BETWEEN %(utc_low)s AND %(utc_high)s
    AND time >= %(since)s AND time < %(until)s AND (flags & 1 = 1) = ANY(%(bots)s)
"""
"""(bot, visitor, lasting) of the visits that reach into a day before an instant of it, and of events of back ends there."""

DAY_IS_WHOLE: Final[LiteralString] = """
SELECT coalesce((SELECT whole FROM site_days WHERE site_no = %(site_no)s AND day = %(day)s), true)
"""
