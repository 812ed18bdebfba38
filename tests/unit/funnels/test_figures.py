from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamgauge.funnels.figures import Tally, quantile, steps, totals, z_test
from streamgauge.funnels.patterns import compiled

SECOND = 1_000_000


def test_rows_say_who_was_lost_where() -> None:
    tally = Tally(3, 2)
    tally.add(0, (0, 10 * SECOND, 40 * SECOND))
    tally.add(1, (0, 20 * SECOND))
    tally.add_entries(1, 2)
    assert totals(tally) == {"entries": 4, "conversions": 1, "conversion_rate": 0.25}
    rows = steps(tally, ["a", "b", "c"], times=True)
    assert [row["people"] for row in rows] == [4, 2, 1]
    assert [row["conversion_rate"] for row in rows] == [1.0, 0.5, 0.25]
    assert [row["step_conversion_rate"] for row in rows] == [1.0, 0.5, 0.5]
    assert [row["drop_off"] for row in rows] == [0, 2, 1]
    assert [row["median_seconds"] for row in rows] == [0.0, 15.0, 30.0]
    assert [row["p90_seconds"] for row in rows] == [0.0, 19.0, 30.0]
    assert (tally.entries, tally.conversions) == ([1, 3], [1, 0])


def test_nothing_is_zero() -> None:
    rows = steps(Tally(2, 1), ["a", "b"], times=True)
    assert all(value == 0 for row in rows for name, value in row.items() if name not in {"step", "name"})


def test_the_z_test_of_a_textbook() -> None:
    test = z_test((120, 1000), (90, 1000))
    assert test["difference"] == pytest.approx(0.03)
    assert test["z"] == pytest.approx(2.188, abs=1e-3)
    assert test["p_value"] == pytest.approx(0.0287, abs=1e-4)


@pytest.mark.parametrize("pair", [((0, 0), (1, 2)), ((0, 5), (0, 9)), ((5, 5), (9, 9))])
def test_where_nothing_differs_nothing_is_told(pair: tuple[tuple[int, int], tuple[int, int]]) -> None:
    test = z_test(*pair)
    assert (test["z"], test["p_value"]) == (0.0, 1.0)


@given(st.lists(st.integers(0, 10**12), min_size=1), st.floats(0, 1))
def test_a_quantile_lies_between(values: list[int], share: float) -> None:
    ordered = sorted(values)
    assert ordered[0] <= quantile(ordered, share) <= ordered[-1]
    assert quantile(ordered, 1.0) == ordered[-1]


@pytest.mark.parametrize("text", ["(", r"(a)\1", "(?=a)", "((a{100}){100}){100}", "\ud800"])
def test_a_pattern_that_cannot_run_in_linear_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"regular expression|encode"):
        compiled(text)


def test_a_pattern_that_would_blow_up_elsewhere_is_quick() -> None:
    assert compiled("^(a+)+$").search("a" * 5000 + "!") is None
