"""What visits and their events add to the rollups, by example, each a sentence of the definitions."""

from __future__ import annotations

from datetime import date

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
from streamgauge.events.facts import acquisition_values, fact_of, surroundings_values, user_key
from streamgauge.events.models import Acquisition, StampedEvent, Surroundings
from streamgauge.web.contributing import contribute, contribute_events

from tests.support.stamped import ZONE, person_hash, stamped
from tests.unit.web.folded import DAY, MINUTE, NOON, visits


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


class TestMidnight:
    def test_it_counts_as_a_visit_on_the_first_day_and_as_a_visitor_on_both(self) -> None:
        into = rollups(stamped("page_view", "2026-11-20 23:50"), stamped("page_view", "2026-11-21 00:10", path="/b"))
        first, second = total(into), total(into, date(2026, 11, 21))
        assert [first[n] for n in (VISITS, VISITORS, PAGEVIEWS, BOUNCES, DURATION)] == [1, 1, 1, 0, 20 * MINUTE]
        assert [second[n] for n in (VISITS, VISITORS, PAGEVIEWS, BOUNCES, DURATION)] == [0, 1, 1, 0, 0]
        page = into.days[DAY, False][code_of(Dimension.PAGE, "/")]
        assert page[PAGE_TIME] == 20 * MINUTE


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
