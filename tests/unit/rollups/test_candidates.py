"""Top lists by a bound hold what counting everybody would give, and count few."""

from hypothesis import given
from hypothesis import strategies as st
from streamgauge.rollups.candidates import Candidate, Ranked, top

# A value of a dimension: on each day, which lasting visitors, and how many whose ids end with the day.
days = st.lists(st.tuples(st.sets(st.integers(0, 6), max_size=4), st.integers(0, 3)), min_size=1, max_size=4)
values = st.dictionaries(st.text("abcä", max_size=3), days, max_size=40)


def _candidates(given_values):
    found = []
    for code, (name, seen) in enumerate(given_values.items()):
        lasting = sum(len(people) for people, _ in seen)
        found.append(Candidate(code, name, lasting + sum(others for _, others in seen), lasting))
    return sorted(found, key=lambda one: (-one.daily, one.name))


@given(values, st.integers(1, 12))
def test_equals_counting_everybody(given_values, count):
    exact = {code: len(set().union(*(people for people, _ in seen))) for code, seen in enumerate(given_values.values())}
    brute = [
        Ranked(code, name, exact[code] + sum(others for _, others in seen))
        for code, (name, seen) in enumerate(given_values.items())
    ]
    brute.sort(key=lambda one: (-one.visitors, one.name))
    found = top(iter(_candidates(given_values)), count, lambda codes: {code: exact[code] for code in codes})
    assert found == brute[:count]


def test_counts_few_of_many():
    asked: list[int] = []

    def distinct(codes):
        asked.extend(codes)
        return dict.fromkeys(codes, 0) | {code: 10_000 - code for code in codes}

    many = (Candidate(code, f"/{code:05}", 10_500 - code, 10_500 - code) for code in range(10_000))
    found = top(many, 10, distinct)
    assert [one.code for one in found] == list(range(10))
    assert len(asked) < 1000


def test_daily_ids_need_no_count():
    many = iter([Candidate(1, "/a", 5, 0), Candidate(2, "/b", 5, 0), Candidate(3, "/c", 5, 0)])

    def distinct(codes):
        assert codes == []
        return {}

    assert [one.name for one in top(many, 2, distinct)] == ["/a", "/b"]
