"""Builds the uniques of a closed day: called by the job that closes or repairs it, in its transaction."""

from __future__ import annotations

import struct
from array import array
from datetime import date
from typing import TYPE_CHECKING, Final

from streamgauge.dimensions import Dimension
from streamgauge.rollups import queries
from streamgauge.rollups.blocks import SPANS, containing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamgauge.store.postgres import Connection

CHUNK_BITS: Final = 32_768
"""Bits of one row: 4 KB, of which Postgres keeps what they compress to."""

BUILDERS: Final = 0x53_48
"""Advisory lock, with the number of the site: one builder at a time, so that no number is given twice."""
FEW_VISITORS: Final = 1_000
"""An open day with fewer lasting visitors is counted from its rows."""

_COPY_HEAD: Final = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_COPY_END: Final = b"\xff\xff"
# Seven fields, each with its length before it: site_no, code, span, day, bots, chunk, and the head of bits.
_ROW: Final = struct.Struct("!hiiiqihiii?ihii")
_POSTGRES_EPOCH: Final = date(2000, 1, 1).toordinal()
_WRITE_BYTES: Final = 1 << 20


def build_day(connection: Connection, site_no: int, day: date) -> int:
    """Give the lasting visitors of a day numbers and write its bitmaps, replacing those it has; return the rows written.

    For a day that is closed in the same transaction, with the site's gate closed: then no batch writes rows meanwhile. Running
    it again is safe. The larger blocks that this day completes are built too; those that are no longer complete go.
    """
    with connection.transaction():
        connection.execute(queries.LOCK_SITE, {"lock": BUILDERS, "site_no": site_no})
        rows = _build(connection, site_no, day, None)
        _build_blocks(connection, site_no, day.toordinal())
    return rows


def build_open_day(connection: Connection, site_no: int, day: date) -> int:
    """Write the bitmaps of an open day as of now, so that reports look only at the rows that change after; return how many.

    Does nothing for a closed day, and for one with few visitors: reports count those from rows. Batches go on meanwhile.
    """
    with connection.transaction():
        connection.execute(queries.LOCK_SITE, {"lock": BUILDERS, "site_no": site_no})
        found = connection.execute(queries.OPEN_DAY, {"site_no": site_no, "day": day}).fetchone()
        if found is None or found[0] or found[1] < FEW_VISITORS:
            return 0
        return _build(connection, site_no, day, found[2])


def bitmap(positions: bytes) -> bytearray:
    """Return the bits of a chunk, the first position highest, from positions as big-endian 16-bit numbers."""
    numbers = array("H", positions)
    numbers.byteswap()
    bits = bytearray(CHUNK_BITS // 8)
    for number in numbers:
        bits[number >> 3] |= 128 >> (number & 7)
    return bits


def _build(connection: Connection, site_no: int, day: date, as_of: str | None) -> int:
    key = {"site_no": site_no, "day": day, "span": 1}
    connection.execute(queries.NUMBER_VISITORS, key)
    dimensions = [int(dimension) for dimension in Dimension]
    wanted = set(connection.execute(queries.CODES_OF_DAY, {**key, "dimensions": dimensions}))
    found = connection.cursor(binary=True).execute(queries.BITS_OF_DAY, key)
    rows = [row for row in found if (row[0], row[1]) in wanted]
    connection.execute(queries.DELETE_BLOCK, key)
    with connection.cursor().copy(queries.COPY_UNIQUES) as copy:
        for piece in _copy_rows(site_no, day, rows):
            copy.write(piece)
    connection.execute(queries.ADD_BLOCK, {**key, "as_of": as_of})
    connection.execute(queries.FORGET_CHANGES, {**key, "as_of": as_of})
    return len(rows)


def _copy_rows(site_no: int, day: date, rows: list[tuple[int, bool, int, bytes]]) -> Iterator[bytes]:
    """Yield the rows as binary COPY: the text of a bit string would be eight times as long."""
    since = day.toordinal() - _POSTGRES_EPOCH
    pending = bytearray(_COPY_HEAD)
    for code, bots, chunk, positions in rows:
        pending += _ROW.pack(7, 4, site_no, 8, code, 2, 1, 4, since, 1, bots, 2, chunk, 4 + CHUNK_BITS // 8, CHUNK_BITS)
        pending += bitmap(positions)
        if len(pending) > _WRITE_BYTES:
            yield bytes(pending)
            pending.clear()
    yield bytes(pending + _COPY_END)


def _build_blocks(connection: Connection, site_no: int, day: int) -> None:
    """Build anew every larger block around a day whose days are all there, and delete those that lack one."""
    widest = containing(day, SPANS[-1])
    state = _State(connection, site_no, widest)
    for span in SPANS[1:]:
        state.built.discard((span, containing(day, span)[0]))
    for span in SPANS[1:]:
        first = containing(day, span)[0]
        connection.execute(queries.DELETE_BLOCK, _key(site_no, span, first))
        # A day before this one without events is empty; a later one may be yet to come.
        if all(
            (1, other) in state.built or (other < day and other not in state.seen)
            for other in range(first, first + span)
        ):
            _join(connection, site_no, state, span, first)


class _State:
    """The days with events and the blocks built, among some days."""

    def __init__(self, connection: Connection, site_no: int, days: range) -> None:
        key = {"site_no": site_no, "start": date.fromordinal(days[0]), "end": date.fromordinal(days[-1])}
        rows = connection.execute(queries.STATE_OF_DAYS, key).fetchall()
        self.seen = {day.toordinal() for span, day, _, _ in rows if span == 0}
        self.built = {(span, day.toordinal()) for span, day, complete, _ in rows if span > 0 and complete}


def _join(connection: Connection, site_no: int, state: _State, span: int, first: int) -> None:
    """Build a block of its parts, and first the parts that nobody has needed yet (days without events closed after them)."""
    part = span // 4
    firsts = range(first, first + span, part)
    for other in firsts:
        if (part, other) not in state.built and not state.seen.isdisjoint(range(other, other + part)):
            _join(connection, site_no, state, part, other)
    days = [date.fromordinal(other) for other in firsts]
    key = _key(site_no, span, first)
    connection.execute(queries.JOIN_BLOCKS, {**key, "part": part, "days": days})
    connection.execute(queries.ADD_BLOCK, key)
    state.built.add((span, first))


def _key(site_no: int, span: int, first: int) -> dict[str, object]:
    return {"site_no": site_no, "span": span, "day": date.fromordinal(first), "as_of": None}
