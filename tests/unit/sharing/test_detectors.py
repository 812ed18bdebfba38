"""The three rules, by examples at their edges and by properties."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamgauge.sharing.detectors import concurrent_streams, device_spike, findings, geo_impossible
from streamgauge.sharing.episodes import judged
from streamgauge.sharing.geography import distance_km, reduced_km
from streamgauge.sharing.models import DAY, HOUR, Thresholds, Use

from tests.support.watching import BERLIN, MUNICH, NEW_YORK, NOON, PALMA, POTSDAM, TOKYO, watched

if TYPE_CHECKING:
    import random

OLD = NOON - 200 * DAY


def streams(*sessions, threshold=3):
    return concurrent_streams(sessions, threshold)


def test_four_devices_at_one_moment_are_one_more_than_three():
    three = [watched(str(n), f"d{n}", 0, 1) for n in range(3)]
    assert streams(*three) == []
    (found,) = streams(*three, watched("3", "d3", 0.5, 2))
    assert (found.first, found.last, found.amount) == (NOON + HOUR // 2, NOON + HOUR, 4)
    assert [one.session_id for one in found.sessions] == ["0", "1", "2", "3"]


def test_two_sessions_on_one_device_are_one_stream():
    three = [watched(str(n), f"d{n}", 0, 1) for n in range(3)]
    assert streams(*three, watched("3", "d2", 0, 1)) == []


def test_intervals_are_half_open_one_that_begins_where_another_ends_is_no_overlap():
    sessions = [watched(str(n), f"d{n}", 0, 1) for n in range(3)]
    assert streams(*sessions, watched("3", "d3", 1, 2)) == []


def test_what_is_paused_does_not_count():
    sessions = [watched(str(n), f"d{n}", 0, 1) for n in range(3)]
    pausing = replace(watched("3", "d3", 0, 2), intervals=((NOON - HOUR, NOON), (NOON + HOUR, NOON + 2 * HOUR)))
    assert streams(*sessions, pausing) == []


def test_each_stretch_over_the_threshold_is_a_finding_with_its_most():
    long = [watched(str(n), f"d{n}", 0, 10) for n in range(3)]
    found = streams(*long, watched("3", "d3", 1, 2), watched("4", "d4", 1.5, 2), watched("5", "d5", 5, 6))
    assert [(one.amount, (one.last - one.first) // HOUR) for one in found] == [(5, 1), (4, 1)]


def test_places_far_apart_at_the_same_time_are_impossible():
    (found,) = geo_impossible([watched("a", "tv", 0, 2, BERLIN), watched("b", "tab", 1, 3, TOKYO)], 500, 900)
    assert found.overlaps
    assert found.details["overlap_seconds"] == 3600
    assert found.amount == pytest.approx(8920 - 100, abs=20)


def test_one_device_moves_as_it_likes():
    assert geo_impossible([watched("a", "phone", 0, 2, BERLIN), watched("b", "phone", 1, 3, TOKYO)], 500, 900) == []


def test_both_radii_are_taken_off_the_distance():
    assert reduced_km(BERLIN, MUNICH) == pytest.approx(504 - 100, abs=5)
    together = [watched("a", "tv", 0, 2, BERLIN), watched("b", "tab", 1, 3, MUNICH)]
    assert geo_impossible(together, 500, 900) == []
    assert len(geo_impossible(together, 400, 900)) == 1
    assert reduced_km(BERLIN, POTSDAM) == 0


def test_without_a_place_there_is_no_distance():
    assert geo_impossible([watched("a", "tv", 0, 2), watched("b", "tab", 1, 3, TOKYO)], 500, 900) == []


def test_one_household_is_one_place_whatever_a_database_says():
    sessions = [watched("a", "tv", 0, 2, BERLIN, network=1), watched("b", "tab", 1, 3, TOKYO, network=1)]
    assert geo_impossible(sessions, 500, 900) == []


@pytest.mark.parametrize(("hours", "impossible"), [(1.0, True), (1.70, True), (1.80, False), (24.0, False)])
def test_the_gap_must_be_long_enough_for_the_way(hours, impossible):
    # Berlin to Palma, less both radii: about 1 565 km, 1 h 44 min at 900 km/h.
    sessions = [watched("a", "tv", 0, 1, BERLIN), watched("b", "tab", 1 + hours, 4 + hours, PALMA)]
    assert bool(geo_impossible(sessions, 500, 900)) is impossible


def test_a_session_that_has_only_begun_is_somewhere_already():
    begun = watched("b", "tab", 1, 1, TOKYO, present=True)
    (found,) = geo_impossible([watched("a", "tv", 0, 0.9, BERLIN), begun], 500, 900)
    assert found.details["gap_seconds"] == 360
    (within,) = geo_impossible([watched("a", "tv", 0, 2, BERLIN), begun], 500, 900)
    assert not within.overlaps
    assert within.details["gap_seconds"] == 0
    assert geo_impossible([watched("a", "tv", 0, 2, BERLIN), replace(begun, present=False)], 500, 900) == []


def test_a_pause_is_time_to_travel():
    film = replace(
        watched("a", "tv", 0, 24, BERLIN),
        intervals=((NOON, NOON + HOUR), (NOON + 23 * HOUR, NOON + 24 * HOUR)),
    )
    assert geo_impossible([film, watched("b", "tab", 12, 13, PALMA)], 500, 900) == []
    assert len(geo_impossible([film, watched("b", "tab", 1.5, 2, PALMA)], 500, 900)) == 1


def spike(sessions, uses=(), first_seen=OLD, threshold=5):
    return device_spike(sessions, uses, first_seen, threshold)


def test_more_than_five_new_devices_in_a_day():
    six = [watched(str(n), f"d{n}", 4 * n, 4 * n + 1) for n in range(6)]
    assert spike(six[:5]) == []
    (found,) = spike(six)
    assert (found.amount, found.first, found.last) == (6, NOON, NOON + 20 * HOUR)


def test_six_new_devices_in_more_than_a_day_are_no_spike():
    assert spike([watched(str(n), f"d{n}", 5 * n, 5 * n + 1) for n in range(6)]) == []


def test_a_device_of_the_last_ninety_days_is_not_new():
    six = [watched(str(n), f"d{n}", n, n + 1) for n in range(6)]
    used = NOON - 89 * DAY
    assert spike(six, [Use("id\x1fd3", used, used + HOUR)]) == []
    used = NOON - 91 * DAY
    assert len(spike(six, [Use("id\x1fd3", used, used + HOUR)])) == 1


def test_the_first_day_of_a_user_has_only_new_devices():
    six = [watched(str(n), f"d{n}", n, n + 1) for n in range(6)]
    assert spike(six, first_seen=None) == []
    assert spike(six, first_seen=NOON - DAY + HOUR) == []
    assert len(spike(six, first_seen=NOON - DAY)) == 1


def test_a_session_that_names_no_device_is_no_new_one():
    assert spike([replace(watched(str(n), "", n, n + 1), device=f"session\x1f{n}") for n in range(9)]) == []


PLACES = st.sampled_from([None, BERLIN, MUNICH, PALMA, TOKYO, NEW_YORK])
SESSIONS = st.lists(
    st.builds(
        lambda number, device, begin, length, point, present: watched(
            f"s{number}", f"d{device}", begin / 4, (begin + length) / 4, point, present=present
        ),
        st.integers(0, 40),
        st.integers(0, 7),
        st.integers(0, 300),
        st.integers(0, 20),
        PLACES,
        st.booleans(),
    ),
    max_size=25,
    unique_by=lambda one: one.session_id,
)


@given(SESSIONS, st.randoms(use_true_random=False))
def test_neither_order_nor_repetition_of_sessions_changes_an_alert(sessions, chance: random.Random):
    thresholds = Thresholds(concurrent_streams=2, device_spike=3)
    again = [*sessions, *chance.sample(sessions, len(sessions) // 2)]
    chance.shuffle(again)
    alerts = judged(findings(sessions, (), OLD, thresholds), thresholds)
    assert judged(findings(again, (), OLD, thresholds), thresholds) == alerts


@given(SESSIONS, st.integers(1, 4))
def test_streams_agree_with_a_plain_count_at_every_moment(sessions, threshold):
    edges = sorted({edge for one in sessions for interval in one.intervals for edge in interval})
    over = {
        edge
        for edge in edges
        if len({one.device for one in sessions for low, high in one.intervals if low <= edge < high}) > threshold
    }
    found = concurrent_streams(sorted(sessions, key=lambda one: (one.start, one.session_id)), threshold)
    assert {edge for edge in edges if any(one.first <= edge < one.last for one in found)} == over


@given(SESSIONS)
def test_a_looser_threshold_finds_no_more(sessions):
    def amount(thresholds):
        return len(findings(sessions, (), OLD, thresholds))

    assert amount(Thresholds(geo_distance_km=2000)) <= amount(Thresholds(geo_distance_km=500))
    assert amount(Thresholds(geo_speed_kmh=2000)) <= amount(Thresholds(geo_speed_kmh=900))


@given(st.tuples(*[st.floats(-90, 90), st.floats(-180, 180)] * 2))
def test_a_distance_is_the_same_both_ways_and_never_more_than_half_the_globe(numbers):
    there = distance_km(*numbers)
    assert there == pytest.approx(distance_km(*numbers[2:], *numbers[:2]))
    assert 0 <= there <= 20_016


@given(SESSIONS, st.integers(-500, 500))
def test_history_counts_as_of_its_own_time(sessions, days):
    thresholds = Thresholds(concurrent_streams=2, device_spike=3)
    moved = [
        replace(
            one,
            start=one.start + days * DAY,
            last=one.last + days * DAY,
            intervals=tuple((low + days * DAY, high + days * DAY) for low, high in one.intervals),
        )
        for one in sessions
    ]
    before = judged(findings(sessions, (), OLD, thresholds), thresholds)
    after = judged(findings(moved, (), OLD + days * DAY, thresholds), thresholds)
    assert [(one.severity, one.episode.first + days * DAY) for one in before] == [
        (one.severity, one.episode.first) for one in after
    ]
