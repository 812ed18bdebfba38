"""SQL of retention."""

from __future__ import annotations

from typing import Final, LiteralString

KEEPS_SOME: Final[LiteralString] = """
SELECT EXISTS (SELECT FROM {} WHERE (flags & %(historical)s) <> 0 AND received_at >= %(received_before)s)
"""
"""A raw row leaves by its day; history by its receipt. `{}` is the partition, which is old enough by its day."""

OLDEST_KEPT: Final[LiteralString] = "SELECT min(received_at) FROM {}"

DELETE_DUE: Final[LiteralString] = """
DELETE FROM {} WHERE ctid = ANY(ARRAY(SELECT ctid FROM {} WHERE (flags & %(historical)s) = 0 OR received_at < %(received_before)s
    LIMIT %(limit)s))
"""

DAYS_THAT_LOSE: Final[LiteralString] = """
SELECT b.site_no, b.day, max(e.received_at) FILTER (WHERE (e.flags & %(historical)s) <> 0)
FROM json_to_recordset(%(bounds)s) AS b(site_no integer, day date, since bigint, until bigint)
JOIN (SELECT site_no, time, flags, received_at FROM {} WHERE (flags & %(historical)s) = 0 OR received_at < %(received_before)s) e
    ON e.site_no = b.site_no AND e.time >= b.since AND e.time < b.until
GROUP BY b.site_no, b.day ORDER BY b.site_no, b.day
"""
"""(site, local day, last receipt of history among what goes)."""

UNSETTLED_UNTIL: Final[LiteralString] = """
SELECT site_no, day FROM site_days WHERE day <= %(day)s AND (NOT closed OR dirty) ORDER BY site_no, day
"""

MARK_LOST: Final[LiteralString] = """
INSERT INTO site_days AS s (site_no, day, closed, whole, history_received)
SELECT %(site_no)s, day, true, false, received FROM json_to_recordset(%(days)s) AS t(day date, received date) ORDER BY day
ON CONFLICT (site_no, day) DO UPDATE
    SET whole = false, history_received = greatest(s.history_received, excluded.history_received)
"""
"""A day without a row had only views; it has nothing to close."""

DELETE_SPENT_STATE: Final[tuple[LiteralString, ...]] = (
    "DELETE FROM page_steps t USING site_days d WHERE d.site_no = t.site_no AND d.day = t.day AND NOT d.whole",
    "DELETE FROM page_step_days t USING site_days d WHERE d.site_no = t.site_no AND d.day = t.day AND NOT d.whole",
    """
    DELETE FROM visits t WHERE EXISTS (SELECT FROM site_days d WHERE d.site_no = t.site_no AND d.day = t.day AND NOT d.whole AND d.closed AND NOT d.dirty
    AND NOT EXISTS (SELECT FROM site_days n WHERE n.site_no = d.site_no AND n.day = d.day + 1 AND n.whole))
    """,
    """
    DELETE FROM playbacks t WHERE EXISTS (SELECT FROM site_days d WHERE d.site_no = t.site_no AND d.day = t.day AND NOT d.whole AND d.closed AND NOT d.dirty
    AND NOT EXISTS (SELECT FROM site_days n WHERE n.site_no = d.site_no AND n.day = d.day + 1 AND n.whole))
    """,
    """
    DELETE FROM visitor_days t WHERE EXISTS (SELECT FROM site_days d WHERE d.site_no = t.site_no AND d.day = t.day AND NOT d.whole AND d.closed AND NOT d.dirty
    AND NOT EXISTS (SELECT FROM site_days n WHERE n.site_no = d.site_no AND n.day = d.day + 1 AND n.whole))
    """,
)
"""The state of a day is wanted until nothing can change it: its raw events are gone, and so are those of the next day, whose
late events might join a visit or playback that began before midnight."""

DELETE_IMPORTED: Final[tuple[LiteralString, ...]] = (
    """
    DELETE FROM imported_days d USING imports i
    WHERE i.import_no = d.import_no AND i.updated_at < %(before)s AND d.day < %(before)s
    """,
    """
    DELETE FROM imports i WHERE i.updated_at < %(before)s AND NOT EXISTS (SELECT FROM imported_days d WHERE d.import_no = i.import_no)
    """,
)
"""Imported days are kept as rollups are, from their import on."""

