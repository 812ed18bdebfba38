"""SQL of the video reports."""

from __future__ import annotations

from typing import Final, LiteralString

_SUMS: Final[LiteralString] = """coalesce(sum(views), 0)::bigint, coalesce(sum(qualified), 0)::bigint,
    coalesce(sum(measured), 0)::bigint, coalesce(sum(completions), 0)::bigint, coalesce(sum(failures), 0)::bigint,
    coalesce(sum(exits), 0)::bigint, coalesce(sum(watched), 0)::bigint, coalesce(sum(covered), 0)::bigint,
    coalesce(sum(buffered), 0)::bigint, coalesce(sum(kilobits), 0)::bigint, coalesce(sum(timed), 0)::bigint"""
"""The amounts of `rollup_videos`, in the order of VIDEO_AMOUNTS."""

_OF_PLAYBACKS: Final[LiteralString] = """coalesce(sum(amounts[1]), 0)::bigint, coalesce(sum(amounts[2]), 0)::bigint,
    coalesce(sum(amounts[3]), 0)::bigint, coalesce(sum(amounts[4]), 0)::bigint, coalesce(sum(amounts[5]), 0)::bigint,
    coalesce(sum(amounts[6]), 0)::bigint, coalesce(sum(amounts[7]), 0)::bigint, coalesce(sum(amounts[8]), 0)::bigint,
    coalesce(sum(amounts[9]), 0)::bigint, coalesce(sum(amounts[10]), 0)::bigint, coalesce(sum(amounts[11]), 0)::bigint"""
"""The same of single playbacks."""

_OF_VIDEO: Final[LiteralString] = """site_no = %(site_no)s AND video_id = %(video_id)s
    AND day BETWEEN %(start)s AND %(end)s AND bots = ANY(%(bots)s)"""
_PLAYED: Final[LiteralString] = """site_no = %(site_no)s AND video_id = %(video_id)s
    AND day BETWEEN %(start)s AND %(end)s AND bot = ANY(%(bots)s) AND amounts IS NOT NULL"""

FIGURES: Final[LiteralString] = f"SELECT {_SUMS} FROM rollup_videos WHERE {_OF_VIDEO}"

DAYS: Final[LiteralString] = f"SELECT day, {_SUMS} FROM rollup_videos WHERE {_OF_VIDEO} GROUP BY day"

VALUES: Final[LiteralString] = f"""
SELECT value, sum(amount)::bigint FROM rollup_video_values WHERE {_OF_VIDEO} AND kind = %(kind)s GROUP BY value
HAVING sum(amount) <> 0
"""
"""(value, amount) of a kind: startup times, renditions."""

CURVE: Final[LiteralString] = f"""
SELECT n, sum(a)::bigint, sum(w)::bigint
FROM rollup_video_curves, unnest(audience, watches) WITH ORDINALITY AS points(a, w, n)
WHERE {_OF_VIDEO} GROUP BY n
"""
"""(point from 1, audience, watches)."""

VIEWERS: Final[LiteralString] = """
SELECT code, sum(visitors)::bigint, sum(lasting)::bigint
FROM rollup_days
WHERE site_no = %(site_no)s AND dimension = %(dimension)s AND day = ANY(%(days)s) AND bots = ANY(%(bots)s)
    AND code = ANY(%(codes)s)
GROUP BY code
"""
"""(code, sum of daily viewers, those of them whose ids outlast the day). The days are listed: the index has the code behind
them."""

VIEWERS_BY_DAY: Final[LiteralString] = """
SELECT day, sum(visitors)::bigint FROM rollup_days
WHERE site_no = %(site_no)s AND dimension = %(dimension)s AND day = ANY(%(days)s) AND bots = ANY(%(bots)s) AND code = %(code)s
GROUP BY day
"""

_LIST: Final[LiteralString] = f"""
SELECT video_id, {_SUMS} FROM rollup_videos
WHERE site_no = %(site_no)s AND day BETWEEN %(start)s AND %(end)s AND bots = ANY(%(bots)s)
GROUP BY video_id HAVING sum(views) > 0
"""
MOST: Final[dict[str, LiteralString]] = {
    "views": f"{_LIST} ORDER BY sum(views) DESC, video_id LIMIT %(limit)s OFFSET %(skip)s",
    "watch_time": f"{_LIST} ORDER BY sum(watched) DESC, video_id LIMIT %(limit)s OFFSET %(skip)s",
    "qualified_views": f"{_LIST} ORDER BY sum(qualified) DESC, video_id LIMIT %(limit)s OFFSET %(skip)s",
}
"""Videos with their amounts, by what they are sorted by."""

HOURS: Final[LiteralString] = f"""
SELECT width_bucket(start, %(hours)s::bigint[]) AS bucket, count(DISTINCT viewer), {_OF_PLAYBACKS}
FROM playbacks WHERE {_PLAYED} GROUP BY bucket
"""
"""(number of the hour from 1, viewers, amounts) of playbacks by the hour of their first event."""

STARTED_BEFORE: Final[LiteralString] = f"""
SELECT {_OF_PLAYBACKS} FROM playbacks WHERE {_PLAYED} AND start < %(until)s
"""

STARTUPS_BEFORE: Final[LiteralString] = f"""
SELECT round(startup_time::numeric * 1000)::bigint, count(*) FROM playbacks
WHERE {_PLAYED} AND start < %(until)s AND startup_time IS NOT NULL GROUP BY 1
"""

VIEWERS_BEFORE: Final[LiteralString] = f"""
SELECT DISTINCT bot, viewer, viewer_user OR lasting FROM playbacks
WHERE {_PLAYED} AND start < %(until)s AND viewer IS NOT NULL
"""

_BREAKDOWN: Final[LiteralString] = f"""
SELECT v.value, count(DISTINCT viewer), percentile_cont(0.5) WITHIN GROUP (ORDER BY startup_time), {_OF_PLAYBACKS},
    sum(count(*)) OVER ()
FROM playbacks p CROSS JOIN LATERAL (
    SELECT CASE %(by)s WHEN 'country' THEN s.country WHEN 'region' THEN s.region WHEN 'city' THEN s.city
        WHEN 'browser' THEN s.browser WHEN 'os' THEN s.os WHEN 'device' THEN s.device WHEN 'screen' THEN s.screen
        WHEN 'language' THEN s.language END AS value
    FROM surroundings s WHERE s.code = p.surroundings
) v
WHERE {_PLAYED}
GROUP BY v.value
"""
BREAKDOWN: Final[LiteralString] = (
    f"{_BREAKDOWN} ORDER BY sum(amounts[1]) DESC, v.value NULLS LAST LIMIT %(limit)s OFFSET %(skip)s"
)
"""(value or NULL, viewers, median startup in seconds, amounts, views of all values)."""

USER_DAYS: Final[LiteralString] = f"""
SELECT day, count(DISTINCT video_id), {_OF_PLAYBACKS} FROM playbacks
WHERE site_no = %(site_no)s AND viewer = %(viewer)s AND viewer_user AND day BETWEEN %(start)s AND %(end)s
    AND bot = ANY(%(bots)s) AND amounts IS NOT NULL
GROUP BY day
"""
"""(day, videos, amounts) of a user."""

DAY_IS_WHOLE: Final[LiteralString] = """
SELECT coalesce(bool_and(whole), true) FROM site_days WHERE site_no = %(site_no)s AND day = %(day)s
"""
