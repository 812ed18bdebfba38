"""A chunk's bits are those Postgres counts and joins."""

import struct

from hypothesis import given
from hypothesis import strategies as st
from streamgauge.rollups.build import CHUNK_BITS, bitmap


@given(st.sets(st.integers(0, CHUNK_BITS - 1), max_size=200))
def test_bits_stand_at_their_positions(positions):
    bits = bitmap(b"".join(struct.pack("!H", one) for one in positions))
    assert len(bits) == CHUNK_BITS // 8
    as_number = int.from_bytes(bits, "big")
    assert {one for one in range(CHUNK_BITS) if as_number >> (CHUNK_BITS - 1 - one) & 1} == positions
