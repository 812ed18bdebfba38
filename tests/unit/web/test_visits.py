"""Visits by example, each a sentence of the definitions."""

from __future__ import annotations

from datetime import date

import pytest
from streamgauge.clock import MICROSECONDS
from streamgauge.contributions import (
    BOUNCES,
    DURATION,
    ENTRIES,
    EVENTS,
    LASTING,
    PAGE_TIME,
    PAGEVIEWS,
    TOTAL_CODE,
    VISITORS,
    VISITS,
    Contributions,
)
from streamgauge.dimensions import Dimension, code_of
from streamgauge.events.facts import acquisition_values, anonymous_key, fact_of, surroundings_values, user_key
from streamgauge.events.models import Acquisition, StampedEvent, Surroundings
from streamgauge.web.visits import GAP, Visit, contribute, contribute_events, fold

from tests.support.stamped import ZONE, instant, person_hash, stamped

MINUTE = 60 * MICROSECONDS
NOON = instant("2026-11-20 12:00")
DAY = date(2026, 11, 20)


def visits(*events: StampedEvent) -> list[Visit]:
    facts = [fact_of(event, ZONE) for event in sorted(events, key=lambda event: (event.time, event.id))]
    return fold({}, facts, ZONE, lambda _: None)


def rollups(*events: StampedEvent) -> Contributions:
    """Return what the events and their visits add, visitors included."""
    into = Contributions()
    values = {
        code: found
        for event in events
        for code, found in (acquisition_values(event.acquisition), surroundings_values(event.surroundings))
    }
    contribute_events([fact_of(event, ZONE) for event in events], into)
    for visit in visits(*(event for event in events if event.touches_visit)):
        contribute(visit, (values[visit.acquisition], values[visit.surroundings]), ZONE, into, 1)
    into.settle_visitors(into.presence.items(), 1)
    return into


def total(into: Contributions, day: date = DAY, *, bot: bool = False) -> list[int]:
    return into.days[day, bot][TOTAL_CODE]


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


def test_identification_joins_the_whole_visit_but_not_the_one_before() -> None:
    into = rollups(
        stamped("page_view", NOON),
        stamped("page_view", NOON + 60 * MINUTE),
        stamped("page_view", NOON + 61 * MINUTE, user_id="anna"),
    )
    key = person_hash("p", NOON, ZONE)
    assert {visitor for _, _, visitor in into.presence} == {key, user_key("anna")}
    assert total(into)[VISITORS] == 2
    assert total(into)[LASTING] == 1


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

    def test_it_counts_as_a_visit_on_the_first_day_and_as_a_visitor_on_both(self) -> None:
        into = rollups(stamped("page_view", "2026-11-20 23:50"), stamped("page_view", "2026-11-21 00:10", path="/b"))
        first, second = total(into), total(into, date(2026, 11, 21))
        assert [first[n] for n in (VISITS, VISITORS, PAGEVIEWS, BOUNCES, DURATION)] == [1, 1, 1, 0, 20 * MINUTE]
        assert [second[n] for n in (VISITS, VISITORS, PAGEVIEWS, BOUNCES, DURATION)] == [0, 1, 1, 0, 0]
        page = into.days[DAY, False][code_of(Dimension.PAGE, "/")]
        assert page[PAGE_TIME] == 20 * MINUTE

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
    def test_they_open_no_visit_but_their_viewer_is_a_visitor(self) -> None:
        into = rollups(stamped("video_start", NOON), stamped("video_progress", NOON + MINUTE))
        assert [total(into)[n] for n in (VISITS, VISITORS, PAGEVIEWS, EVENTS)] == [0, 1, 0, 0]

    def test_they_extend_a_visit_and_a_start_is_no_bounce(self) -> None:
        events = stamped("page_view", NOON), stamped("video_start", NOON + 20 * MINUTE)
        into = rollups(*events, stamped("video_progress", NOON + 40 * MINUTE))
        assert [total(into)[n] for n in (VISITS, BOUNCES, DURATION)] == [1, 0, 40 * MINUTE]

    def test_progress_alone_leaves_a_bounce_which_counts_0(self) -> None:
        into = rollups(stamped("page_view", NOON), stamped("video_progress", NOON + MINUTE))
        assert [total(into)[n] for n in (VISITS, BOUNCES, DURATION)] == [1, 1, 0]

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


class TestBackEnd:
    def test_its_events_touch_no_visit_but_count(self) -> None:
        into = rollups(
            stamped("page_view", NOON),
            stamped("custom", NOON + MINUTE, person=None, user_id="anna", touches_visit=False),
        )
        assert [total(into)[n] for n in (VISITS, BOUNCES, EVENTS, VISITORS, LASTING)] == [1, 1, 1, 2, 1]

    def test_without_any_id_nobody_was_there(self) -> None:
        into = rollups(stamped("custom", NOON, person=None, touches_visit=False))
        assert [total(into)[n] for n in (VISITS, EVENTS, VISITORS)] == [0, 1, 0]


def test_bots_are_counted_apart_even_with_the_same_hash() -> None:
    into = rollups(stamped("page_view", NOON), stamped("page_view", NOON + MINUTE, bot=True))
    for bot in (False, True):
        assert [total(into, bot=bot)[n] for n in (VISITS, BOUNCES, PAGEVIEWS, VISITORS)] == [1, 1, 1, 1]


def test_a_visit_comes_from_where_its_first_event_came() -> None:
    google, news = Acquisition("Google", "search"), Acquisition("News", "referral")
    into = rollups(
        stamped("page_view", NOON, acquisition=google, surroundings=Surroundings("GB")),
        stamped("page_view", NOON + MINUTE, acquisition=news, surroundings=Surroundings("DE")),
    )
    names = {
        into.names[code]: row
        for rows in into.days.values()
        for code, row in rows.items()
        if into.kinds[code] in {5, 6, 12}
    }
    assert set(names) == {"Google", "search", "GB"}
    assert [names["Google"][n] for n in (VISITS, ENTRIES, PAGEVIEWS, VISITORS)] == [1, 1, 2, 1]


def test_a_page_has_the_bounces_of_its_entries_and_the_time_until_the_next_page() -> None:
    into = rollups(
        stamped("page_view", NOON, path="/a"),
        stamped("page_view", NOON + 2 * MINUTE, path="/b"),
        stamped("page_view", NOON + 3 * MINUTE, path="/a"),
        stamped("custom", NOON + 7 * MINUTE),
    )
    page = {path: into.days[DAY, False][code_of(Dimension.PAGE, path)] for path in ("/a", "/b")}
    of = (VISITS, ENTRIES, BOUNCES, PAGEVIEWS, DURATION, PAGE_TIME)
    assert [page["/a"][n] for n in of] == [1, 1, 0, 2, 7 * MINUTE, 6 * MINUTE]
    assert [page["/b"][n] for n in of] == [1, 0, 0, 1, 0, MINUTE]


def test_taking_away_what_was_added_leaves_nothing() -> None:
    (visit,) = visits(stamped("page_view", "2026-11-20 23:50"), stamped("custom", "2026-11-21 00:10"))
    into = Contributions()
    contribute(visit, (), ZONE, into, 1)
    contribute(visit, (), ZONE, into, -1)
    rows = [
        *(row for of_day in into.days.values() for row in of_day.values()),
        *into.hours.values(),
        *(list(counts.values()) for counts in into.presence.values()),
    ]
    assert not any(any(row) for row in rows)
