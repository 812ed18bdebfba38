"""SQL of the uniques: numbering, building, reading."""

from __future__ import annotations

from typing import Final, LiteralString

NUMBER_VISITORS: Final[LiteralString] = """
INSERT INTO visitor_numbers (site_no, visitor, number)
SELECT %(site_no)s, fresh.visitor, top.number + row_number() OVER (ORDER BY fresh.visitor)
FROM (
    SELECT DISTINCT d.visitor FROM visitor_days d
    WHERE d.site_no = %(site_no)s AND d.day = %(day)s AND d.lasting
      AND NOT EXISTS (SELECT FROM visitor_numbers n WHERE n.site_no = d.site_no AND n.visitor = d.visitor)
) fresh, (SELECT coalesce(max(number), -1) AS number FROM visitor_numbers WHERE site_no = %(site_no)s) top
"""
"""Gives the next numbers to the lasting visitors of a day that have none."""

BITS_OF_DAY: Final[LiteralString] = """
SELECT code, d.bots, number >> 15, string_agg(int2send((number & 32767)::int2), ''::bytea)
FROM visitor_days d
JOIN visitor_numbers n ON n.site_no = d.site_no AND n.visitor = d.visitor
CROSS JOIN LATERAL unnest(d.codes) AS c (code)
WHERE d.site_no = %(site_no)s AND d.day = %(day)s AND d.lasting
GROUP BY code, d.bots, number >> 15
"""
"""(code, bots, chunk, positions as big-endian 16-bit numbers) of a day."""

CODES_OF_DAY: Final[LiteralString] = """
SELECT code, bots FROM rollup_days
WHERE site_no = %(site_no)s AND dimension = ANY(%(dimensions)s) AND day = %(day)s AND lasting > 0
"""
"""What is asked over ranges: hours are no rows of `rollup_days` and get no bitmaps. Joined by the caller: without statistics
the planner joins it by a nested loop."""

DELETE_BLOCK: Final[LiteralString] = """
WITH gone AS (DELETE FROM unique_blocks WHERE site_no = %(site_no)s AND day = %(day)s AND span = %(span)s)
DELETE FROM uniques WHERE site_no = %(site_no)s AND day = %(day)s AND span = %(span)s
"""

COPY_UNIQUES: Final[LiteralString] = (
    "COPY uniques (site_no, code, span, day, bots, chunk, bits) FROM STDIN (FORMAT binary)"
)

ADD_BLOCK: Final[LiteralString] = """
INSERT INTO unique_blocks (site_no, span, day, as_of) VALUES (%(site_no)s, %(span)s, %(day)s, %(as_of)s::xid8)
"""

FORGET_CHANGES: Final[LiteralString] = """
DELETE FROM visitor_day_changes
WHERE site_no = %(site_no)s AND day = %(day)s AND (%(as_of)s::xid8 IS NULL OR made_by < %(as_of)s::xid8)
"""
"""What the bitmaps as of a transaction hold (None: all) is no change to them."""

LOCK_SITE: Final[LiteralString] = "SELECT pg_advisory_xact_lock(%(lock)s, %(site_no)s)"

OPEN_DAY: Final[LiteralString] = """
SELECT coalesce((SELECT closed FROM site_days WHERE site_no = %(site_no)s AND day = %(day)s), true),
    coalesce((SELECT sum(lasting) FROM rollup_days
        WHERE site_no = %(site_no)s AND dimension = 0 AND day = %(day)s), 0)::bigint,
    pg_snapshot_xmin(pg_current_snapshot())::text
"""
"""(closed, lasting visitors of the day, the first transaction that may not be seen yet)"""

JOIN_BLOCKS: Final[LiteralString] = """
INSERT INTO uniques (site_no, code, span, day, bots, chunk, bits)
SELECT site_no, code, %(span)s, %(day)s, bots, chunk, bit_or(bits)
FROM uniques
WHERE site_no = %(site_no)s AND span = %(part)s AND day = ANY(%(days)s)
GROUP BY site_no, code, bots, chunk
"""
"""Builds a block of the blocks of a quarter of its span."""

STATE_OF_DAYS: Final[LiteralString] = """
SELECT 0, day, closed AND NOT dirty, NULL FROM site_days
WHERE site_no = %(site_no)s AND day BETWEEN %(start)s AND %(end)s
UNION ALL
SELECT span, day, as_of IS NULL, as_of::text FROM unique_blocks
WHERE site_no = %(site_no)s AND day BETWEEN %(start)s AND %(end)s
"""
"""(0, day, settled, NULL) of the days with events; (span, first day, complete, as of) of the blocks that begin in a range."""

# The laterals keep the planner to the primary key, also on a day of which it has no statistics yet.
_BLOCKS: Final[LiteralString] = """
    SELECT u.code, u.bots, u.chunk, u.bits
    FROM unnest(%(codes)s::bigint[]) AS c (code)
    CROSS JOIN unnest(%(spans)s::smallint[], %(days)s::date[]) AS b (span, day)
    CROSS JOIN LATERAL (
        SELECT code, bots, chunk, bits FROM uniques
        WHERE site_no = %(site_no)s AND code = c.code AND span = b.span AND day = b.day AND bots = ANY(%(bots)s)
        OFFSET 0
    ) AS u
"""
# A value of one row passes through `bit_or` compressed as it is stored, and every `get_bit` would unpack it: `|` unpacks it once.
_UNITED: Final[LiteralString] = "CASE count(*) WHEN 1 THEN bit_or(bits) | bit_or(bits) ELSE bit_or(bits) END"

