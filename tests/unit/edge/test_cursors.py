"""A cursor leads on, and any other text is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamgauge.edge.cursors import MOST_ROWS, next_cursor, skip_of
from streamgauge.errors import OutOfBoundsError


@given(st.integers(0, MOST_ROWS - 1))
def test_a_cursor_comes_back(skip):
    assert skip_of(next_cursor(skip)) == skip


def test_the_end_has_no_cursor():
    assert next_cursor(None) is None
    assert next_cursor(MOST_ROWS) is None
    assert skip_of(None) == 0


@given(st.text(max_size=60))
def test_other_texts_are_refused_or_harmless(text):
    try:
        assert 0 <= skip_of(text) < MOST_ROWS
    except OutOfBoundsError as error:
        assert error.errors[0][0] == ["query", "cursor"]  # noqa: PT017


@pytest.mark.parametrize("text", ["", "c2tpcDo", "c2tpcDotMQ", "ÿ", "====", "c2tpcDo5OTk5OTk5"])
def test_broken_ones_are_refused(text):
    with pytest.raises(OutOfBoundsError):
        skip_of(text)
