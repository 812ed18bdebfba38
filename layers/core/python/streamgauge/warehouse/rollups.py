"""All rollups of a batch in one statement, the last before COMMIT: hot rows are held shortly."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Final

from streamgauge.contributions import AMOUNTS
from streamgauge.store.postgres import columns, rows_parameter, text_array
from streamgauge.warehouse import video_rollups

if TYPE_CHECKING:
    from streamgauge.store.postgres import Connection
    from streamgauge.warehouse.site_batch import SiteBatch

# A row whose name is not at hand exists, or (a visit that goes on over midnight) one of an earlier day does: the name is looked
# up, because NOT NULL is checked before the conflict is found. Days that are closed are in their month too.
_ADD: Final = f"""
    WITH day_rows AS MATERIALIZED (
        SELECT t.site_no, t.dimension, t.day, t.bots, t.code, coalesce(t.name, (
                SELECT name FROM rollup_days AS known
                WHERE known.site_no = t.site_no AND known.dimension = t.dimension AND known.day = t.day
                    AND known.bots = t.bots AND known.code = t.code
            ), (
                SELECT name FROM rollup_days AS earlier
                WHERE earlier.site_no = t.site_no AND earlier.dimension = t.dimension AND earlier.day < t.day
                    AND earlier.code = t.code
                ORDER BY earlier.day DESC LIMIT 1
            )) AS name, t.visitors, t.lasting, t.visits, t.entries, t.bounces, t.pageviews, t.events, t.duration, t.page_time
        FROM unnest(%(site_no)s::integer[], %(dimension)s::smallint[], %(day)s::date[], %(bots)s::boolean[],
            %(code)s::bigint[], %(visitors)s::integer[], %(lasting)s::integer[], %(visits)s::integer[],
            %(entries)s::integer[], %(bounces)s::integer[], %(pageviews)s::integer[], %(events)s::integer[],
            %(duration)s::bigint[], %(page_time)s::bigint[], %(name)s::text[])
            AS t(site_no, dimension, day, bots, code, visitors, lasting, visits, entries, bounces, pageviews, events, duration,
                page_time, name)
        ORDER BY t.site_no, t.dimension, t.day, t.bots, t.code
    ), touched_days AS (
        INSERT INTO site_days AS s (site_no, day, changes)
        SELECT site_no, day, 1 FROM json_to_recordset(%(site_days)s) AS t(site_no integer, day date) ORDER BY site_no, day
        ON CONFLICT (site_no, day) DO UPDATE SET dirty = s.closed, changes = s.changes + 1
    ), hour_rows AS (
        INSERT INTO rollup_hours AS r (site_no, hour, bots, visitors, lasting, visits, bounces, pageviews, events, duration)
        SELECT * FROM json_to_recordset(%(hours)s) AS t(site_no integer, hour bigint, bots boolean, visitors integer,
            lasting integer, visits integer, bounces integer, pageviews integer, events integer, duration bigint)
        ORDER BY site_no, hour, bots
        ON CONFLICT (site_no, hour, bots) DO UPDATE SET visitors = r.visitors + excluded.visitors,
            lasting = r.lasting + excluded.lasting, visits = r.visits + excluded.visits,
            bounces = r.bounces + excluded.bounces, pageviews = r.pageviews + excluded.pageviews,
            events = r.events + excluded.events, duration = r.duration + excluded.duration
    ), months AS (
        INSERT INTO rollup_months AS r (site_no, dimension, month, bots, code, name, visitors, lasting, visits, entries,
            bounces, pageviews, events, duration, page_time)
        SELECT d.site_no, d.dimension, date_trunc('month', d.day)::date AS month, d.bots, d.code, max(d.name), sum(d.visitors),
            sum(d.lasting), sum(d.visits), sum(d.entries), sum(d.bounces), sum(d.pageviews), sum(d.events), sum(d.duration),
            sum(d.page_time)
        FROM day_rows AS d JOIN site_days AS s ON s.site_no = d.site_no AND s.day = d.day AND s.closed
        GROUP BY d.site_no, d.dimension, month, d.bots, d.code
        ORDER BY d.site_no, d.dimension, month, d.bots, d.code
        ON CONFLICT (site_no, dimension, month, bots, code) DO UPDATE SET visitors = r.visitors + excluded.visitors,
            lasting = r.lasting + excluded.lasting, visits = r.visits + excluded.visits,
            entries = r.entries + excluded.entries, bounces = r.bounces + excluded.bounces,
            pageviews = r.pageviews + excluded.pageviews, events = r.events + excluded.events,
            duration = r.duration + excluded.duration, page_time = r.page_time + excluded.page_time
    ), {video_rollups.ADD}, view_rows AS (
        INSERT INTO view_counters AS r (site_no, video_id, bucket, n, version)
        SELECT site_no, video_id, bucket, n, 1 FROM json_to_recordset(%(views)s)
            AS t(site_no integer, video_id text, bucket text, n bigint)
        ORDER BY site_no, video_id, bucket
        ON CONFLICT (site_no, video_id, bucket) DO UPDATE SET n = r.n + excluded.n, version = r.version + 1
    ), receipts AS (
        INSERT INTO accounting AS r (site_no, quarter, writer, max_n, stored, duplicates, repeats, dead_lettered)
        SELECT * FROM json_to_recordset(%(accounting)s) AS t(site_no integer, quarter integer, writer bigint, max_n integer,
            stored integer, duplicates integer, repeats integer, dead_lettered integer)
        ORDER BY site_no, quarter, writer
        ON CONFLICT (site_no, quarter, writer) DO UPDATE SET max_n = greatest(r.max_n, excluded.max_n),
            stored = r.stored + excluded.stored, duplicates = r.duplicates + excluded.duplicates,
            repeats = r.repeats + excluded.repeats, dead_lettered = r.dead_lettered + excluded.dead_lettered
    )
    INSERT INTO rollup_days AS r (site_no, dimension, day, bots, code, name, visitors, lasting, visits, entries, bounces,
        pageviews, events, duration, page_time)
    SELECT * FROM day_rows
    ON CONFLICT (site_no, dimension, day, bots, code) DO UPDATE SET visitors = r.visitors + excluded.visitors,
        lasting = r.lasting + excluded.lasting, visits = r.visits + excluded.visits, entries = r.entries + excluded.entries,
        bounces = r.bounces + excluded.bounces, pageviews = r.pageviews + excluded.pageviews,
        events = r.events + excluded.events, duration = r.duration + excluded.duration,
        page_time = r.page_time + excluded.page_time