DELETE_TRAITS: Final[LiteralString] = "DELETE FROM user_traits WHERE kept_from < %(before)s"
"""What was told of a user goes with the rollups of the day on which it was told last."""

ID_PARTS: Final[LiteralString] = """
SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'event_ids'::regclass ORDER BY c.relname
"""
DELETE_IDS: Final[LiteralString] = """
DELETE FROM {} WHERE ctid = ANY(ARRAY(SELECT ctid FROM {} WHERE kept_until < %(today)s LIMIT %(limit)s))
"""

DELETE_LOST_RECEIPTS: Final[LiteralString] = "DELETE FROM lost_receipts WHERE quarter < %(before)s / 900"
DELETE_ACCOUNTING: Final[LiteralString] = "DELETE FROM accounting WHERE quarter < %(before)s / 900"
DELETE_RUNS: Final[LiteralString] = "DELETE FROM job_runs WHERE started_at < %(before)s"
FORGET_ANCHORS: Final[LiteralString] = "TRUNCATE anchors"

ROLLUP_DAYS_DUE: Final[LiteralString] = """
SELECT d.site_no, d.day FROM site_days d
WHERE d.day < %(before)s AND coalesce(d.history_received, d.day) < %(before)s AND (
    d.day < %(raw_before)s OR d.whole
    OR EXISTS (SELECT FROM rollup_days r WHERE r.site_no = d.site_no AND r.dimension = 0 AND r.day = d.day))
ORDER BY d.site_no, d.day
"""
"""Days whose raw events may still be there (from `raw_before` on) leave a row behind, marked as lost; they are done then."""

HISTORY_OF_DAY: Final[LiteralString] = """
SELECT max(received_at) FROM (
    SELECT received_at FROM events WHERE site_no = %(site_no)s AND day BETWEEN %(first_day)s AND %(last_day)s
        AND time >= %(since)s AND time < %(until)s AND (flags & %(historical)s) <> 0
    UNION ALL
    SELECT received_at FROM views WHERE site_no = %(site_no)s AND day BETWEEN %(first_day)s AND %(last_day)s
        AND time >= %(since)s AND time < %(until)s AND (flags & %(historical)s) <> 0
) history
"""

NOTE_HISTORY: Final[LiteralString] = """
UPDATE site_days SET history_received = greatest(history_received, %(received)s)
WHERE site_no = %(site_no)s AND day = %(day)s
"""

REFUSE_DAY: Final[LiteralString] = "UPDATE site_days SET whole = false WHERE site_no = %(site_no)s AND day = %(day)s"

TAKE_FROM_MONTH: Final[LiteralString] = """
UPDATE rollup_months m SET visitors = m.visitors - d.visitors, lasting = m.lasting - d.lasting, visits = m.visits - d.visits,
    entries = m.entries - d.entries, bounces = m.bounces - d.bounces, pageviews = m.pageviews - d.pageviews,
    events = m.events - d.events, duration = m.duration - d.duration, page_time = m.page_time - d.page_time
FROM rollup_days d
WHERE d.site_no = %(site_no)s AND d.day = %(day)s AND d.dimension = ANY(%(dimensions)s) AND m.site_no = d.site_no
  AND m.dimension = d.dimension AND m.month = date_trunc('month', d.day)::date AND m.bots = d.bots AND m.code = d.code
"""

DELETE_EMPTY_MONTH: Final[LiteralString] = """
DELETE FROM rollup_months WHERE site_no = %(site_no)s AND dimension = ANY(%(dimensions)s)
  AND month = date_trunc('month', %(day)s::date)::date
  AND (visitors, lasting, visits, entries, bounces, pageviews, events, duration, page_time) = (0, 0, 0, 0, 0, 0, 0, 0, 0)
"""

