"""SQL of the video reports."""

from __future__ import annotations

from typing import Final, LiteralString

FIGURES: Final[LiteralString] = """
SELECT coalesce(sum(views), 0)::bigint, coalesce(sum(qualified), 0)::bigint, coalesce(sum(measured), 0)::bigint,
    coalesce(sum(completions), 0)::bigint, coalesce(sum(failures), 0)::bigint, coalesce(sum(exits), 0)::bigint,
    coalesce(sum(watched), 0)::bigint, coalesce(sum(covered), 0)::bigint, coalesce(sum(buffered), 0)::bigint,
    (
        SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY startup_time) FROM playbacks
        WHERE site_no = %(site_no)s AND video_id = %(video_id)s AND day BETWEEN %(start)s AND %(end)s
            AND bot = ANY(%(bots)s) AND startup_time IS NOT NULL AND (started_at IS NOT NULL OR progressed)
    )
FROM rollup_videos
WHERE site_no = %(site_no)s AND video_id = %(video_id)s AND day BETWEEN %(start)s AND %(end)s AND bots = ANY(%(bots)s)
"""
"""The sums of `rollup_videos`, and the median startup time of the playbacks (seconds, NULL without any)."""

VIEWERS: Final[LiteralString] = """
SELECT coalesce(sum(visitors), 0)::bigint, coalesce(sum(lasting), 0)::bigint
FROM rollup_days
WHERE site_no = %(site_no)s AND dimension = %(dimension)s AND day = ANY(%(days)s) AND bots = ANY(%(bots)s)
    AND code = %(code)s
"""
"""(sum of daily viewers, those of them whose ids outlast the day). The days are listed: the index has the code behind them."""
