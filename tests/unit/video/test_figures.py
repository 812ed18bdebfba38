"""Figures of a video by the definitions, worked out by hand."""

from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamgauge.video.figures import Sums, quantile


def test_nothing_is_zero():
    empty = Sums()
    figures = (
        empty.avg_watch_percentage,
        empty.completion_rate,
        empty.rebuffer_ratio,
        empty.error_rate,
        empty.engagement_score,
    )
    assert figures == (0, 0, 0, 0, 0)


def test_figures():
    sums = Sums(
        views=4, measured=2, completions=1, failures=1, watched=97_000_000, covered=1_350_000, buffered=3_000_000
    )
    assert sums.avg_watch_percentage == pytest.approx(67.5)
    assert sums.completion_rate == 0.25
    assert sums.error_rate == 0.25
    assert sums.rebuffer_ratio == pytest.approx(0.03)
    assert sums.engagement_score == pytest.approx(10 * (0.5 * 0.675 + 0.3 * 0.25 + 0.2 * 0.7))


def test_much_buffering_takes_no_more_than_its_part():
    assert Sums(views=1, measured=1, covered=1_000_000, watched=1, buffered=9).engagement_score == pytest.approx(5)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=30), st.sampled_from((0.1, 0.5, 0.9)))
def test_a_quantile_lies_between_the_two_nearest_values(values, share):
    ordered = sorted(values)
    place = Fraction(str(share)) * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    wanted = ordered[low] + (ordered[high] - ordered[low]) * (place - low)
    assert quantile(Counter(values), share) == pytest.approx(float(wanted))


def test_a_quantile_of_nothing_is_zero():
    assert quantile({}, 0.5) == 0


def test_mean_bitrate_is_over_the_time_whose_bitrate_is_known():
    assert Sums(watched=90_000_000, kilobits=60_000, timed=30_000_000).mean_bitrate == 2000
