"""Visitor-days in Postgres: who appears under which value on a day; crossing zero changes the visitors of a rollup."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from streamgauge.store.postgres import array, columns

if TYPE_CHECKING:
    from datetime import date

    from streamgauge.store.postgres import Connection
    from streamgauge.warehouse.site_batch import SiteBatch

# The rows are their own anchors: made or found in the order of their key, then locked, each read as it is once it is locked.
_INSERT: Final = """
    INSERT INTO visitor_days (site_no, day, bots, visitor, lasting, codes, counts)
    SELECT %(site_no)s, day, bots, visitor, lasting, (%(all_codes)s::bigint[])[first_code:last_code], counts::integer[]
    FROM unnest(%(day)s::date[], %(bots)s::boolean[], %(visitor)s::bigint[], %(lasting)s::boolean[],
        %(first_code)s::integer[], %(last_code)s::integer[], %(counts)s::text[])
        AS t(day, bots, visitor, lasting, first_code, last_code, counts)
    ON CONFLICT DO NOTHING
    RETURNING day, bots, visitor
"""
_LOCK: Final = """
    SELECT v.day, v.bots, v.visitor, v.codes, v.counts FROM visitor_days AS v
    JOIN unnest(%(day)s::date[], %(bots)s::boolean[], %(visitor)s::bigint[]) AS t(day, bots, visitor)
        USING (day, bots, visitor)
    WHERE v.site_no = %(site_no)s ORDER BY v.day, v.bots, v.visitor FOR NO KEY UPDATE OF v
"""
_UPDATE: Final = """
    UPDATE visitor_days AS v
    SET codes = (%(all_codes)s::bigint[])[t.first_code:t.last_code], counts = t.counts::integer[]
    FROM unnest(%(day)s::date[], %(bots)s::boolean[], %(visitor)s::bigint[], %(first_code)s::integer[],
        %(last_code)s::integer[], %(counts)s::text[]) AS t(day, bots, visitor, first_code, last_code, counts)
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
        into.settle_visitor(key, changes[key], 1)
    _update(connection, batch, {key: change for key, change in changes.items() if key not in made})


def _insert(connection: Connection, batch: SiteBatch, changes: dict[Key, dict[int, int]]) -> set[Key]:
    rows = _Rows()
    lasting = []
    for key, change in changes.items():
        # Only what was there before can shrink.
        if min(change.values()) > 0:
            rows.add(key, change)
            lasting.append(batch.contributions.lasting[key[2]])
    if not lasting:
        return set()
    parameters = rows.parameters() | {"site_no": batch.site_no, "lasting": array(lasting)}
    return set(connection.execute(_INSERT, parameters).fetchall())


def _update(connection: Connection, batch: SiteBatch, changes: dict[Key, dict[int, int]]) -> None:
    if not changes:
        return
    into = batch.contributions
    days, bots, visitors = zip(*((day.isoformat(), bot, visitor) for day, bot, visitor in changes), strict=True)
    parameters = {"site_no": batch.site_no, "day": array(days), "bots": array(bots), "visitor": array(visitors)}
    found = connection.execute(_LOCK, parameters).fetchall()
    if len(found) != len(changes):
        raise RuntimeError(f"{len(changes) - len(found)} visitor-days to change are not there")
    rows = _Rows()
    for *key_parts, codes, counts in found:
        key: Key = tuple(key_parts)
        held = dict.fromkeys(codes, 1)
        held.update(zip(codes, counts or (), strict=False))
        come: list[int] = []
        gone: list[int] = []
        for code, change in changes[key].items():
            before = held.get(code, 0)
            held[code] = after = before + change
            if before <= 0 < after:
                come.append(code)
            elif after <= 0 < before:
                gone.append(code)
        into.settle_visitor(key, come, 1)
        into.settle_visitor(key, gone, -1)
        rows.add(key, {code: count for code, count in held.items() if count})
    connection.execute(_UPDATE, rows.parameters() | {"site_no": batch.site_no})


class _Rows:
    """Visitor-days as arrays: the codes of all behind one another, and where those of each begin and end."""

    def __init__(self) -> None:
        self._codes: list[int] = []
        self._rows: list[tuple[str, bool, int, int, int, str | None]] = []

    def add(self, key: Key, held: dict[int, int]) -> None:
        """Add a visitor-day with its counts per code."""
        day, bots, visitor = key
        first = len(self._codes) + 1
        codes, counts = packed(held)
        self._codes += codes
        self._rows.append(
            (day.isoformat(), bots, visitor, first, len(self._codes), array(counts) if counts is not None else None)
        )

    def parameters(self) -> dict[str, str]:
        """Return the arrays of `_INSERT` and `_UPDATE`."""
        names = ("day", "bots", "visitor", "first_code", "last_code", "counts")
        arrays = dict(zip(names, columns(self._rows, len(names)), strict=True))
        return arrays | {"all_codes": array(self._codes)}


def packed(held: dict[int, int]) -> tuple[list[int], list[int] | None]:
    """Return codes and the counts of the first of them: those that do not count once come first."""
    if set(held.values()) == {1}:
        return list(held), None
    many = {code: count for code, count in held.items() if count != 1}
    return [*many, *(code for code, count in held.items() if count == 1)], list(many.values()) or None
