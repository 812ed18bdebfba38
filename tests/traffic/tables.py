"""All that counting leaves in Postgres, as plain values that two databases (or two moments) can be compared by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg

QUERIES = {
    "events": "SELECT time, coalesce(event_uuid::text, event_id), kind FROM events WHERE site_no = %(s)s",
    "views": "SELECT time, event_id, counted FROM views WHERE site_no = %(s)s",
    "visits": """SELECT key, start, tie, last, day, later_keys, user_key, loose, bot, interactive, video_start, acquisition,
        surroundings, pageviews, entry_page, exit_page, exit_at,
        (SELECT array_agg((d, p, v, t)::text ORDER BY d, p) FROM unnest(page_days, coalesce(pages, ARRAY[entry_page]), page_views, page_times) AS u(d, p, v, t)),
        (SELECT array_agg((d, n)::text ORDER BY d, n) FROM unnest(name_days, names) AS u(d, n)) FROM visits WHERE site_no = %(s)s""",
    "playbacks": "SELECT p::text FROM playbacks AS p WHERE site_no = %(s)s",
    "visitor_days": """SELECT day, bots, visitor, lasting, (SELECT array_agg((c, coalesce(n, 1))::text ORDER BY c) FROM unnest(codes, counts) AS u(c, n))
        FROM visitor_days WHERE site_no = %(s)s AND codes <> '{}'""",
    "rollup_hours": """SELECT hour, bots, visitors, lasting, visits, bounces, pageviews, events, duration FROM rollup_hours
        WHERE site_no = %(s)s AND (visitors, lasting, visits, bounces, pageviews, events, duration) <> (0, 0, 0, 0, 0, 0, 0)""",
    "rollup_days": """SELECT dimension, day, bots, code, name, visitors, lasting, visits, entries, bounces, pageviews, events, duration,
        page_time FROM rollup_days WHERE site_no = %(s)s
        AND (visitors, lasting, visits, entries, bounces, pageviews, events, duration, page_time) <> (0, 0, 0, 0, 0, 0, 0, 0, 0)""",
    "rollup_videos": """SELECT video_id, day, bots, views, qualified, measured, completions, failures, exits, watched, covered, buffered
        FROM rollup_videos WHERE site_no = %(s)s
        AND (views, qualified, measured, completions, failures, exits, watched, covered, buffered) <> (0, 0, 0, 0, 0, 0, 0, 0, 0)""",
    "view_counters": "SELECT video_id, bucket, n FROM view_counters WHERE site_no = %(s)s AND n <> 0",
}


def counted(connection: psycopg.Connection[Any], site_no: int) -> dict[str, list[tuple[Any, ...]]]:
    """Return every table's rows of a site, sorted; rows that say nothing (all zero) are left out."""
    return {
        name: sorted(connection.execute(query, {"s": site_no}).fetchall(), key=repr) for name, query in QUERIES.items()
    }
