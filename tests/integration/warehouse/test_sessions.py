"""Calls about sessions leave what one pass over all of them gives: in any order, any cut, any repetition."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from streamgauge.clock import MICROSECONDS
from streamgauge.events.models import SessionHistory, Spot
from streamgauge.events.reasons import Reason
from streamgauge.sessions.models import session_key
from streamgauge.warehouse.directory import Directory
from streamgauge.warehouse.rebuild import recount_sessions

from tests.oracle.sessions import Played, played
from tests.support.stamped import instant, session_call, stamped
from tests.support.warehouse import add_site, store_stamped

if TYPE_CHECKING:
    import psycopg
    from streamgauge.events.models import StampedEvent
    from streamgauge.warehouse.batch import Outcome

_sites = itertools.count()
BEGIN = instant("2024-11-20 23:40")
GAPS = (0, 1, 30, 60, 61, 120, 299, 300, 301, 3600, 30_000)


@st.composite
def _calls(draw: st.DrawFn) -> list[StampedEvent]:
    """Return the calls of up to three sessions, each with one start at least; no two of a kind at the same instant."""
    events: list[StampedEvent] = []
    for session in draw(st.sampled_from(("a", "ab", "abc"))):
        played_on = {"heartbeats": draw(st.booleans()), "runtime": draw(st.sampled_from((None, 600.0)))}
        at, taken = BEGIN, set()
        said: dict[str, Any] = {}
        for kind in ("start", *draw(st.lists(st.sampled_from(("beat", "beat", "beat", "stop", "start")), max_size=10))):
            at += draw(st.sampled_from(GAPS)) * MICROSECONDS
            said = draw(
                st.fixed_dictionaries(
                    {},
                    optional={
                        "paused": st.booleans(),
                        "position": st.sampled_from((0.0, 10.0, 400.0)),
                        "bitrate": st.sampled_from((800, 4000)),
                    },
                )
            )
            if (kind, at) in taken:
                continue
            taken.add((kind, at))
            events.append(session_call(kind, at, session=session, **played_on, **said))
    return events


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[StampedEvent], list[list[StampedEvent]]]:
    """Return calls, and batches that hold each of them at least once."""
    events = draw(_calls())
    order = draw(st.permutations(events)) + draw(st.lists(st.sampled_from(events), max_size=6))
    cuts = sorted(draw(st.sets(st.integers(1, len(order)), max_size=8)))
    bounds = list(zip([0, *cuts], [*cuts, len(order)], strict=True))
    return events, [order[begin:end] for begin, end in bounds if begin < end]


def store(
    connection: psycopg.Connection[Any], batches: list[list[StampedEvent]], site: str | None = None
) -> tuple[str, list[Outcome]]:
    """Store batches for a site, a new one without a name, and return its name and what became of each."""
    if site is None:
        site = f"sessions {next(_sites)}"
        add_site(connection, site, batches[0][0].zone)
    directory = Directory()
    outcomes = []
    for batch in batches:
        events = [replace(event, site=site) for event in batch]
        outcomes.append(store_stamped(connection, events, directory=directory))
    return site, outcomes


def number_of(connection: psycopg.Connection[Any], site: str) -> int:
    return connection.execute("SELECT site_no FROM sites WHERE site_id = %s", [site]).fetchall()[0][0]


def found(connection: psycopg.Connection[Any], site: str, table: str = "sessions") -> dict[str, Played]:
    rows = connection.execute(
        f"SELECT session_id, start, last, stop IS NOT NULL, duration, duration >= 120000000, streamed FROM {table} WHERE site_no = %s",
        [number_of(connection, site)],
    ).fetchall()
    return {name: Played(*rest) for name, *rest in rows}


@given(delivered=deliveries())
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_any_order_any_cut_any_repetition(
    connection: psycopg.Connection[Any], delivered: tuple[list[StampedEvent], list[list[StampedEvent]]]
) -> None:
    events, batches = delivered
    site, _ = store(connection, batches)
    assert found(connection, site) == played(events)
    assert rebuild_sessions(connection, site) == 0


def rebuild_sessions(connection: psycopg.Connection[Any], site: str) -> int:
    site_no = number_of(connection, site)
    days = connection.execute("SELECT DISTINCT day FROM sessions WHERE site_no = %s", [site_no]).fetchall()
    with connection.transaction():
        return sum(recount_sessions(connection, site_no, day) for (day,) in days)


def test_a_rebuild_repairs_what_is_wrong(connection: psycopg.Connection[Any]) -> None:
    events = [session_call("start", BEGIN), session_call("beat", BEGIN + 60 * MICROSECONDS)]
    site, _ = store(connection, [events])
    connection.execute(
        "UPDATE sessions SET duration = 1, starts = '{}', ends = '{}' WHERE site_no = %s", [number_of(connection, site)]
    )
    assert rebuild_sessions(connection, site) == 1
    assert found(connection, site) == played(events)


def test_calls_are_accounted_for(connection: psycopg.Connection[Any]) -> None:
    events = [session_call("start", BEGIN), session_call("stop", BEGIN + 60 * MICROSECONDS)]
    site, outcomes = store(connection, [events, events])
    assert [outcome.stored for outcome in outcomes] == [2, 0]
    row = connection.execute(
        "SELECT stored, duplicates, max_n FROM accounting WHERE site_no = %s", [number_of(connection, site)]
    ).fetchone()
    assert row is not None
    assert row[:2] == (2, 0)
    assert outcomes[0].touched[site].open_days == frozenset()


def test_history_is_taken_for_days_that_are_closed_for_others(connection: psycopg.Connection[Any]) -> None:
    past = instant("2020-02-03 20:00")
    history = SessionHistory(past + 5400 * MICROSECONDS, 5000 * MICROSECONDS)
    one = session_call("start", past, history=history, historical=True, received=BEGIN, spot=Spot("192.0.2.1"))
    site, _ = store(connection, [[session_call("start", BEGIN, session="other")]])
    connection.execute(
        "INSERT INTO site_days (site_no, day, closed, whole) VALUES (%s, '2020-02-03', true, false)",
        [number_of(connection, site)],
    )
    _, (outcome,) = store(connection, [[one]], site)
    assert (outcome.stored, outcome.refused) == (1, [])
    assert found(connection, site)["s"].duration == 5000 * MICROSECONDS
    kept = connection.execute(
        "SELECT day::text, kept_from::text, ip_address FROM sessions WHERE key = %s AND site_no = %s",
        [session_key("s"), number_of(connection, site)],
    ).fetchone()
    assert kept == ("2020-02-03", "2024-11-20", None)


def test_other_events_of_closed_days_are_still_refused(connection: psycopg.Connection[Any]) -> None:
    site, _ = store(connection, [[session_call("start", BEGIN, session="other")]])
    connection.execute(
        "INSERT INTO site_days (site_no, day, closed, whole) VALUES (%s, '2020-02-03', true, false)",
        [number_of(connection, site)],
    )
    view = stamped("page_view", "2020-02-03 20:00", historical=True, received=BEGIN)
    _, (outcome,) = store(connection, [[view]], site)
    assert [reason for _, reason in outcome.refused] == [Reason.DAY_CLOSED]


def test_a_late_call_without_its_raw_rows_changes_no_duration(connection: psycopg.Connection[Any]) -> None:
    events = [session_call("start", BEGIN), session_call("beat", BEGIN + 120 * MICROSECONDS)]
    site, _ = store(connection, [events])
    connection.execute("DELETE FROM session_calls WHERE site_no = %s", [number_of(connection, site)])
    store(connection, [[session_call("beat", BEGIN + 60 * MICROSECONDS, paused=True)]], site)
    assert found(connection, site)["s"].duration == 120 * MICROSECONDS


@pytest.mark.parametrize("seed", range(3))
def test_what_users_watch_is_seen_in_any_order(connection: psycopg.Connection[Any], seed: int) -> None:
    from tests.support.seeds import seeded

    kinds = [
        "video_start",
        *["video_progress"] * 8,
        "video_pause",
        "video_resume",
        *["video_progress"] * 3,
        "video_complete",
    ]
    events = [
        stamped(
            kind,
            BEGIN + n * 60 * MICROSECONDS,
            user_id="anna",
            anonymous_id="phone",
            session_id="watch",
            position=n * 60.0,
        )
        for n, kind in enumerate(kinds)
    ]
    events += [stamped("video_start", BEGIN, session_id="nobody")]
    order = list(events)
    seeded(seed).shuffle(order)
    site, _ = store(connection, [order[:5], order[5:9], order[9:]])
    rows = connection.execute(
        "SELECT user_id, device, content_id, duration FROM player_sessions WHERE site_no = %s ORDER BY start",
        [number_of(connection, site)],
    ).fetchall()
    # Half of the minutes lie before midnight UTC or not: what matters is that they are all there.
    assert {row[:3] for row in rows} == {("anna", "id\x1fphone", "v")}
    assert sum(row[3] for row in rows) == 13 * 60 * MICROSECONDS
    assert found(connection, site) == {}