DISTINCT_BY_BLOCKS: Final[LiteralString] = f"""
SELECT code, sum(visitors)::bigint
FROM (SELECT code, bit_count(bit_or(bits)) AS visitors FROM ({_BLOCKS}) AS blocks GROUP BY code, bots, chunk) AS chunks
GROUP BY code
"""
"""(code, distinct lasting visitors) over blocks of settled days; bots and people are counted apart and added."""

DISTINCT_BY_CODE: Final[LiteralString] = f"""
WITH parts AS MATERIALIZED (
    SELECT u.code, u.bots, u.chunk, u.day, u.bits | u.bits AS bits
    FROM unnest(%(codes)s::bigint[]) AS c (code)
    CROSS JOIN unnest(%(part_days)s::date[]) AS b (day)
    CROSS JOIN LATERAL (
        SELECT code, bots, chunk, day, bits FROM uniques
        WHERE site_no = %(site_no)s AND code = c.code AND span = 1 AND day = b.day AND bots = ANY(%(bots)s)
        OFFSET 0
    ) AS u
), united AS MATERIALIZED (
    SELECT code, bots, chunk, {_UNITED} AS bits
    FROM (SELECT code, bots, chunk, bits FROM parts UNION ALL {_BLOCKS}) AS both_kinds
    GROUP BY code, bots, chunk
), built AS MATERIALIZED (
    SELECT code, bots, chunk, {_UNITED} AS bits
    FROM ({_BLOCKS}) AS blocks
    GROUP BY code, bots, chunk
), changed AS MATERIALIZED (
    SELECT n.bots, n.day, n.visitor, d.codes,
        (SELECT v.number FROM visitor_numbers v WHERE v.site_no = %(site_no)s AND v.visitor = n.visitor) AS number
    FROM (
        SELECT DISTINCT c.bots, c.day, v.visitor
        FROM unnest(%(part_days)s::date[], %(as_of)s::xid8[]) AS p (day, as_of)
        JOIN visitor_day_changes c ON c.site_no = %(site_no)s AND c.day = p.day AND c.made_by >= p.as_of
            AND c.bots = ANY(%(bots)s)
        CROSS JOIN LATERAL unnest(c.visitors) AS v (visitor)
    ) AS n
    CROSS JOIN LATERAL (
        SELECT codes FROM visitor_days
        WHERE site_no = %(site_no)s AND day = n.day AND bots = n.bots AND visitor = n.visitor AND lasting
        OFFSET 0
    ) AS d
), present AS MATERIALIZED (
    SELECT c.code, d.bots, d.visitor
    FROM visitor_days d
    CROSS JOIN LATERAL unnest(d.codes) AS c (code)
    WHERE d.site_no = %(site_no)s AND d.day = ANY(%(open_days)s::date[]) AND d.bots = ANY(%(bots)s) AND d.lasting
        AND c.code = ANY(%(codes)s)
    UNION
    SELECT c.code, d.bots, d.visitor
    FROM changed d CROSS JOIN LATERAL unnest(d.codes) AS c (code)
    WHERE c.code = ANY(%(codes)s)
    UNION
    SELECT code, bots, visitor
    FROM unnest(%(also_codes)s::bigint[], %(also_bots)s::boolean[], %(also)s::bigint[]) AS t (code, bots, visitor)
), known AS MATERIALIZED (
    SELECT p.code, p.bots,
        (SELECT v.number FROM visitor_numbers v WHERE v.site_no = %(site_no)s AND v.visitor = p.visitor) AS number
    FROM present p
), come AS (
    SELECT p.code, count(*) AS n
    FROM known p
    LEFT JOIN united u ON u.code = p.code AND u.bots = p.bots AND u.chunk = p.number >> 15
    WHERE u.bits IS NULL OR get_bit(u.bits, p.number & 32767) = 0
    GROUP BY p.code
), was AS MATERIALIZED (
    SELECT DISTINCT p.code, n.bots, n.visitor, n.number
    FROM changed n
    JOIN parts p ON p.bots = n.bots AND p.day = n.day AND p.chunk = n.number >> 15
    WHERE get_bit(p.bits, n.number & 32767) = 1
), vanished AS MATERIALIZED (
    SELECT w.code, w.bots, w.visitor, w.number FROM was w
    WHERE NOT EXISTS (SELECT FROM present r WHERE r.code = w.code AND r.bots = w.bots AND r.visitor = w.visitor)
), gone AS (
    SELECT w.code, count(*) AS n
    FROM vanished w
    LEFT JOIN built b ON b.code = w.code AND b.bots = w.bots AND b.chunk = w.number >> 15
    WHERE (b.bits IS NULL OR get_bit(b.bits, w.number & 32767) = 0)
        AND NOT EXISTS (
            SELECT FROM parts q
            WHERE q.code = w.code AND q.bots = w.bots AND q.chunk = w.number >> 15
                AND get_bit(q.bits, w.number & 32767) = 1
                AND NOT EXISTS (
                    SELECT FROM changed c WHERE c.bots = q.bots AND c.day = q.day AND c.visitor = w.visitor
                )
        )
    GROUP BY w.code
)
SELECT code, sum(n)::bigint FROM (
    SELECT code, bit_count(bits) AS n FROM united
    UNION ALL SELECT code, n FROM come
    UNION ALL SELECT code, -n FROM gone
) AS amounts
GROUP BY code
"""
"""As DISTINCT_BY_BLOCKS, with days that are not settled: `open_days` from their rows; `part_days` from bitmaps as of an
instant, corrected by the rows that changed since: visitors that came to a value, and those that are gone from it everywhere.
"""

