"""The SQL of accounting."""

from __future__ import annotations

from typing import Final

ACCOUNTS: Final = """
SELECT hour, sum(max_n::bigint + 1)::bigint, sum(stored)::bigint, sum(duplicates)::bigint, sum(repeats)::bigint,
       sum(dead_lettered)::bigint
FROM accounting
WHERE site_no = %(site_no)s AND hour >= %(start)s AND hour < %(end)s
GROUP BY hour
"""
