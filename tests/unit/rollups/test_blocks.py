"""Blocks cover a range once, use nothing that is stale, and leave nothing out."""

from hypothesis import given
from hypothesis import strategies as st
from streamgauge.rollups.blocks import SPANS, containing, cover

DAYS = range(1000, 1200)
day = st.integers(DAYS[0], DAYS[-1])


@st.composite
def histories(draw):
    """Days with events, those of them that are open or dirty, and blocks built."""
    seen = draw(st.sets(day))
    unsettled = draw(st.sets(st.sampled_from(sorted(seen)))) if seen else set()
    built = {(span, first) for span in SPANS for first in DAYS if first % span == 0 and draw(st.booleans())}
    return seen, unsettled, built


@given(histories(), day, st.integers(0, 120))
def test_every_day_with_events_counts_once(history, start, length):
    seen, unsettled, built = history
    end = start + length
    found = cover(start, end, seen, unsettled, built)
    days = [other for span, first in found.blocks for other in range(first, first + span)] + found.open_days
    assert len(days) == len(set(days))
    assert {other for other in seen if start <= other <= end} <= set(days) <= set(range(start, end + 1))
    assert set(found.blocks) <= built
    assert not unsettled & {other for span, first in found.blocks for other in range(first, first + span)}


def test_ninety_days_are_few_blocks():
    every = {(span, first) for span in SPANS for first in DAYS if first % span == 0}
    for start in range(DAYS[0], DAYS[-1] - 90):
        found = cover(start, start + 89, set(DAYS), set(), every)
        assert not found.open_days
        assert len(found.blocks) <= 18


def test_a_day_lies_in_its_block():
    assert list(containing(1003, 4)) == [1000, 1001, 1002, 1003]
    assert 1003 in containing(1003, 64)
