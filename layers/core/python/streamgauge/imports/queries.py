"""SQL of imported days."""

from __future__ import annotations

from typing import Final, LiteralString

ONE_AT_A_TIME: Final[LiteralString] = "SELECT pg_advisory_xact_lock(%(gate)s, %(site_no)s)"

IMPORT: Final[LiteralString] = """
INSERT INTO imports (site_no, import_id, source) VALUES (%(site_no)s, %(import_id)s, %(source)s)
ON CONFLICT (site_no, import_id) DO UPDATE SET source = excluded.source, updated_at = now()
RETURNING import_no
"""

EMPTY_DAYS: Final[LiteralString] = """
DELETE FROM imported_days
WHERE site_no = %(site_no)s AND dimension = ANY(%(dimensions)s) AND day = ANY(%(days)s) AND part = %(part)s
"""

PUT_ROWS: Final[LiteralString] = """
INSERT INTO imported_days (site_no, dimension, day, code, origin, import_no, part, name, visitors, visits, entries, bounces,
    pageviews, events, duration, page_time)
SELECT %(site_no)s, dimension, day, code, origin, %(import_no)s, %(part)s, name, visitors, visits, entries, bounces, pageviews,
    events, duration, page_time
FROM unnest(%(dimension)s::smallint[], %(day)s::date[], %(code)s::bigint[], %(origin)s::bigint[], %(name)s::text[],
    %(visitors)s::bigint[], %(visits)s::bigint[], %(entries)s::bigint[], %(bounces)s::bigint[], %(pageviews)s::bigint[],
    %(events)s::bigint[], %(duration)s::bigint[], %(page_time)s::bigint[])
    AS t (dimension, day, code, origin, name, visitors, visits, entries, bounces, pageviews, events, duration, page_time)
ON CONFLICT (site_no, dimension, day, code, origin) DO UPDATE SET import_no = excluded.import_no, visitors = excluded.visitors,
    visits = excluded.visits, entries = excluded.entries, bounces = excluded.bounces, pageviews = excluded.pageviews,
    events = excluded.events, duration = excluded.duration, page_time = excluded.page_time
"""
"""A piece that comes again finds its rows, and changes nothing."""

LIST: Final[LiteralString] = """
SELECT i.import_id, i.source, i.created_at, i.updated_at, d.first, d.last, d.days, d.rows
FROM imports i
CROSS JOIN LATERAL (
    SELECT min(day) AS first, max(day) AS last, count(DISTINCT day) AS days, count(*) AS rows
    FROM imported_days WHERE import_no = i.import_no
) d
WHERE i.site_no = %(site_no)s
ORDER BY i.created_at DESC, i.import_no DESC
"""

REMOVE_ROWS: Final[LiteralString] = """
DELETE FROM imported_days
WHERE import_no = (SELECT import_no FROM imports WHERE site_no = %(site_no)s AND import_id = %(import_id)s)
"""
REMOVE: Final[LiteralString] = "DELETE FROM imports WHERE site_no = %(site_no)s AND import_id = %(import_id)s"
