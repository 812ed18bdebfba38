"""Folds and differences leave what one offline pass over all unique events gives: in any order, any cut, any repetition."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from streamgauge.clock import MICROSECONDS
from streamgauge.warehouse.directory import Directory

from tests.oracle.counting import count
from tests.oracle.stored import differences, stored
from tests.support.seeds import seeded
from tests.support.stamped import instant, person_hash, stamped
from tests.support.warehouse import add_site, store_stamped
from tests.traffic.made_up import make

if TYPE_CHECKING:
    import psycopg
    from streamgauge.events.models import StampedEvent

_sites = itertools.count()

# Days without a change of clocks, and days that last longer for one.
PLACES = (
    ("Europe/Berlin", "2024-11-20 22:50"),
    ("Asia/Kolkata", "2024-11-20 23:40"),
    ("America/St_Johns", "2024-11-20 23:20"),
    ("Europe/Berlin", "2024-10-27 01:30"),
    ("Australia/Lord_Howe", "2024-04-07 00:50"),
)
GAPS = (0, 1, 60, 299, 600, 1799, 1800, 1801, 7200, 14_399, 14_400, 40_000)
VIDEO_KINDS = (
    "video_start", "video_progress", "video_pause", "video_resume", "video_complete", "video_error", "video_buffer",
    "quality_change", "seek",
)  # fmt: skip
POSITIONS = st.sampled_from((None, 0.0, 5.0, 20.0, 60.0, 118.5))


@st.composite
def _event_fields(draw: st.DrawFn) -> dict[str, Any]:
    """Return an event without its time."""
    kind = draw(st.sampled_from(("page_view", "page_view", "custom", "view", "video", "video")))
    identity = draw(st.sampled_from(("hash", "hash", "anonymous", "user", "back end")))
    fields: dict[str, Any] = {"kind": kind, "person": draw(st.sampled_from("pq")), "bot": draw(st.integers(0, 9)) == 0}
    if identity == "anonymous":
        fields["anonymous_id"] = f"anonymous {fields['person']}"
    if identity == "user":
        fields["user_id"] = draw(st.sampled_from(("anna", "ben")))
    if identity == "back end":
        fields |= {"person": None, "touches_visit": False, "user_id": draw(st.sampled_from((None, "anna")))}
    if kind == "page_view":
        fields["path"] = draw(st.sampled_from(("/", "/a")))
    elif kind == "custom":
        fields["interactive"] = draw(st.booleans())
    else:
        fields["session_id"] = draw(st.sampled_from((None, "s", "t")))
    if kind == "video":
        fields["kind"] = draw(st.sampled_from(VIDEO_KINDS))
        fields["position"] = draw(POSITIONS)
        fields["duration"] = draw(st.sampled_from((None, 40.0, 120.0)))
        if fields["kind"] == "seek":
            fields |= {"seek_from": draw(POSITIONS), "seek_to": draw(POSITIONS)}
        if fields["kind"] == "video_error":
            fields["fatal"] = draw(st.sampled_from((None, False)))
        if fields["kind"] == "quality_change":
            fields |= {"quality": draw(st.sampled_from(("720p", "1080p"))), "bitrate": 2500.0}
    return fields


@st.composite
def traffic(draw: st.DrawFn) -> list[StampedEvent]:
    zone, begin = draw(st.sampled_from(PLACES))
    time_ = instant(begin, zone)
    events = []
    for gap, fields in draw(st.lists(st.tuples(st.sampled_from(GAPS), _event_fields()), min_size=2, max_size=24)):
        time_ += gap * MICROSECONDS
        kind = fields.pop("kind")
        if kind == "view" and fields["person"] is not None:
            fields["address_hash"] = person_hash("address", time_, zone)
            fields["prev_address_hash"] = person_hash("address", time_, zone, 1)
        events.append(stamped(kind, time_, zone=zone, **fields))
    return events


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[StampedEvent], list[list[StampedEvent]]]:
    """Return events, and batches that hold each of them at least once."""
    events = draw(traffic())
    order = draw(st.permutations(events)) + draw(st.lists(st.sampled_from(events), max_size=6))
    cuts = sorted(draw(st.sets(st.integers(1, len(order)), max_size=8)))
    bounds = list(zip([0, *cuts], [*cuts, len(order)], strict=True))
    return events, [order[begin:end] for begin, end in bounds if begin < end]


def store(connection: psycopg.Connection[Any], batches: list[list[StampedEvent]]) -> int:
    """Store batches for a new site of their zone and return its number."""
    from msgspec.structs import replace

    site = f"site {next(_sites)}"
    site_no = add_site(connection, site, batches[0][0].zone)
    directory = Directory()
    for batch in batches:
        events = [replace(event, site=site) for event in batch]
        store_stamped(connection, events, directory=directory)
    return site_no


def check(connection: psycopg.Connection[Any], events: list[StampedEvent], batches: list[list[StampedEvent]]) -> None:
    site_no = store(connection, batches)
    found = differences(count(events), stored(connection, site_no))
    assert not found, "\n".join(found)


@given(delivered=deliveries())
@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_any_order_any_cut_any_repetition(
    connection: psycopg.Connection[Any], delivered: tuple[list[StampedEvent], list[list[StampedEvent]]]
) -> None:
    check(connection, *delivered)


@pytest.mark.torture
@pytest.mark.timeout(3600)
@given(delivered=deliveries())
@settings(max_examples=3000, deadline=None, print_blob=True, suppress_health_check=list(HealthCheck))
def test_any_order_any_cut_any_repetition_at_length(
    connection: psycopg.Connection[Any], delivered: tuple[list[StampedEvent], list[list[StampedEvent]]]
) -> None:
    check(connection, *delivered)


def shuffled(events: list[StampedEvent], seed: int, sizes: tuple[int, ...]) -> list[list[StampedEvent]]:
    chance = seeded(seed)
    order = list(events)
    chance.shuffle(order)
    batches = []
    while order:
        size = chance.choice(sizes)
        batches.append(order[:size])
        order = order[size:]
    return batches


@pytest.mark.parametrize("seed", range(4))
def test_busy_people(connection: psycopg.Connection[Any], seed: int) -> None:
    events = make(seed, 250)
    check(connection, events, shuffled(events, seed, (1, 10, 60)))


@pytest.mark.parametrize("jitter_seconds", [600, 20_000])
def test_late_events_of_many_people_at_once(connection: psycopg.Connection[Any], jitter_seconds: float) -> None:
    """Batches in which most people have late events, some of them reaching into visits of others' keys."""
    seed = 77
    chance = seeded(seed)
    events = make(seed, 1500, people=120)
    late = sorted(events, key=lambda event: event.time + chance.uniform(0, jitter_seconds) * MICROSECONDS)
    pieces = [late[n : n + 400] for n in range(0, len(late), 400)]
    check(connection, events, [piece[lane::3] for piece in pieces for lane in range(3)])


