"""Top lists by a bound hold what counting everybody would give, and count few."""

from hypothesis import given
from hypothesis import strategies as st
from streamgauge.rollups.candidates import Candidate, Listed, Ranked, top

# A value of a dimension: on each day, which lasting visitors, and how many whose ids end with the day.
days = st.lists(st.tuples(st.sets(st.integers(0, 6), max_size=4), st.integers(0, 3)), min_size=1, max_size=4)
values = st.dictionaries(st.text("abcä", max_size=3), days, max_size=40)


def _candidates(given_values):
    found = []
    for code, (name, seen) in enumerate(given_values.items()):
        lasting = sum(len(people) for people, _ in seen)
        found.append(Candidate(code, name, lasting + sum(others for _, others in seen), lasting))
    return found


def _leading(candidates, per_list):
    """List values as two months would: each value's visitors are split between them, the second bounds more than the range."""
    halves = [
        {one.code: one.daily // 2 for one in candidates},
        {one.code: one.daily - one.daily // 2 + one.code % 3 for one in candidates},
    ]

    def listed(take):
        per_list.append(take)
        codes, rest, cut = set(), 0, False
        for half in halves:
            first = sorted(half, key=lambda code: -half[code])[:take]
            codes |= set(first)
            if len(first) >= take:
                cut = True
                rest += half[first[-1]]
        return Listed([one for one in candidates if one.code in codes], rest if cut else None)

    return listed


@given(values, st.integers(1, 12), st.integers(1, 20))
def test_equals_counting_everybody(given_values, count, take):
    exact = {code: len(set().union(*(people for people, _ in seen))) for code, seen in enumerate(given_values.values())}
    brute = [
        Ranked(code, name, exact[code] + sum(others for _, others in seen))
        for code, (name, seen) in enumerate(given_values.items())
    ]
    brute.sort(key=lambda one: (-one.visitors, one.name))
    asked: list[int] = []

    def distinct(codes):
        asked.extend(codes)
        return {code: exact[code] for code in codes}

    found = top(_leading(_candidates(given_values), []), take, count, distinct)
    assert found == brute[:count]
    assert len(asked) == len(set(asked))


def test_counts_few_of_many():
    asked: list[int] = []
    takes: list[int] = []

    def distinct(codes):
        asked.extend(codes)
        return {code: 10_000 - code for code in codes}

    many = [Candidate(code, f"/{code:05}", 10_500 - code, 10_500 - code) for code in range(10_000)]
    found = top(_leading(many, takes), 40, 10, distinct)
    assert [one.code for one in found] == list(range(10))
    assert len(asked) < 1000
    assert takes == [40, 160, 640]


def test_daily_ids_need_no_count():
    many = Listed([Candidate(1, "/a", 5, 0), Candidate(2, "/b", 5, 0), Candidate(3, "/c", 5, 0)], None)

    def distinct(_codes):
        raise AssertionError

    assert [one.name for one in top(lambda _take: many, 5, 2, distinct)] == ["/a", "/b"]
