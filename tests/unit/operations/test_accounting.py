from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from streamgauge.operations.accounting import balanced, refused_at_ingest

HOUR = 1_772_362_800  # 2026-03-01T12:00+01:00 in Berlin


def test_an_hour_accounts_for_every_event() -> None:
    (hour,) = balanced([(HOUR, 100, 90, 4, 3, 1)], {HOUR: 7}, "Europe/Berlin")
    assert hour.model_dump() == {
        "hour": "2026-03-01T12:00:00+01:00",
        "received": 110,
        "accepted": 100,
        "stored": 90,
        "duplicates": 7,
        "dead_lettered": 8,
        "in_flight": 5,
    }


def test_an_hour_in_which_all_was_refused_is_told_too() -> None:
    (hour,) = balanced([], {HOUR: 2, HOUR + 3600: 0}, "UTC")
    assert (hour.received, hour.accepted, hour.dead_lettered, hour.in_flight) == (2, 0, 2, 0)


def test_hours_are_in_order_and_the_two_of_autumn_are_told_apart() -> None:
    autumn = 1_792_886_400  # 2026-10-25T00:00Z: Berlin's clocks go back at 01:00Z
    rows = [(autumn + 3600, 1, 1, 0, 0, 0), (autumn, 1, 1, 0, 0, 0)]
    assert [one.hour for one in balanced(rows, {}, "Europe/Berlin")] == [
        "2026-10-25T02:00:00+02:00",
        "2026-10-25T02:00:00+01:00",
    ]


def test_only_ingest_refuses_what_was_never_accepted() -> None:
    assert (
        refused_at_ingest(Counter({("ingest", "invalid"): 3, ("warehouse", "poison"): 5, ("ingest", "too_late"): 1}))
        == 4
    )


counts = st.integers(0, 10**9)


@given(
    st.dictionaries(st.integers(0, 2**31 - 1), st.tuples(counts, counts, counts, counts, counts), max_size=5),
    st.dictionaries(st.integers(0, 2**31 - 1), counts, max_size=5),
)
def test_the_sum_always_holds(rows, refused) -> None:
    found = balanced([(hour, *row) for hour, row in rows.items()], refused, "UTC")
    for one in found:
        assert one.received == one.stored + one.duplicates + one.dead_lettered + one.in_flight
    assert sum(one.received for one in found) == sum(row[0] + row[3] for row in rows.values()) + sum(refused.values())
