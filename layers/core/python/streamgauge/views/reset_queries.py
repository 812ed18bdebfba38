"""SQL of closing the past periods of the view counters."""

from __future__ import annotations

from typing import Final, LiteralString

OPEN_BUCKETS: Final[LiteralString] = """
SELECT DISTINCT bucket FROM view_counters
WHERE site_no = %(site_no)s AND (closed_at IS NULL OR closed_at = '-infinity')
  AND bucket >= %(from)s AND bucket < %(until)s ORDER BY bucket
"""

LOST_DAYS: Final[LiteralString] = """
SELECT day FROM site_days WHERE site_no = %(site_no)s AND NOT whole AND day BETWEEN %(first)s AND %(last)s
"""

DIFFERENCES: Final[LiteralString] = """
WITH wanted AS MATERIALIZED (
    SELECT * FROM json_to_recordset(%(periods)s) AS t(bucket text, since bigint, until bigint)
), raw AS (
    SELECT w.bucket, v.video_id, count(*) AS n
    FROM wanted w JOIN views v ON v.time >= w.since AND v.time < w.until
    WHERE v.site_no = %(site_no)s AND v.day BETWEEN %(first)s AND %(last)s AND v.counted
    GROUP BY 1, 2
), kept AS (
    SELECT c.bucket, c.video_id, c.n, c.version FROM view_counters c JOIN wanted w USING (bucket) WHERE c.site_no = %(site_no)s
)
SELECT bucket, video_id, coalesce(raw.n, 0) AS n, coalesce(kept.version, 0) AS version
FROM raw FULL JOIN kept USING (bucket, video_id)
WHERE coalesce(raw.n, 0) <> coalesce(kept.n, 0)
ORDER BY bucket, video_id
"""
"""One statement sees one state: raw views and counters change in one transaction, so it needs no lock."""

REPAIR: Final[LiteralString] = """
INSERT INTO view_counters AS c (site_no, video_id, bucket, n, version, closed_at)
SELECT %(site_no)s, video_id, bucket, n, 1, '-infinity'
FROM json_to_recordset(%(rows)s) AS t(video_id text, bucket text, n bigint, version bigint) ORDER BY video_id, bucket
ON CONFLICT (site_no, video_id, bucket) DO UPDATE SET n = excluded.n, version = c.version + 1,
    closed_at = excluded.closed_at
WHERE c.version = (SELECT t.version FROM json_to_recordset(%(rows)s) AS t(video_id text, bucket text, version bigint)
    WHERE t.video_id = c.video_id AND t.bucket = c.bucket)
"""
"""A counter that a view has changed since it was read has another version, and keeps its value. A repaired one is closed
`-infinity` until its period closes: so a run that follows one that was killed still knows what to push."""

REPAIRED: Final[LiteralString] = """
SELECT DISTINCT video_id FROM view_counters
WHERE site_no = %(site_no)s AND bucket = ANY(%(buckets)s) AND closed_at = '-infinity' ORDER BY video_id
"""

CLOSE: Final[LiteralString] = """
UPDATE view_counters SET closed_at = %(at)s
WHERE site_no = %(site_no)s AND bucket = ANY(%(buckets)s) AND (closed_at IS NULL OR closed_at = '-infinity')
RETURNING video_id
"""