"""

_DAY_COLUMNS: Final = ("site_no", "dimension", "day", "bots", "code", *AMOUNTS)
_HOUR_AMOUNTS: Final = tuple(
    (index, name) for index, name in enumerate(AMOUNTS) if name not in {"entries", "page_time"}
)


def add(connection: Connection, batches: list[SiteBatch], accounting: list[dict[str, Any]]) -> None:
    """Add what the batches contribute, and the accounting of their receipts."""
    days: list[tuple[float | str, ...]] = []
    names: list[str | None] = []
    hours: list[dict[str, Any]] = []
    views: list[dict[str, Any]] = []
    site_days: list[dict[str, Any]] = []
    for batch in batches:
        into, site_no = batch.contributions, batch.site_no
        for (day, bots), rows in into.days.items():
            text = day.isoformat()
            for code, amounts in rows.items():
                if any(amounts):
                    days.append((site_no, into.kinds[code], text, bots, code, *amounts))
                    names.append(into.names.get(code))
        for (hour, bots), amounts in into.hours.items():
            if any(amounts):
                row = {"site_no": site_no, "hour": hour, "bots": bots}
                hours.append(row | {name: amounts[index] for index, name in _HOUR_AMOUNTS})
        views += [
            {"site_no": site_no, "video_id": video_id, "bucket": bucket, "n": n}
            for (video_id, bucket), n in batch.view_counts.items()
            if n
        ]
        site_days += [{"site_no": site_no, "day": day.isoformat()} for day in touched_days(batch)]
    videos = video_rollups.parameters([video_rollups.rows_of(batch.contributions, batch.site_no) for batch in batches])
    connection.execute(
        _ADD,
        {
            **dict(zip(_DAY_COLUMNS, columns(days, len(_DAY_COLUMNS)), strict=True)),
            "name": text_array(names),
            "hours": rows_parameter(hours),
            **{name: rows_parameter(rows) for name, rows in videos.items()},
            "views": rows_parameter(views),
            "site_days": rows_parameter(site_days),
            "accounting": rows_parameter(accounting),
        },
        prepare=True,
    )


def touched_days(batch: SiteBatch) -> set[date]:
    """Return the local days whose rollups a batch changes."""
    into = batch.contributions
    days = {day for (day, _), rows in into.days.items() if any(map(any, rows.values()))}
    # Another visitor in the place of one changes no sum, yet who was there.
    days |= {day for day, _, _ in into.presence}
    return days | video_rollups.touched_days(into) | batch.played_days | view_days(batch)


def view_days(batch: SiteBatch) -> set[date]:
    """Return the local days whose view counters a batch changes: a late view decides anew about those after it."""
    changed = (bucket for (_, bucket), n in batch.view_counts.items() if n)
    return {date.fromisoformat(bucket[4:]) for bucket in changed if bucket.startswith("day#")}
