"""SQL of closing hours and days, and of the record of runs. That of retention stands in `retention_queries`."""

from __future__ import annotations

from typing import Final, LiteralString

SET_FOR_SESSION: Final[LiteralString] = "SELECT set_config(%s, %s, false)"

LOCK_JOB: Final[LiteralString] = "SELECT pg_advisory_lock(%(lock)s, hashtext(%(job)s))"

BEGIN_RUN: Final[LiteralString] = """
INSERT INTO job_runs AS r (job, slot, started_at) VALUES (%(job)s, %(slot)s, %(at)s)
ON CONFLICT (job, slot) DO UPDATE SET started_at = r.started_at
RETURNING finished_at
"""

FINISH_RUN: Final[LiteralString] = """
UPDATE job_runs SET finished_at = now(), result = %(result)s WHERE job = %(job)s AND slot = %(slot)s AND finished_at IS NULL
"""

SITES: Final[LiteralString] = "SELECT site_id, site_no, timezone FROM sites WHERE site_id = ANY(%(site_ids)s)"

ALL_SITES: Final[LiteralString] = "SELECT site_no, site_id, timezone FROM sites ORDER BY site_no"

READ_DAY: Final[LiteralString] = "SELECT closed, dirty FROM site_days WHERE site_no = %(site_no)s AND day = %(day)s"

ZONE_OF_WHOLE_DAY: Final[LiteralString] = """
SELECT s.timezone FROM site_days d JOIN sites s USING (site_no) WHERE d.site_no = %(site_no)s AND d.day = %(day)s AND d.whole
"""

LOCK_DAY: Final[LiteralString] = """
SELECT closed, dirty FROM site_days WHERE site_no = %(site_no)s AND day = %(day)s FOR NO KEY UPDATE
"""

LOST_NEAR: Final[LiteralString] = """
SELECT day FROM site_days
WHERE site_no = %(site_no)s AND day BETWEEN %(day)s::date - 1 AND %(day)s::date + 1 AND NOT whole LIMIT 1
"""
"""Visits reach over midnight: the raw events of the days around must be there too."""

CLOSE_DAY: Final[LiteralString] = """
UPDATE site_days SET closed = true, dirty = false WHERE site_no = %(site_no)s AND day = %(day)s
"""

ADD_DAY_TO_MONTH: Final[LiteralString] = """
INSERT INTO rollup_months AS r (site_no, dimension, month, bots, code, name, visitors, lasting, visits, entries, bounces,
    pageviews, events, duration, page_time)
SELECT site_no, dimension, date_trunc('month', day)::date, bots, code, name, visitors, lasting, visits, entries, bounces,
    pageviews, events, duration, page_time
FROM rollup_days
WHERE site_no = %(site_no)s AND day = %(day)s AND dimension = ANY(%(dimensions)s)
  AND (visitors, lasting, visits, entries, bounces, pageviews, events, duration, page_time) <> (0, 0, 0, 0, 0, 0, 0, 0, 0)
ORDER BY site_no, dimension, bots, code
ON CONFLICT (site_no, dimension, month, bots, code) DO UPDATE SET
    visitors = r.visitors + excluded.visitors, lasting = r.lasting + excluded.lasting, visits = r.visits + excluded.visits,
    entries = r.entries + excluded.entries, bounces = r.bounces + excluded.bounces,
    pageviews = r.pageviews + excluded.pageviews, events = r.events + excluded.events,
    duration = r.duration + excluded.duration, page_time = r.page_time + excluded.page_time
"""
"""The dimensions are named so that the primary key finds the day."""

ACCOUNTING_HOLES: Final[LiteralString] = """
SELECT coalesce(sum(greatest(max_n + 1 - stored - duplicates - dead_lettered, 0)), 0)::bigint FROM accounting
WHERE site_no = ANY(%(site_nos)s) AND quarter >= %(since)s / 900 AND quarter < %(until)s / 900
"""
"""Receipts that were given and of which nothing has been heard."""

HOURS_THAT_DIFFER: Final[LiteralString] = """
WITH wanted AS MATERIALIZED (
    SELECT * FROM json_to_recordset(%(hours)s) AS t(site_no integer, hour bigint, until bigint)
), raw AS (
    SELECT w.site_no, w.hour, (e.flags & %(bot)s) = %(bot)s AS bots,
        count(*) FILTER (WHERE e.kind = %(page_view)s) AS pageviews, count(*) FILTER (WHERE e.kind = %(custom)s) AS events
    FROM wanted w JOIN events e ON e.site_no = w.site_no AND e.time >= w.hour * 1000000 AND e.time < w.until * 1000000
    WHERE e.day BETWEEN %(first_day)s AND %(last_day)s
    GROUP BY 1, 2, 3
), kept AS (
    SELECT r.site_no, r.hour, r.bots, r.pageviews, r.events FROM rollup_hours r JOIN wanted w USING (site_no, hour)
)
SELECT DISTINCT site_no, hour FROM raw FULL JOIN kept USING (site_no, hour, bots)
WHERE coalesce(raw.pageviews, 0) <> coalesce(kept.pageviews, 0) OR coalesce(raw.events, 0) <> coalesce(kept.events, 0)
ORDER BY site_no, hour
"""
"""One statement sees one state: events and rollups change in one transaction, so it needs no lock."""

UNSETTLED_DAYS: Final[LiteralString] = """
SELECT s.site_id, s.site_no, s.timezone, d.day FROM site_days d JOIN sites s USING (site_no)
WHERE (NOT d.closed OR d.dirty) ORDER BY s.site_id, d.day
"""

OPEN_VIEW_PERIODS: Final[LiteralString] = """
SELECT DISTINCT s.site_id, s.timezone, c.bucket FROM view_counters c JOIN sites s USING (site_no)
WHERE c.closed_at IS NULL AND c.bucket <> 'total' ORDER BY 1, 3
"""

ZONE: Final[LiteralString] = "SELECT timezone FROM sites WHERE site_no = %(site_no)s"
