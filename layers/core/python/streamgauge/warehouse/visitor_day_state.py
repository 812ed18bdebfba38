"""Visitor-days in Postgres: who appears under which value on a day; crossing zero changes the visitors of a rollup."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from streamgauge.store.postgres import rows_parameter

if TYPE_CHECKING:
    from datetime import date

    from streamgauge.store.postgres import Connection
    from streamgauge.warehouse.site_batch import SiteBatch

# The rows are their own anchors: made or found in the order of their key, then locked, then read.
_INSERT: Final = """
    INSERT INTO visitor_days (site_no, day, bots, visitor, lasting, codes, counts)
    SELECT %(site_no)s, t.* FROM json_to_recordset(%(rows)s)
        AS t(day date, bots boolean, visitor bigint, lasting boolean, codes bigint[], counts integer[])
    ON CONFLICT DO NOTHING
    RETURNING day, bots, visitor
"""
_LOCK: Final = """
    SELECT 1 FROM visitor_days AS v
    JOIN json_to_recordset(%(rows)s) AS t(day date, bots boolean, visitor bigint) USING (day, bots, visitor)
    WHERE v.site_no = %(site_no)s ORDER BY v.day, v.bots, v.visitor FOR NO KEY UPDATE OF v
"""
_READ: Final = """
    SELECT v.day, v.bots, v.visitor, v.codes, v.counts FROM visitor_days AS v
    JOIN json_to_recordset(%(rows)s) AS t(day date, bots boolean, visitor bigint) USING (day, bots, visitor)
    WHERE v.site_no = %(site_no)s
"""
_UPDATE: Final = """
    UPDATE visitor_days AS v SET codes = t.codes, counts = t.counts
    FROM json_to_recordset(%(rows)s) AS t(day date, bots boolean, visitor bigint, codes bigint[], counts integer[])
    WHERE v.site_no = %(site_no)s AND v.day = t.day AND v.bots = t.bots AND v.visitor = t.visitor
"""

Key = tuple["date", bool, int]


def settle_visitor_days(connection: Connection, batch: SiteBatch) -> None:
    """Write the appearances of a batch, and count visitors in and out where a value is newly or no longer theirs."""
    into = batch.contributions
    changes: dict[Key, dict[int, int]] = {}
    for key in sorted(into.presence):
        change = {code: count for code, count in into.presence[key].items() if count}
        if change:
            changes[key] = change
    if not changes:
        return
    made = _insert(connection, batch, changes)
    for key in made:
        for code in changes[key]:
            into.settle_visitor(key[0], bot=key[1], code=code, step=1, lasting=into.lasting[key[2]])
    _update(connection, batch, {key: change for key, change in changes.items() if key not in made})


def _insert(connection: Connection, batch: SiteBatch, changes: dict[Key, dict[int, int]]) -> set[Key]:
    rows = [
        _row(key)
        | {"lasting": batch.contributions.lasting[key[2]], "codes": list(change), "counts": list(change.values())}
        for key, change in changes.items()
        # Only what was there before can shrink.
        if min(change.values()) > 0
    ]
    if not rows:
        return set()
    return set(connection.execute(_INSERT, {"site_no": batch.site_no, "rows": rows_parameter(rows)}).fetchall())


def _update(connection: Connection, batch: SiteBatch, changes: dict[Key, dict[int, int]]) -> None:
    if not changes:
        return
    into = batch.contributions
    parameters = {"site_no": batch.site_no, "rows": rows_parameter([_row(key) for key in changes])}
    connection.execute(_LOCK, parameters)
    rows: list[dict[str, Any]] = []
    for *key_parts, codes, counts in connection.execute(_READ, parameters).fetchall():
        day, bot, visitor = key = tuple(key_parts)
        held = dict(zip(codes, counts, strict=True))
        for code, change in changes[key].items():
            before = held.get(code, 0)
            held[code] = after = before + change
            if (before > 0) != (after > 0):
                step = 1 if after > 0 else -1
                into.settle_visitor(day, bot=bot, code=code, step=step, lasting=into.lasting[visitor])
        held = {code: count for code, count in held.items() if count}
        rows.append(_row(key) | {"codes": list(held), "counts": list(held.values())})
    if len(rows) != len(changes):
        raise RuntimeError(f"{len(changes) - len(rows)} visitor-days to change are not there")
    connection.execute(_UPDATE, {"site_no": batch.site_no, "rows": rows_parameter(rows)})


def _row(key: Key) -> dict[str, Any]:
    day, bots, visitor = key
    return {"day": day.isoformat(), "bots": bots, "visitor": visitor}
