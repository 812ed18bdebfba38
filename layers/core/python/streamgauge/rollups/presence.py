"""Who was there, period by period: sets of lasting visitors as bits of whole numbers, for what compares periods."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from streamgauge.rollups import queries
from streamgauge.rollups.blocks import cover
from streamgauge.rollups.build import CHUNK_BITS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from streamgauge.rollups.ranges import Span
    from streamgauge.store.postgres import Read

Row = tuple[bool, int, int, int | None]
"""(bot, period, visitor, number): a visitor of a period; no number was given to who is new today."""

_CHUNK_BYTES: Final = CHUNK_BITS // 8


class Crowd:
    """Bitmaps of visitors per (bot, period); a bit means the same visitor in all of them."""

    def __init__(self) -> None:
        self._chunks: dict[tuple[bool, int], dict[int, int]] = defaultdict(dict)

    def add_chunk(self, key: tuple[bool, int], chunk: int, bits: bytes) -> None:
        """Add a row of `uniques` (its first bit is the highest of its first byte)."""
        chunks = self._chunks[key]
        chunks[chunk] = chunks.get(chunk, 0) | int.from_bytes(bits, "big")

    def add_visitors(self, rows: Iterable[Row]) -> None:
        """Add (bot, period, visitor, number) rows; a visitor without a number gets one that nobody has."""
        rows = list(rows)
        known = [chunk for chunks in self._chunks.values() for chunk in chunks]
        known += [number // CHUNK_BITS for _, _, _, number in rows if number is not None]
        following = (max(known, default=-1) + 1) * CHUNK_BITS
        given: dict[int, int] = {}
        bytes_of: dict[tuple[bool, int, int], bytearray] = {}
        for bot, period, visitor, stored in rows:
            number = given.setdefault(visitor, following + len(given)) if stored is None else stored
            chunk, position = divmod(number, CHUNK_BITS)
            held = bytes_of.setdefault((bot, period, chunk), bytearray(_CHUNK_BYTES))
            held[position >> 3] |= 128 >> (position & 7)
        for (bot, period, chunk), held in bytes_of.items():
            self.add_chunk((bot, period), chunk, bytes(held))

    def sets(self, bot: bool, periods: int, first: int = 0) -> list[int]:
        """Return the set of each of so many periods, those without visitors too."""
        return [
            sum(bits << (chunk * CHUNK_BITS) for chunk, bits in self._chunks.get((bot, period), {}).items())
            for period in range(first, first + periods)
        ]


def crowd(
    read: Read,
    site_no: int,
    periods: Sequence[Span],
    bots: list[bool],
    codes: Sequence[int],
    *,
    forgotten_in: int | None = None,
    also: Sequence[Row] = (),
) -> Crowd:
    """Return who appeared under any of some values in each period, numbered in their order.

    Settled days come from bitmaps, open ones from bitmaps as of an instant and the rows that changed since, the others from their
    rows. `forgotten_in` is the period to which all are added who were there on
    days whose rollups are gone; `also` are more sets, under numbers of periods of their own.
    """
    state = read(queries.STATE_OF_DAYS, {"site_no": site_no, "start": periods[0].start, "end": periods[-1].end})
    seen = {day.toordinal() for span, day, _, _ in state if span == 0}
    unsettled = {day.toordinal() for span, day, settled, _ in state if span == 0 and not settled}
    built = {(span, day.toordinal()) for span, day, complete, _ in state if span > 0 and complete}
    as_of = {day.toordinal(): at for span, day, _, at in state if span == 1 and at is not None}
    blocks: list[tuple[int, int, date]] = []
    part_days: dict[date, int] = {}
    open_days: list[tuple[int, date]] = []
    for number, period in enumerate(periods):
        found = cover(period.start.toordinal(), period.end.toordinal(), seen, unsettled, built, as_of)
        blocks += [(number, span, date.fromordinal(day)) for span, day in found.blocks]
        part_days |= {date.fromordinal(day): number for day in found.part_days}
        open_days += [(number, date.fromordinal(day)) for day in found.open_days]
    key: dict[str, Any] = {"site_no": site_no, "bots": bots, "codes": list(codes)}
    made = Crowd()
    of_blocks = {
        "periods": [number for number, _, _ in blocks],
        "spans": [span for _, span, _ in blocks],
        "days": [day for _, _, day in blocks],
    }
    for period_number, bot, chunk, bits in read(queries.BITS_BY_PERIOD, key | of_blocks):
        # The binary form of a bit string begins with its length in four bytes.
        made.add_chunk((bot, period_number), chunk, bits[4:])
    rows = list(also)
    if part_days:
        rows += _part_days(read, made, key, part_days, as_of)
    if forgotten_in is not None:
        for bot, chunk, bits in read(queries.VISITORS_BEFORE, {"site_no": site_no, "bots": bots}):
            made.add_chunk((bot, forgotten_in), chunk, bits[4:])
    if open_days:
        of_days = {"periods": [number for number, _ in open_days], "days": [day for _, day in open_days]}
        rows += read(queries.VISITORS_BY_PERIOD, key | of_days)
    # All at once and last: who has no number yet gets one that no set holds.
    made.add_visitors(rows)
    return made


def _part_days(
    read: Read, made: Crowd, key: dict[str, Any], part_days: Mapping[date, int], as_of: Mapping[int, str]
) -> list[Row]:
    """Add the days (of periods) with bitmaps as of an instant; return those who came since. Who is gone since is left out."""
    key = key | {"part_days": list(part_days), "as_of": [as_of[day.toordinal()] for day in part_days]}
    # Before the bitmaps: were these built anew in between, what changed would be told by neither.
    changed = read(queries.CHANGED_SINCE, key)
    chunks = {(bot, day, chunk): bytearray(bits[4:]) for bot, day, chunk, bits in read(queries.BITS_OF_PART_DAYS, key)}
    rows: list[Row] = []
    for bot, day, visitor, number, is_there in changed:
        if is_there:
            rows.append((bot, part_days[day], visitor, number))
        elif number is not None:
            chunk, position = divmod(number, CHUNK_BITS)
            held = chunks.get((bot, day, chunk))
            if held is not None:
                held[position >> 3] &= ~(128 >> (position & 7))
    for (bot, day, chunk), held in chunks.items():
        made.add_chunk((bot, part_days[day]), chunk, bytes(held))
    return rows


def first_day(read: Read, site_no: int) -> date | None:
    """Return the first day of a site that has rollups; None before any event."""
    found: date | None = read(queries.FIRST_DAY, {"site_no": site_no})[0][0]
    return found
