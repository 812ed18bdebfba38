"""Pushes view counters to DynamoDB as absolute values under a version: an older or repeated push changes nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from streamgauge.settings import settings
from streamgauge.store import dynamo

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streamgauge.store.postgres import Connection

EPOCH_STEP: Final = 2**40
"""A pushed version is epoch x EPOCH_STEP + the counter's own; a rebuild or restore raises the epoch."""

_DAY_KEPT_DAYS: Final = 8
_MONTH_KEPT_DAYS: Final = 431
"""From the first day of the month: 400 days after its end."""

_CURRENT: Final = """
    SELECT c.video_id, c.bucket, c.n, e.epoch, c.version
    FROM view_counters AS c CROSS JOIN projection_epoch AS e
    WHERE c.site_no = %(site_no)s AND (%(videos)s::text[] IS NULL OR c.video_id = ANY(%(videos)s::text[]))
        AND (%(buckets)s::text[] IS NULL OR c.bucket = ANY(%(buckets)s::text[]))
        AND (%(first_day)s::text IS NULL OR c.bucket = 'total' OR c.bucket COLLATE "C" >= CASE
            WHEN c.bucket LIKE 'day#%%' THEN %(first_day)s::text ELSE %(first_month)s::text END)
"""
# A database that was restored knows nothing of later epochs, so the clock has a say: milliseconds since 1970.
_RAISE_EPOCH: Final = """
    UPDATE projection_epoch SET epoch = greatest(epoch + 1, (extract(epoch FROM clock_timestamp()) * 1000)::bigint)
"""


def push(
    connection: Connection,
    site_no: int,
    site_id: str,
    videos: Iterable[str] | None = None,
    buckets: Iterable[str] | None = None,
    since: date | None = None,
) -> int:
    """Push the current counters of these videos and buckets (None: all); return how many were newer than what was there.

    `since`: the total, and the days and months from that day on. A late view decides anew about those after it.
    Raises StoreAwayError when DynamoDB is away: then the batch must come again.
    """
    rows = connection.execute(
        _CURRENT,
        {
            "site_no": site_no,
            "videos": None if videos is None else sorted(videos),
            "buckets": None if buckets is None else sorted(buckets),
            "first_day": None if since is None else f"day#{since.isoformat()}",
            "first_month": None if since is None else f"month#{since:%Y-%m}",
        },
    ).fetchall()
    table = settings().text("COUNTERS_TABLE")

    return sum(dynamo.update_each(table, [_update(site_id, *row) for row in rows]))


def _update(site_id: str, video_id: str, bucket: str, n: int, epoch: int, version: int) -> dynamo.Update:
    """Return the change to a counter; made twice, it changes nothing."""
    expires = expires_at(bucket)
    return dynamo.Update(
        {"pk": f"{site_id}#view#{video_id}", "sk": bucket},
        "SET n = :n, v = :v" + ("" if expires is None else ", expires = :expires"),
        "attribute_not_exists(v) OR v < :v",
        {":n": n, ":v": epoch * EPOCH_STEP + version} | ({} if expires is None else {":expires": expires}),
    )


def raise_epoch(connection: Connection) -> None:
    """Make every later push newer than all earlier ones: after a rebuild, or when either store was restored."""
    connection.execute(_RAISE_EPOCH)


@lru_cache(maxsize=4096)
def expires_at(bucket: str) -> int | None:
    """Return when a period's item may go (epoch seconds), None for the total."""
    kind, _, text = bucket.partition("#")
    if kind == "day":
        return _seconds(date.fromisoformat(text) + timedelta(_DAY_KEPT_DAYS))
    if kind == "month":
        return _seconds(date.fromisoformat(f"{text}-01") + timedelta(_MONTH_KEPT_DAYS))
    return None


def _seconds(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
