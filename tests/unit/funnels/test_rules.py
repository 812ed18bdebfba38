"""Who got how far: by example, and held to the oracle."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from streamgauge.funnels.rules import BARRED, BREAK, Order, Rule, best_attempt, exclusion_mark, step_mark

from tests.oracle.funnels import Event, best

MATCHES = {"-": 0, "A": step_mark(0), "B": step_mark(1), "C": step_mark(2), "x": exclusion_mark(0), "o": BREAK}


def reach(
    events: str, order: Order = "sequential", window: int = 100, exclusions: tuple[tuple[int, int], ...] = ()
) -> tuple[int, ...] | None:
    """Try a three-step funnel on events at 0, 10, 20 …, each a letter."""
    times = [10 * n for n in range(len(events))]
    marks = [MATCHES[one] for one in events]
    places = best_attempt(Rule(3, window, order, exclusions), times, marks, 0, 1000)
    return None if places is None else tuple(times[place] for place in places)


@pytest.mark.parametrize(
    ("events", "rest", "wanted"),
    [
        ("ABC", {}, (0, 10, 20)),
        ("AooBoC", {}, (0, 30, 50)),
        ("BCA", {}, (20,)),
        ("oBC", {}, None),
        # The window counts from the first step, and its end belongs to it.
        ("ABC", {"window": 20}, (0, 10, 20)),
        ("ABC", {"window": 19}, (0, 10)),
        ("AB-A-B-C", {"window": 40}, (30, 50, 70)),
        # The furthest counts, then the earliest.
        ("AABC", {}, (0, 20, 30)),
        ("AooA", {}, (0,)),
        ("ABC", {"order": "strict"}, (0, 10, 20)),
        ("A--BC", {"order": "strict"}, (0, 30, 40)),
        ("AoBC", {"order": "strict"}, (0,)),
        ("AABC", {"order": "strict"}, (10, 20, 30)),
        ("ACB", {"order": "strict"}, (0,)),
        ("CBA", {"order": "any"}, (0, 10, 20)),
        ("CCoC", {"order": "any"}, (0,)),
        ("BoA", {"order": "any", "window": 20}, (0, 20)),
        # An exclusion between its steps spoils the attempt, not the person.
        ("AxBC", {"exclusions": ((0, 1),)}, None),
        ("ABxC", {"exclusions": ((0, 1),)}, (0, 10, 30)),
        ("AxABC", {"exclusions": ((0, 1),)}, (20, 30, 40)),
        # Its later step is not reached: until the window ends.
        ("ABox", {"exclusions": ((1, 2),)}, None),
        ("ABox", {"exclusions": ((1, 2),), "window": 29}, (0, 10)),
        ("Ax", {"exclusions": ((1, 2),)}, (0,)),
    ],
)
def test_an_example(events: str, rest: dict[str, Any], wanted: tuple[int, ...] | None) -> None:
    assert reach(events, **rest) == wanted


def test_an_event_serves_one_step() -> None:
    both = step_mark(0) | step_mark(1)
    for order in ("sequential", "strict", "any"):
        assert best_attempt(Rule(2, 100, order), [0], [both], 0, 10) == (0,)
        assert best_attempt(Rule(2, 100, order), [0, 0], [both, both], 0, 10) == (0, 1)


def test_any_order_gives_an_event_the_step_that_leads_furthest() -> None:
    both = step_mark(0) | step_mark(1)
    assert best_attempt(Rule(2, 100, "any"), [0, 5], [both, step_mark(0)], 0, 10) == (0, 1)


def test_the_entry_is_in_the_range_and_the_rest_may_lie_behind_it() -> None:
    marks = [step_mark(0), step_mark(1)]
    assert best_attempt(Rule(2, 100, "sequential"), [9, 50], marks, 0, 10) == (0, 1)
    assert best_attempt(Rule(2, 100, "sequential"), [10, 50], marks, 0, 10) is None


def test_many_repetitions_take_no_longer_than_they_must() -> None:
    count = 20_000
    times, marks = list(range(count)), [step_mark(0)] * (count - 1) + [exclusion_mark(0)]
    for order in ("sequential", "strict", "any"):
        assert best_attempt(Rule(2, count, order, ((0, 1),)), times, marks, 0, count) is None or order == "any"


@st.composite
def _cases(draw: st.DrawFn) -> dict[str, Any]:
    steps = draw(st.integers(1, 4))
    pairs = [(begin, goal) for begin in range(steps) for goal in range(begin + 1, steps)]
    exclusions = draw(st.lists(st.sampled_from(pairs), max_size=2)) if pairs else []
    # Few instants and few steps: ties, repeated and shared steps are the rule.
    event = st.builds(
        Event,
        st.integers(0, 12),
        st.frozensets(st.integers(0, steps - 1), max_size=2),
        st.frozensets(st.integers(0, max(0, len(exclusions) - 1)), max_size=1) if exclusions else st.just(frozenset()),
        st.booleans(),
        st.booleans(),
    )
    since = draw(st.integers(0, 6))
    return {
        "events": sorted(draw(st.lists(event, max_size=8)), key=lambda one: one.time),
        "steps": steps,
        "window": draw(st.integers(1, 10)),
        "order": draw(st.sampled_from(("sequential", "strict", "any"))),
        "exclusions": exclusions,
        "since": since,
        "until": draw(st.integers(since, 13)),
    }


@settings(max_examples=600, deadline=None)
@given(_cases())
def test_attempts_are_those_of_the_oracle(case: dict[str, Any]) -> None:
    events = case["events"]
    marks = [
        sum(map(step_mark, one.steps))
        | sum(map(exclusion_mark, one.exclusions))
        | (BREAK if one.interrupts else 0)
        | (BARRED if one.barred else 0)
        for one in events
    ]
    rule = Rule(case["steps"], case["window"], case["order"], tuple(case["exclusions"]))
    times = [one.time for one in events]
    places = best_attempt(rule, times, marks, case["since"], case["until"])
    assert (None if places is None else tuple(times[place] for place in places)) == best(**case)