BITS_BY_PERIOD: Final[LiteralString] = """
SELECT p.period, u.bots, u.chunk, varbit_send(bit_or(u.bits))
FROM unnest(%(periods)s::integer[], %(spans)s::smallint[], %(days)s::date[]) AS p (period, span, day)
JOIN uniques u ON u.site_no = %(site_no)s AND u.code = ANY(%(codes)s) AND u.span = p.span AND u.day = p.day
    AND u.bots = ANY(%(bots)s)
GROUP BY p.period, u.bots, u.chunk
"""
"""(period, bots, chunk, bits) of blocks."""

BITS_OF_PART_DAYS: Final[LiteralString] = """
SELECT bots, day, chunk, varbit_send(bit_or(bits)) FROM uniques
WHERE site_no = %(site_no)s AND code = ANY(%(codes)s) AND span = 1 AND day = ANY(%(part_days)s::date[]) AND bots = ANY(%(bots)s)
GROUP BY bots, day, chunk
"""
"""(bots, day, chunk, bits) of days whose bitmaps are as of an instant."""

CHANGED_SINCE: Final[LiteralString] = """
SELECT n.bots, n.day, n.visitor, (SELECT v.number FROM visitor_numbers v WHERE v.site_no = %(site_no)s AND v.visitor = n.visitor),
    coalesce(d.present, false)
FROM (
    SELECT DISTINCT c.bots, c.day, v.visitor
    FROM unnest(%(part_days)s::date[], %(as_of)s::xid8[]) AS p (day, as_of)
    JOIN visitor_day_changes c ON c.site_no = %(site_no)s AND c.day = p.day AND c.made_by >= p.as_of AND c.bots = ANY(%(bots)s)
    CROSS JOIN LATERAL unnest(c.visitors) AS v (visitor)
) AS n
LEFT JOIN LATERAL (
    SELECT codes && %(codes)s::bigint[] AS present FROM visitor_days
    WHERE site_no = %(site_no)s AND day = n.day AND bots = n.bots AND visitor = n.visitor AND lasting
    OFFSET 0
) AS d ON true
"""
"""(bots, day, visitor, number, whether they are there now) of those whose rows changed since the bitmaps of their day."""

VISITORS_BEFORE: Final[LiteralString] = """
SELECT bots, chunk, varbit_send(bits) FROM visitors_before WHERE site_no = %(site_no)s AND bots = ANY(%(bots)s)
"""
"""(bots, chunk, bits) of those who were there on days whose rollups are gone."""

FIRST_DAY: Final[LiteralString] = "SELECT min(day) FROM site_days WHERE site_no = %(site_no)s"

VISITORS_BY_PERIOD: Final[LiteralString] = """
SELECT DISTINCT d.bots, p.period, d.visitor, n.number
FROM unnest(%(periods)s::integer[], %(days)s::date[]) AS p (period, day)
JOIN visitor_days d ON d.site_no = %(site_no)s AND d.day = p.day AND d.bots = ANY(%(bots)s)
LEFT JOIN visitor_numbers n ON n.site_no = d.site_no AND n.visitor = d.visitor
WHERE d.lasting AND EXISTS (SELECT FROM unnest(d.codes) AS c (code) WHERE code = ANY(%(codes)s::bigint[]))
"""
"""(bots, period, visitor, number) of the lasting visitors of days that have no complete bitmaps."""

REMEMBER_DAY: Final[LiteralString] = """
INSERT INTO visitors_before AS b (site_no, bots, chunk, bits)
SELECT site_no, bots, chunk, bits FROM uniques
WHERE site_no = %(site_no)s AND code = %(code)s AND span = 1 AND day = %(day)s
ON CONFLICT (site_no, bots, chunk) DO UPDATE SET bits = b.bits | excluded.bits
"""
"""Keeps who was there on a day whose rollups go."""

FIRST_OWN_DAY: Final[LiteralString] = """
SELECT min(day) FROM rollup_days WHERE site_no = %(site_no)s AND dimension = 0 AND NOT bots AND visits > 0
"""

HAS_IMPORTED: Final[LiteralString] = "SELECT EXISTS (SELECT FROM imported_days WHERE site_no = %(site_no)s)"
