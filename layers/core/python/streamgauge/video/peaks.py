"""Peaks of concurrent viewers per local day, from the intervals in which single playbacks were live; `docs/definitions.md`, realtime.

A day that is closed and clean has its peak in `video_peaks`; that of another day, or of one video, is counted when asked.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, LiteralString

from streamgauge.clock import MICROSECONDS, day_start, instant
from streamgauge.errors import OutOfBoundsError
from streamgauge.events.facts import BOT, BUFFER, COMPLETE, ERROR, FATAL, PAUSE, QUALITY_CHANGE, SEEK
from streamgauge.rollups.ranges import Span

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from streamgauge.rollups.ranges import Days
    from streamgauge.store.postgres import Read

LIVE: Final = 60 * MICROSECONDS
"""How long a playback is live after an event of it."""
LOOK_BACK: Final = 4 * 3600 * MICROSECONDS
"""As long as a pause keeps a playback together: what happened before the day may hold it still."""
MOST_DAYS: Final = 31
"""The longest range in which the peaks of one video are counted: each day of it reads its events."""

_LIVE_PLAYBACKS: Final[LiteralString] = """
WITH told AS (
    SELECT play_key, time, coalesce(event_uuid::text, event_id) AS id,
        kind = ANY(%(stateless)s::smallint[]) AS stateless,
        kind = ANY(%(halting)s::smallint[]) OR (kind = %(error)s AND flags & %(fatal)s <> 0) AS halts
    FROM events
    WHERE site_no = %(site_no)s AND day BETWEEN %(first_day)s AND %(last_day)s AND time >= %(since)s - %(look_back)s
        AND time < %(until)s AND play_key IS NOT NULL AND flags & %(bot)s = 0
        AND (%(video_id)s::text IS NULL OR video_id = %(video_id)s)
), runs AS (
    SELECT play_key, time, id, halts, lead(time) OVER w AS next, count(*) FILTER (WHERE NOT stateless) OVER w AS run
    FROM told WINDOW w AS (PARTITION BY play_key ORDER BY time, id)
), states AS (
    -- The first event of a run says whether the video plays, and the others of it do not say.
    SELECT time, next, run > 0 AND first_value(halts) OVER (PARTITION BY play_key, run ORDER BY time, id) AS halted FROM runs
), live AS (
    SELECT greatest(time, %(since)s) AS begins, least(next, time + %(live)s, %(until)s) AS ends
    FROM states WHERE NOT halted AND least(next, time + %(live)s) > %(since)s
), changes AS (
    SELECT at, sum(step) AS step
    FROM (SELECT begins AS at, 1 AS step FROM live UNION ALL SELECT ends, -1 FROM live) AS both_ends
    GROUP BY at
), counts AS (
    SELECT at, sum(step) OVER (ORDER BY at) AS viewers FROM changes
)
"""

PEAK: Final[LiteralString] = (
    _LIVE_PLAYBACKS + "SELECT viewers::integer, at FROM counts WHERE viewers > 0 ORDER BY viewers DESC, at LIMIT 1"
)
"""(viewers, at): the peak of a day and when it was first reached; no row when nobody watched."""

KEEP_PEAK: Final[LiteralString] = """
INSERT INTO video_peaks (site_no, day, viewers, at) VALUES (%(site_no)s, %(day)s, %(viewers)s, %(at)s)
ON CONFLICT (site_no, day) DO UPDATE SET viewers = excluded.viewers, at = excluded.at
"""

_KEPT: Final[LiteralString] = """
SELECT d.day, d.closed AND NOT d.dirty, p.viewers, p.at, d.whole
FROM site_days d LEFT JOIN video_peaks p USING (site_no, day)
WHERE d.site_no = %(site_no)s AND d.day BETWEEN %(start)s AND %(end)s
"""


def peak_parameters(site_no: int, day: date, timezone: str, video_id: str | None = None) -> dict[str, Any]:
    """Return what PEAK takes for a local day, of one video or (None) all."""
    since, until = (day_start(one, timezone) * MICROSECONDS for one in (day, day + timedelta(days=1)))
    return {
        "site_no": site_no,
        "day": day,
        "since": since,
        "until": until,
        "first_day": instant(since - LOOK_BACK).date(),
        "last_day": instant(until - 1).date(),
        "look_back": LOOK_BACK,
        "live": LIVE,
        "video_id": video_id,
        "stateless": [BUFFER, SEEK, QUALITY_CHANGE],
        "halting": [PAUSE, COMPLETE],
        "error": ERROR,
        "fatal": FATAL,
        "bot": BOT,
    }


def require_few_days(days: Days) -> None:
    """Raise OutOfBoundsError for more days than the peaks of one video are counted over."""
    if (days.end - days.start).days >= MOST_DAYS:
        message = f"The peaks of one video are given for at most {MOST_DAYS} days."
        raise OutOfBoundsError(message, [(["query", "startDate"], message)])


def daily_peaks(read: Read, site_no: int, days: Days, video_id: str | None = None) -> list[dict[str, Any]]:
    """Return every day with its peak and when (microseconds, None when nobody watched) it was first reached."""
    kept = {row[0]: row[1:] for row in read(_KEPT, {"site_no": site_no, "start": days.start, "end": days.end})}
    found = []
    for day in Span(days.start, days.end).days:
        viewers, at = _peak(read, kept.get(day), peak_parameters(site_no, day, days.timezone, video_id))
        found.append({"date": day, "concurrent_viewers": viewers, "at": at})
    return found


def _peak(read: Read, kept: tuple[Any, ...] | None, parameters: Mapping[str, Any]) -> tuple[int, int | None]:
    """Return the peak of a day; a day without a row in `site_days` has no events."""
    if kept is None:
        return 0, None
    settled, viewers, at, whole = kept
    if viewers is not None and parameters["video_id"] is None and (settled or not whole):
        return viewers, at
    return next(iter(read(PEAK, parameters)), (0, None))
