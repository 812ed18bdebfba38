"""Figures over nothing are 0, changes from 0 are none, and the answer says how visitors were counted."""

import pytest
from streamgauge.web.figures import Amounts, change, comparison, counted, metrics, total


def test_nothing_is_zero():
    assert set(metrics(total([]), 0).values()) == {0}
    assert Amounts().time_on_page == 0


def test_figures():
    amounts = Amounts(
        visitors=3, visits=4, entries=4, bounces=1, pageviews=10, events=2, duration=90_000_000, page_time=30_000_000
    )
    assert metrics(amounts, 2) == {
        "visitors": 2,
        "visits": 4,
        "pageviews": 10,
        "events": 2,
        "views_per_visit": 2.5,
        "bounce_rate": 0.25,
        "visit_duration": 22.5,
    }
    assert amounts.time_on_page == 3


@pytest.mark.parametrize(("now", "past", "expected"), [(3, 2, 50), (1, 2, -50), (2, 2, 0), (5, 0, None), (0, 0, None)])
def test_change_is_in_percent(now, past, expected):
    assert change(now, past) == expected


def test_comparison_has_the_same_keys():
    assert comparison({"visits": 3, "events": 1}, {"visits": 2, "events": 0}) == {
        "visits": {"value": 2, "change": 50},
        "events": {"value": 0, "change": None},
    }


@pytest.mark.parametrize(
    ("amounts", "one_day", "expected"),
    [
        (Amounts(visitors=5, lasting=5), False, "distinct"),
        (Amounts(visitors=5, lasting=0), False, "daily_sum"),
        (Amounts(visitors=5, lasting=2), False, "mixed"),
        (Amounts(visitors=5, lasting=2), True, "distinct"),
        (Amounts(), False, "distinct"),
    ],
)
def test_says_how_visitors_were_counted(amounts, one_day, expected):
    assert counted(amounts, one_day=one_day) == expected