@pytest.mark.torture
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(1000, 1200))
def test_busy_people_on_many_seeds(connection: psycopg.Connection[Any], seed: int) -> None:
    events = make(seed, 800)
    check(connection, events, shuffled(events, seed, (1, 10, 60, 300)))


@pytest.mark.parametrize("seed", range(3))
def test_a_visit_that_lasts_for_days(connection: psycopg.Connection[Any], seed: int) -> None:
    """A screen that is never left: its hash changes twice, and late events meet the day in the middle."""
    begin = instant("2024-11-20 22:00")
    kinds = ("page_view", "video_progress", "custom")
    events = [stamped(kinds[n % 3], begin + n * 1500 * MICROSECONDS) for n in range(150)]
    check(connection, events, shuffled(events, seed, (1, 5, 20)))


def test_a_late_event_in_the_middle_of_a_visit_of_three_days(connection: psycopg.Connection[Any]) -> None:
    begin = instant("2024-11-20 22:00")
    events = [stamped("page_view", begin + n * 1500 * MICROSECONDS) for n in range(80)]
    late = stamped("page_view", "2024-11-21 12:00:01")
    check(connection, [*events, late], [events, [late]])


def test_many_visits_that_go_on_over_midnight_are_locked_together(connection: psycopg.Connection[Any]) -> None:
    """A batch of late events of more people than it may restart for: each has keys that it does not name itself."""
    people = [f"person {n}" for n in range(60)]
    before = [stamped("page_view", "2024-11-20 23:50", person=person) for person in people]
    after = [stamped("page_view", "2024-11-21 00:10", person=person) for person in people]
    on = [stamped("page_view", "2024-11-21 00:35", person=person) for person in people]
    late = [stamped("page_view", "2024-11-20 23:40", person=person) for person in people]
    check(connection, [*before, *after, *on, *late], [before, after, on, late])
    check(connection, [*before, *after, *on, *late], [after, on, before, late])
