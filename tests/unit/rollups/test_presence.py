"""Crowds: a bit is one visitor, whether it came from a bitmap or from a row."""

from hypothesis import given
from hypothesis import strategies as st
from streamgauge.rollups.build import CHUNK_BITS, bitmap
from streamgauge.rollups.presence import Crowd

NUMBERS = st.sets(st.sampled_from([0, 1, 7, 8, CHUNK_BITS - 1, CHUNK_BITS, CHUNK_BITS + 9]))


def _rows_of(numbers):
    for chunk in {number // CHUNK_BITS for number in numbers}:
        positions = [number % CHUNK_BITS for number in sorted(numbers) if number // CHUNK_BITS == chunk]
        yield chunk, bytes(bitmap(b"".join(position.to_bytes(2, "big") for position in positions)))


@given(built=st.lists(NUMBERS, min_size=2, max_size=2), rows=st.lists(NUMBERS, min_size=2, max_size=2))
def test_bitmaps_and_rows_are_the_same_visitors(built, rows):
    crowd = Crowd()
    for period, numbers in enumerate(built):
        for chunk, bits in _rows_of(numbers):
            crowd.add_chunk((False, period), chunk, bits)
    crowd.add_visitors(
        (False, period, 1000 + number, number) for period, numbers in enumerate(rows) for number in numbers
    )
    first, second = crowd.sets(False, 2)
    assert first.bit_count() == len(built[0] | rows[0])
    assert (first & second).bit_count() == len((built[0] | rows[0]) & (built[1] | rows[1]))
    assert (first & ~second).bit_count() == len((built[0] | rows[0]) - (built[1] | rows[1]))
    assert crowd.sets(True, 2) == [0, 0]


def test_a_visitor_without_a_number_is_nobody_else():
    crowd = Crowd()
    crowd.add_chunk((False, 0), 0, bytes([255] * (CHUNK_BITS // 8)))
    crowd.add_visitors([(False, 0, 5, None), (False, 1, 5, None), (False, 1, 6, None), (True, 1, 5, None)])
    first, second = crowd.sets(False, 2)
    assert (first.bit_count(), second.bit_count(), (first & second).bit_count()) == (CHUNK_BITS + 1, 2, 1)
    assert crowd.sets(True, 2)[1].bit_count() == 1
