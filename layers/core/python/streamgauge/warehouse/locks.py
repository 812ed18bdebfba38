"""Anchors: rows that exist only to be locked, so that two batches never work on one chain at the same time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from streamgauge.warehouse.dictionaries import bigints

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streamgauge.store.postgres import Connection

_MAKE: Final = """
    INSERT INTO anchors (site_no, key)
    SELECT %(site_no)s, key FROM unnest(%(keys)s::bigint[]) AS wanted(key) ORDER BY key
    ON CONFLICT DO NOTHING
"""
# One look into the index per key, in the order of the array: as one condition the planner, for want of figures about a table
# that grows by the minute, reads all anchors of the site.
_LOCK: Final = """
    SELECT count(*) FROM unnest(%(keys)s::bigint[]) AS wanted(key) CROSS JOIN LATERAL (
        SELECT 1 FROM anchors WHERE site_no = %(site_no)s AND key = wanted.key FOR NO KEY UPDATE
    ) AS held
"""


class MoreLocksNeededError(Exception):
    """Raised inside the transaction when a chain turns out to have keys that are not locked: it starts again with them."""

    def __init__(self, keys: set[int]) -> None:
        super().__init__(f"{len(keys)} more keys to lock")
        self.keys = keys


def lock(connection: Connection, site_no: int, keys: Iterable[int]) -> None:
    """Make and lock the anchors of keys, in the order of the keys, as every transaction does."""
    ordered = sorted(set(keys))
    if not ordered:
        return
    parameters = {"site_no": site_no, "keys": bigints(ordered)}
    connection.execute(_MAKE, parameters, prepare=True)
    connection.execute(_LOCK, parameters)
