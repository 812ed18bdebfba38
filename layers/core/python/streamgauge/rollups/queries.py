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

ADD_BLOCK: Final[LiteralString] = (
    "INSERT INTO unique_blocks (site_no, span, day) VALUES (%(site_no)s, %(span)s, %(day)s)"
)

JOIN_BLOCKS: Final[LiteralString] = """
INSERT INTO uniques (site_no, code, span, day, bots, chunk, bits)
SELECT site_no, code, %(span)s, %(day)s, bots, chunk, bit_or(bits)
FROM uniques
WHERE site_no = %(site_no)s AND span = %(part)s AND day = ANY(%(days)s)
GROUP BY site_no, code, bots, chunk
"""
"""Builds a block of the blocks of a quarter of its span."""

STATE_OF_DAYS: Final[LiteralString] = """
SELECT 0, day, closed AND NOT dirty FROM site_days
WHERE site_no = %(site_no)s AND day BETWEEN %(start)s AND %(end)s
UNION ALL
SELECT span, day, true FROM unique_blocks
WHERE site_no = %(site_no)s AND day BETWEEN %(start)s AND %(end)s
"""
"""(0, day, settled) of the days with events and (span, first day, true) of the blocks that begin in a range."""

DISTINCT_BY_CODE: Final[LiteralString] = """
WITH built AS MATERIALIZED (
    SELECT u.code, u.bots, u.chunk, bit_or(u.bits) AS bits
    FROM unnest(%(codes)s::bigint[]) AS c (code)
    CROSS JOIN unnest(%(spans)s::smallint[], %(days)s::date[]) AS b (span, day)
    JOIN uniques u ON u.site_no = %(site_no)s AND u.code = c.code AND u.span = b.span AND u.day = b.day
        AND u.bots = ANY(%(bots)s)
    GROUP BY u.code, u.bots, u.chunk
), present AS MATERIALIZED (
    SELECT c.code, d.bots, d.visitor
    FROM visitor_days d
    CROSS JOIN LATERAL unnest(d.codes) AS c (code)
    WHERE d.site_no = %(site_no)s AND d.day = ANY(%(open_days)s) AND d.bots = ANY(%(bots)s) AND d.lasting
      AND c.code = ANY(%(codes)s)
    UNION
    SELECT c.code, t.bots, t.visitor
    FROM unnest(%(codes)s::bigint[]) AS c (code)
    CROSS JOIN unnest(%(also_bots)s::boolean[], %(also)s::bigint[]) AS t (bots, visitor)
), fresh AS MATERIALIZED (
    SELECT p.code, p.bots, n.number
    FROM present p LEFT JOIN visitor_numbers n ON n.site_no = %(site_no)s AND n.visitor = p.visitor
)
SELECT code, sum(n)::bigint FROM (
    SELECT code, bit_count(bits) AS n FROM built
    UNION ALL
    SELECT fresh.code, count(*) FROM fresh
    LEFT JOIN built ON built.code = fresh.code AND built.bots = fresh.bots AND built.chunk = fresh.number >> 15
    WHERE built.bits IS NULL OR get_bit(built.bits, fresh.number & 32767) = 0
    GROUP BY fresh.code
) parts
GROUP BY code
"""
"""(code, distinct lasting visitors) over blocks and days that are not settled; bots and people are counted apart and added."""
