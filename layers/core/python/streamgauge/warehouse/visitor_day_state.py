"""Visitor-days in Postgres: who appears under which value on a day; crossing zero changes the visitors of a rollup."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, LiteralString

from streamgauge.store.postgres import array, columns

if TYPE_CHECKING:
    from datetime import date

    from streamgauge.store.postgres import Connection
    from streamgauge.warehouse.site_batch import SiteBatch

# The rows are their own anchors: those that are there are locked in the order of their key and read as they are then; the others
# are made in that order. One look into the index per row: as a join the planner, for want of figures about a table that grows by
# the minute, reads all rows of the site.
_LOCK: Final = """
    SELECT v.* FROM unnest(%(day)s::date[], %(bots)s::boolean[], %(visitor)s::bigint[]) AS t(day, bots, visitor)
    CROSS JOIN LATERAL (
        SELECT day, bots, visitor, codes, counts FROM visitor_days
        WHERE site_no = %(site_no)s AND day = t.day AND bots = t.bots AND visitor = t.visitor FOR NO KEY UPDATE
    ) AS v
"""
_ROWS: Final[LiteralString] = """
    INSERT INTO visitor_days AS v (site_no, day, bots, visitor, lasting, codes, counts)
    SELECT %(site_no)s, day, bots, visitor, lasting, (%(all_codes)s::bigint[])[first_code:last_code], counts::integer[]
    FROM unnest(%(day)s::date[], %(bots)s::boolean[], %(visitor)s::bigint[], %(lasting)s::boolean[],
        %(first_code)s::integer[], %(last_code)s::integer[], %(counts)s::text[])
        AS t(day, bots, visitor, lasting, first_code, last_code, counts)
"""
_INSERT: Final = _ROWS + "ON CONFLICT DO NOTHING RETURNING day, bots, visitor"
# The rows are there, and locked: this form finds each by its key alone, for the same reason.
_UPDATE: Final = (
    _ROWS + "ON CONFLICT (site_no, day, bots, visitor) DO UPDATE SET codes = excluded.codes, counts = excluded.counts"
)

Key = tuple["date", bool, int]


def settle_visitor_days(connection: Connection, batch: SiteBatch) -> None:
    """Write the appearances of a batch, and count visitors in and out where a value is newly or no longer theirs."""
    into = batch.contributions
    changes: dict[Key, dict[int, int]] = {}
    for key in sorted(into.presence):
        change = into.presence[key]
        if not all(change.values()):
            change = {code: count for code, count in change.items() if count}
        if change:
            changes[key] = change
    while changes:
        there = _update(connection, batch, changes)
        changes = {key: change for key, change in changes.items() if key not in there}
        # Another batch may have made some of them meanwhile: those are there now.
        made = _insert(connection, batch, changes)
        changes = {key: change for key, change in changes.items() if key not in made}


def _insert(connection: Connection, batch: SiteBatch, changes: dict[Key, dict[int, int]]) -> set[Key]:
    """Make rows, and return the keys of those that this batch made."""
    if not changes:
        return set()
    into = batch.contributions
    rows = _Rows()
    for key, change in changes.items():
        if min(change.values()) < 0:
            raise RuntimeError("a visitor-day to take away from is not there")
        rows.add(key, change, lasting=into.lasting[key[2]])
    made = set(connection.execute(_INSERT, rows.parameters(batch.site_no), prepare=True).fetchall())
    into.settle_visitors(((key, changes[key]) for key in made), 1)
    return made


def _update(connection: Connection, batch: SiteBatch, changes: dict[Key, dict[int, int]]) -> set[Key]:
    """Change the rows that are there, and return their keys."""
    into = batch.contributions
    days, bots, visitors = zip(*((day.isoformat(), bot, visitor) for day, bot, visitor in changes), strict=True)
    parameters = {"site_no": batch.site_no, "day": array(days), "bots": array(bots), "visitor": array(visitors)}
    found = connection.execute(_LOCK, parameters).fetchall()
    if not found:
        return set()
    rows = _Rows()
    come: list[tuple[Key, list[int]]] = []
    gone: list[tuple[Key, list[int]]] = []
    for *key_parts, codes, counts in found:
        key: Key = tuple(key_parts)
        held = dict.fromkeys(codes, 1)
        held.update(zip(codes, counts or (), strict=False))
        newly: list[int] = []
        no_longer: list[int] = []
        for code, change in changes[key].items():
            before = held.get(code, 0)
            held[code] = after = before + change
            if before <= 0 < after:
                newly.append(code)
            elif after <= 0 < before:
                no_longer.append(code)
        come.append((key, newly))
        gone.append((key, no_longer))
        if not all(held.values()):
            held = {code: count for code, count in held.items() if count}
        rows.add(key, held, lasting=into.lasting[key[2]])
    into.settle_visitors(come, 1)
    into.settle_visitors(gone, -1)
    connection.execute(_UPDATE, rows.parameters(batch.site_no), prepare=True)
    return {key for key, _ in come}


class _Rows:
    """Visitor-days as arrays: the codes of all behind one another, and where those of each begin and end."""

    def __init__(self) -> None:
        self._codes: list[int] = []
        self._rows: list[tuple[str, bool, int, bool, int, int, str | None]] = []

    def add(self, key: Key, held: dict[int, int], *, lasting: bool) -> None:
        """Add a visitor-day with its counts per code."""
        day, bots, visitor = key
        first = len(self._codes) + 1
        codes, counts = packed(held)
        self._codes += codes
        packed_counts = array(counts) if counts is not None else None
        self._rows.append((day.isoformat(), bots, visitor, lasting, first, len(self._codes), packed_counts))

    def parameters(self, site_no: int) -> dict[str, Any]:
        """Return the parameters of `_INSERT` and `_UPDATE`."""
        names = ("day", "bots", "visitor", "lasting", "first_code", "last_code", "counts")
        arrays = dict(zip(names, columns(self._rows, len(names)), strict=True))
        return arrays | {"site_no": site_no, "all_codes": array(self._codes)}


def packed(held: dict[int, int]) -> tuple[list[int], list[int] | None]:
    """Return codes and the counts of the first of them: those that do not count once come first."""
    once: list[int] = []
    many: list[int] = []
    counts: list[int] = []
    for code, count in held.items():
        if count == 1:
            once.append(code)
        else:
            many.append(code)
            counts.append(count)
    return (many + once, counts) if counts else (once, None)
