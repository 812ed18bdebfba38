"""SQL of what is computed ahead: attempts of days, and answers for ranges."""

from __future__ import annotations

from typing import Final, LiteralString

CHANGES: Final[LiteralString] = """
SELECT coalesce(sum(changes), 0)::bigint FROM site_days WHERE site_no = %(site_no)s AND day BETWEEN %(first)s AND %(last)s
"""
RESULT: Final[LiteralString] = """
SELECT r.result FROM funnel_results r
WHERE r.funnel_no = %(number)s AND r.start_day = %(start)s AND r.end_day = %(finish)s AND r.bots = %(asked_bots)s
    AND r.breakdown = %(breakdown)s AND r.version = %(version)s AND r.changes = (
        SELECT coalesce(sum(changes), 0) FROM site_days
        WHERE site_no = %(site_no)s AND day BETWEEN %(first)s AND %(last)s)
"""
KEEP_RESULT: Final[LiteralString] = """
INSERT INTO funnel_results (funnel_no, start_day, end_day, bots, breakdown, version, changes, result)
SELECT %(number)s, %(start)s, %(finish)s, %(asked_bots)s, %(breakdown)s, %(version)s, %(changes)s, %(result)s
WHERE EXISTS (SELECT FROM funnels WHERE funnel_no = %(number)s)
ON CONFLICT (funnel_no, start_day, end_day, bots, breakdown) DO UPDATE
    SET version = excluded.version, changes = excluded.changes, result = excluded.result, computed_at = now()
"""
FORGET_RESULTS: Final[LiteralString] = "DELETE FROM funnel_results WHERE computed_at < now() - interval '7 days'"

_REACHED: Final[LiteralString] = """(
    SELECT coalesce(sum(s.changes), 0) FROM site_days s
    WHERE s.site_no = %(site_no)s AND s.day BETWEEN d.day - 1 AND d.day + %(reach)s)"""
SAVED_DAYS: Final[LiteralString] = f"""
SELECT d.day, d.bots, d.persons, d.entries, d.taken, d.gaps FROM funnel_days d
WHERE d.funnel_no = %(number)s AND d.version = %(version)s AND d.day BETWEEN %(start)s AND %(finish)s AND d.bots = ANY(%(bots)s)
    AND (d.changes = {_REACHED} OR EXISTS (
        SELECT FROM site_days s WHERE s.site_no = %(site_no)s AND s.day = d.day AND NOT s.whole))
"""
"""The days whose attempts are as they were; nothing changes any more on one that has lost raw events."""

UNSAVED_DAYS: Final[LiteralString] = f"""
SELECT s.day FROM site_days s
WHERE s.site_no = %(site_no)s AND s.closed
    AND NOT EXISTS (SELECT FROM site_days n WHERE n.site_no = s.site_no AND n.day BETWEEN s.day AND s.day + %(reach)s AND NOT n.whole)
    AND 2 > (SELECT count(*) FROM funnel_days d WHERE d.funnel_no = %(number)s AND d.day = s.day AND d.version = %(version)s
        AND d.changes = {_REACHED})
ORDER BY s.day
"""
"""Closed days whose attempts are not kept, or changed since, and whose raw events are all there."""

SAVE_DAY: Final[LiteralString] = f"""
INSERT INTO funnel_days AS d (funnel_no, day, bots, version, changes, persons, entries, taken, gaps)
SELECT %(number)s, d.day, %(bot)s, %(version)s, {_REACHED}, %(persons)s, %(entries)s, %(taken)s, %(gaps)s
FROM (SELECT %(day)s::date AS day) d
ON CONFLICT (funnel_no, day, bots) DO UPDATE SET version = excluded.version, changes = excluded.changes,
    persons = excluded.persons, entries = excluded.entries, taken = excluded.taken, gaps = excluded.gaps
"""
"""In the transaction, of one snapshot, that has read the events."""
