"""Rebuilds a site from its raw events, a day at a time: states, rollups, view counters and their projection."""

from __future__ import annotations

import time
from collections import Counter
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from streamgauge.clock import MICROSECONDS, day_start, local_day
from streamgauge.views import projection
from streamgauge.views.counting import ADDRESS_WINDOW, decide
from streamgauge.warehouse import gate, rollups
from streamgauge.warehouse.dictionaries import Dictionaries
from streamgauge.warehouse.recount import recount_day
from streamgauge.warehouse.session_state import refold
from streamgauge.warehouse.site_batch import SiteBatch
from streamgauge.warehouse.view_state import read_all, write_counted

if TYPE_CHECKING:
    from streamgauge.store.postgres import Connection

_DAYS: Final = """
    SELECT day FROM site_days WHERE site_no = %(site_no)s AND whole
    UNION
    SELECT day FROM sessions s WHERE site_no = %(site_no)s
        AND NOT EXISTS (SELECT FROM site_days d WHERE d.site_no = s.site_no AND d.day = s.day AND NOT d.whole)
    ORDER BY day
"""
"""A day that has sessions alone has no row in `site_days`: nothing closes it."""
_SITE: Final = "SELECT site_id, timezone FROM sites WHERE site_no = %s"
_DAY_COUNTERS: Final = "SELECT video_id, n FROM view_counters WHERE site_no = %s AND bucket = %s"


class Rebuilt(NamedTuple):
    """How far a rebuild is: days done of all, rollup rows that were wrong in this day, and the day to go on after."""

    done: int
    total: int
    repaired: int
    next_cursor: date | None


def rebuild_next(connection: Connection, site_no: int, after: date | None, view_window: int) -> Rebuilt:
    """Rebuild the first whole day after `after` (None: the first of all); `view_window` in microseconds.

    With the last day the counters are pushed under a new epoch, so that DynamoDB takes them whatever it holds.
    """
    days = [day for (day,) in connection.execute(_DAYS, {"site_no": site_no}).fetchall()]
    left = [day for day in days if after is None or day > after]
    site_id = connection.execute(_SITE, [site_no]).fetchall()[0][0]
    repaired = 0
    if left:
        with connection.transaction():
            gate.close(connection, site_no)
            repaired = len(recount_day(connection, site_no, left[0], repair=True))
            repaired += recount_views(connection, site_no, left[0], view_window)
            repaired += recount_sessions(connection, site_no, left[0])
    if len(left) <= 1:
        projection.raise_epoch(connection)
        projection.push(connection, site_no, site_id)
    return Rebuilt(len(days) - max(0, len(left) - 1), len(days), repaired, left[0] if len(left) > 1 else None)


def recount_sessions(connection: Connection, site_no: int, day: date) -> int:
    """Fold the sessions of a day anew from their calls and return how many rows were wrong.

    The caller's transaction holds the site's gate alone.
    """
    site_id, zone = connection.execute(_SITE, [site_no]).fetchall()[0]
    batch = SiteBatch(site_no, site_id, zone, view_window=0, dictionaries=Dictionaries(), locked=set())
    return refold(connection, batch, day, time.time_ns() // 1000)


def recount_views(connection: Connection, site_no: int, day: date, view_window: int) -> int:
    """Decide anew which views of a day count, repair its counters, and return how many of those were wrong.

    Days are taken in order: a view hangs on those before it. The caller's transaction holds the site's gate alone.
    """
    site_id, zone = connection.execute(_SITE, [site_no]).fetchall()[0]
    begin = day_start(day, zone) * MICROSECONDS
    end = day_start(day + timedelta(1), zone) * MICROSECONDS
    views = read_all(connection, site_no, begin - max(view_window, ADDRESS_WINDOW), end - 1)
    write_counted(connection, site_no, decide(views, view_window, (begin, "")))
    truth = Counter(view.video_id for view in views if view.counted and local_day(view.time, zone) == day)
    stored: dict[str, int] = dict(connection.execute(_DAY_COUNTERS, [site_no, f"day#{day.isoformat()}"]).fetchall())
    batch = SiteBatch(site_no, site_id, zone, view_window=view_window, dictionaries=Dictionaries(), locked=set())
    wrong = 0
    for video_id in truth.keys() | stored.keys():
        difference = truth[video_id] - stored.get(video_id, 0)
        wrong += difference != 0
        batch.count_view(video_id, day, difference)
    if wrong:
        rollups.add(connection, [batch], [])
    return wrong
