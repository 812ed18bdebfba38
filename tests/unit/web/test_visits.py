"""Visits by example, each a sentence of the definitions."""

from __future__ import annotations

import pytest
from streamgauge.dimensions import Dimension, code_of
from streamgauge.events.facts import anonymous_key, user_key
from streamgauge.web.visits import GAP

from tests.support.stamped import ZONE, instant, person_hash, stamped
from tests.unit.web.folded import MINUTE, NOON, visits


@pytest.mark.parametrize(("gap", "expected"), [(GAP - 1, 1), (GAP, 2), (GAP + 1, 2)])
def test_a_gap_of_exactly_thirty_minutes_ends_a_visit(gap: int, expected: int) -> None:
    assert len(visits(stamped("page_view", NOON), stamped("page_view", NOON + gap))) == expected


def test_the_gap_is_measured_from_the_last_event_not_from_the_first() -> None:
    found = visits(*(stamped("page_view", NOON + n * 29 * MINUTE) for n in range(5)))
    assert [(visit.pageviews, visit.last - visit.start) for visit in found] == [(5, 4 * 29 * MINUTE)]


def test_a_second_user_id_opens_a_new_visit_and_the_first_one_does_not() -> None:
    found = visits(
        stamped("page_view", NOON),
        stamped("page_view", NOON + MINUTE, user_id="anna"),
        stamped("page_view", NOON + 2 * MINUTE),
        stamped("page_view", NOON + 3 * MINUTE, user_id="ben"),
        stamped("page_view", NOON + 4 * MINUTE, user_id="anna"),
    )
    assert [(visit.pageviews, visit.user) for visit in found] == [
        (3, user_key("anna")),
        (1, user_key("ben")),
        (1, user_key("anna")),
    ]


def test_visits_of_one_microsecond_are_told_apart() -> None:
    found = visits(*(stamped("page_view", NOON, user_id=user) for user in ("anna", "ben", "cleo")))
    assert [visit.tie for visit in found] == [0, 1, 2]


def test_equal_times_are_in_the_order_of_their_ids() -> None:
    second, first = (
        stamped("page_view", NOON, id="b", path="/second"),
        stamped("page_view", NOON, id="a", path="/first"),
    )
    (visit,) = visits(second, first)
    assert (visit.entry_page, visit.exit_page) == (
        code_of(Dimension.PAGE, "/first"),
        code_of(Dimension.PAGE, "/second"),
    )


class TestMidnight:
    def test_a_visit_that_is_open_goes_on_under_the_hash_of_the_new_day(self) -> None:
        late, early = stamped("page_view", "2026-11-20 23:50"), stamped("page_view", "2026-11-21 00:10")
        (visit,) = visits(late, early)
        assert (visit.key, visit.later_keys, visit.tail_key) == (late.hash, [early.hash], early.hash)
        assert early.prev_hash == late.hash

    def test_a_visit_that_is_over_does_not_go_on(self) -> None:
        assert len(visits(stamped("page_view", "2026-11-20 23:50"), stamped("page_view", "2026-11-21 00:20"))) == 2

    def test_a_lasting_id_needs_no_previous_hash(self) -> None:
        events = [
            stamped("page_view", at, anonymous_id="a", person=None) for at in ("2026-11-20 23:50", "2026-11-21 00:10")
        ]
        (visit,) = visits(*events)
        assert (visit.key, visit.later_keys, visit.lasting) == (anonymous_key("a"), [], True)

    def test_a_visit_may_go_on_over_two_midnights(self) -> None:
        start = instant("2026-11-20 23:50")
        (visit,) = visits(*(stamped("page_view", start + n * 25 * MINUTE) for n in range(60)))
        assert visit.later_keys == [person_hash("p", start + n * 24 * 60 * MINUTE, ZONE) for n in (1, 2)]


class TestVideoEvents:
    def test_a_page_view_after_loose_ones_opens_a_visit_of_its_own(self) -> None:
        loose, visit = visits(stamped("video_start", NOON), stamped("page_view", NOON + MINUTE))
        assert (loose.loose, visit.loose, visit.start) == (True, False, NOON + MINUTE)


class TestBounces:
    def test_one_page_view_is_one(self) -> None:
        assert visits(stamped("page_view", NOON))[0].bounced

    @pytest.mark.parametrize(("interactive", "bounced"), [(True, False), (False, True)])
    def test_an_interactive_custom_event_is_none(self, interactive: bool, bounced: bool) -> None:
        events = stamped("page_view", NOON), stamped("custom", NOON + MINUTE, interactive=interactive)
        assert visits(*events)[0].bounced is bounced

    def test_a_visit_of_custom_events_alone_has_no_page(self) -> None:
        (visit,) = visits(stamped("custom", NOON, interactive=False))
        assert (visit.bounced, visit.entry_page, visit.exit_page, visit.pageviews) == (True, None, None, 0)
