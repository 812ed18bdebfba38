"""Cohorts by hand, and against counting persons one by one."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st
from streamgauge.rollups.ranges import Span
from streamgauge.web.retention import Cohort, cohorts, flat, periods_of

PEOPLE = st.sets(st.integers(0, 9))


def test_who_was_there_before_is_in_no_cohort():
    assert cohorts(0b0001, [0b0011, 0b0110, 0b0010]) == [Cohort(1, [1, 1, 1]), Cohort(1, [1, 0]), Cohort(0, [0])]


@given(PEOPLE, st.lists(PEOPLE, min_size=1, max_size=6))
def test_equals_following_every_person(before, there):
    def bits(people):
        return sum(1 << person for person in people)

    found = cohorts(bits(before), [bits(people) for people in there])
    first = {
        person: next(number for number, people in enumerate(there) if person in people)
        for person in set().union(*there) - before
    }
    for number, cohort in enumerate(found):
        mine = {person for person, at in first.items() if at == number}
        assert cohort == Cohort(len(mine), [len(mine & people) for people in there[number:]])
    assert sum(cohort.visitors for cohort in found) == len(first)


def test_weeks_begin_on_monday_and_are_whole():
    # A Wednesday and a Monday.
    assert periods_of(date(2026, 3, 4), date(2026, 3, 9), "week") == [
        Span(date(2026, 3, 2), date(2026, 3, 8)),
        Span(date(2026, 3, 9), date(2026, 3, 15)),
    ]
    assert periods_of(date(2026, 1, 31), date(2026, 2, 1), "month") == [
        Span(date(2026, 1, 1), date(2026, 1, 31)),
        Span(date(2026, 2, 1), date(2026, 2, 28)),
    ]


def test_flat_rows():
    row = {"cohort": "2026-03-02", "visitors": 4, "returned": [4, 1], "retention": [1.0, 0.25]}
    assert flat({"results": [row]}) == [
        {"cohort": "2026-03-02", "visitors": 4, "period": 0, "returned": 4, "retention": 1.0},
        {"cohort": "2026-03-02", "visitors": 4, "period": 1, "returned": 1, "retention": 0.25},
    ]
