"""SQL that walks through visits: the parts that reports of paths, and what is computed ahead for them, have in common."""

from __future__ import annotations

from typing import Final, LiteralString

SEEN_COLUMNS: Final[LiteralString] = """row_number() OVER () AS visit, v.bot, v.later_keys || v.key AS keys,
        v.start, v.last, v.tie, v.pageviews, v.entry_page, (to_timestamp(v.start / 1000000) AT TIME ZONE 'UTC')::date AS first_day,
        (to_timestamp(v.last / 1000000) AT TIME ZONE 'UTC')::date AS last_day"""
"""What STEPS takes of the visits `v`, under the name `seen`."""

STEPS: Final[LiteralString] = """, viewed AS (
    SELECT s.visit, s.bot, s.keys, s.start, s.tie, s.pageviews, e.time, e.id, e.page, p.path,
        row_number() OVER of_visit AS place, lag(p.path) OVER of_visit AS before, count(*) OVER (PARTITION BY s.visit) AS views
    FROM seen s
    CROSS JOIN LATERAL (
        SELECT e.time, coalesce(e.event_uuid::text, e.event_id) COLLATE "C" AS id, e.page FROM events e
        WHERE e.day BETWEEN s.first_day AND s.last_day AND e.day >= %(utc_low)s
            AND e.site_no = %(site_no)s AND e.kind = 1 AND e.visit_key = ANY(s.keys) AND e.time + 0 BETWEEN s.start AND s.last
            AND ((e.flags & 1) = 1) = s.bot
    ) e
    JOIN pages p ON p.code = e.page
    WHERE s.pageviews > 1
    WINDOW of_visit AS (PARTITION BY s.visit ORDER BY e.time, e.id)
), placed AS (
    SELECT visit, bot, time, id, page, path, before, place, pageviews, CASE
        WHEN views > pageviews AND EXISTS (
            SELECT FROM visits o WHERE o.site_no = %(site_no)s AND o.key = ANY(v.keys) AND o.last = v.start
                AND (o.start, o.tie) < (v.start, v.tie)
        ) THEN views - pageviews ELSE 0 END AS foreign_ones
    FROM viewed v
), steps AS MATERIALIZED (
    SELECT visit, bot, page, path, row_number() OVER (PARTITION BY visit ORDER BY time, id) AS place
    FROM placed
    WHERE place > foreign_ones AND place <= foreign_ones + pageviews AND (place = foreign_ones + 1 OR path <> before)
)"""
"""The pages of the visits in order, as path and a code of it, views of one page in a row being one step; takes `site_no` and the first UTC day of the visits, `utc_low`.

`time + 0`: by the index on times the planner would look for a few hours' events beside a visit's few. Visits with one page view are left out: their state tells it. Where another visit of the same visitor ends or begins at the same
instant, the number of a visit's page views tells which of those then are its own.
"""
