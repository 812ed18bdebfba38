"""The video reports: what each asks of the rollups, and how it is put together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamgauge.dimensions import Dimension, code_of
from streamgauge.rollups.ranges import BOT_FLAGS, Span
from streamgauge.rollups.uniques import Uniques
from streamgauge.video import queries
from streamgauge.video.figures import MILLION, Sums

if TYPE_CHECKING:
    from streamgauge.rollups.ranges import Bots, Days, Read


def video_metrics(read: Read, site_no: int, video_id: str, days: Days, bots: Bots) -> dict[str, Any]:
    """Return the figures of a video; a video that nobody has played in these days has zeros, known or not."""
    key: dict[str, Any] = {
        "site_no": site_no,
        "video_id": video_id,
        "start": days.start,
        "end": days.end,
        "bots": BOT_FLAGS[bots],
    }
    *amounts, startup_time = read(queries.FIGURES, key)[0]
    sums = Sums(*amounts)
    viewers, counted = _viewers(read, key, code_of(Dimension.VIEWER, video_id))
    return {
        "video_id": video_id,
        "views": sums.views,
        "unique_viewers": viewers,
        # Whole seconds where they are whole: half a second is watch time too.
        "watch_time_seconds": sums.watched / MILLION,
        "avg_watch_percentage": sums.avg_watch_percentage,
        "completion_rate": sums.completion_rate,
        "engagement_score": sums.engagement_score,
        "qualified_views": sums.qualified,
        "startup_time_seconds": startup_time or 0.0,
        "rebuffer_ratio": sums.rebuffer_ratio,
        "error_rate": sums.error_rate,
        "exits_before_start": sums.exits,
        "viewers_counted": counted,
    }


def _viewers(read: Read, key: dict[str, Any], code: int) -> tuple[int, str]:
    """Return the distinct viewers of the range and how they were counted."""
    span = Span(key["start"], key["end"])
    asked = {**key, "dimension": int(Dimension.VIEWER), "code": code, "days": span.days}
    daily, lasting = read(queries.VIEWERS, asked)[0]
    if span.start == span.end:
        return daily, "distinct"
    if not lasting:
        return daily, "daily_sum" if daily else "distinct"
    uniques = Uniques(read, key["site_no"], span.start, span.end, key["bots"])
    return daily - lasting + uniques.count([code]).get(code, 0), "distinct" if lasting == daily else "mixed"
