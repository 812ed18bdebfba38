"""The SQL of accounting."""

from __future__ import annotations

from typing import Final

ACCOUNTS: Final = """
SELECT quarter::bigint * 900, sum(max_n::bigint + 1)::bigint, sum(stored)::bigint, sum(duplicates)::bigint, sum(repeats)::bigint,
       sum(dead_lettered)::bigint
FROM accounting
WHERE site_no = %(site_no)s AND quarter >= %(start)s / 900 AND quarter < %(end)s / 900
GROUP BY quarter
"""