DELETE_DAY: Final[tuple[LiteralString, ...]] = (
    # Imported days from the first own day on are not shown: they must not come up when that day is gone.
    """
    DELETE FROM imported_days WHERE site_no = %(site_no)s AND dimension = ANY(%(dimensions)s) AND day >= %(day)s AND EXISTS (
        SELECT FROM rollup_days WHERE site_no = %(site_no)s AND dimension = 0 AND day = %(day)s AND NOT bots AND visits > 0)
    """,
    "DELETE FROM rollup_days WHERE site_no = %(site_no)s AND day = %(day)s AND dimension = ANY(%(dimensions)s)",
    "DELETE FROM rollup_hours WHERE site_no = %(site_no)s AND hour >= %(first_hour)s AND hour < %(end_hour)s",
    "DELETE FROM rollup_videos WHERE site_no = %(site_no)s AND day = %(day)s",
    "DELETE FROM funnel_days d USING funnels f WHERE f.funnel_no = d.funnel_no AND f.site_no = %(site_no)s AND d.day = %(day)s",
    "DELETE FROM rollup_video_curves WHERE site_no = %(site_no)s AND day = %(day)s",
    "DELETE FROM rollup_video_values WHERE site_no = %(site_no)s AND day = %(day)s",
    "DELETE FROM page_steps WHERE site_no = %(site_no)s AND day = %(day)s",
    "DELETE FROM page_step_days WHERE site_no = %(site_no)s AND day = %(day)s",
    "DELETE FROM video_peaks WHERE site_no = %(site_no)s AND day = %(day)s",
    "DELETE FROM view_counters WHERE site_no = %(site_no)s AND bucket = %(day_bucket)s",
    # A block of several days that holds the day goes with it; its other days are counted by smaller ones.
    "DELETE FROM uniques WHERE site_no = %(site_no)s AND day BETWEEN %(day)s::date - 63 AND %(day)s AND day + span > %(day)s",
    "DELETE FROM unique_blocks WHERE site_no = %(site_no)s AND day BETWEEN %(day)s::date - 63 AND %(day)s AND day + span > %(day)s",
)

FORGET_DAY: Final[LiteralString] = """
DELETE FROM site_days d WHERE site_no = %(site_no)s AND day = %(day)s AND day < %(raw_before)s
AND NOT EXISTS (SELECT FROM site_days n WHERE n.site_no = d.site_no AND n.day = d.day + 1 AND n.whole)
"""
"""While the next day is whole, the state of this one is kept, and its row says so."""

DELETE_EMPTY_VIEW_MONTH: Final[LiteralString] = """
DELETE FROM view_counters c WHERE c.site_no = %(site_no)s AND c.bucket = %(month_bucket)s AND %(month_end)s < %(before)s
AND NOT EXISTS (
    SELECT FROM site_days d WHERE d.site_no = c.site_no AND d.day BETWEEN date_trunc('month', %(day)s::date) AND %(month_end)s)
"""

NEXT_DUE: Final[LiteralString] = """
SELECT min(due) FROM (
    SELECT min(kept_until) FILTER (WHERE isfinite(kept_until)) + 1 AS due FROM event_ids
    UNION ALL
    SELECT (to_timestamp(min(quarter) * 900.0) AT TIME ZONE 'UTC')::date + %(receipts)s + 1 FROM lost_receipts
    UNION ALL
    SELECT (to_timestamp(min(quarter) * 900.0) AT TIME ZONE 'UTC')::date + %(rollups)s + 1 FROM accounting WHERE %(rollups)s > 0
    UNION ALL
    SELECT (to_timestamp(min(erased_at) / 1000000) AT TIME ZONE 'UTC')::date + %(names)s + 1 FROM erased_ids
    WHERE replacement IS NOT NULL
    UNION ALL
    SELECT min(greatest(d.day, (i.updated_at AT TIME ZONE 'UTC')::date)) + %(rollups)s + 1
    FROM imported_days d JOIN imports i USING (import_no) WHERE %(rollups)s > 0
    UNION ALL
    SELECT min(kept_from) + %(rollups)s + 1 FROM user_traits WHERE %(rollups)s > 0
    UNION ALL
    SELECT min(greatest(d.day, d.history_received)) + %(rollups)s + 1 FROM site_days d
    WHERE %(rollups)s > 0 AND (NOT %(keeps_raw)s OR d.whole
        OR EXISTS (SELECT FROM rollup_days r WHERE r.site_no = d.site_no AND r.dimension = 0 AND r.day = d.day))
) dues
"""
