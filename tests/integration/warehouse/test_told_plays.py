"""A play that calls have told of counts once, whichever way and in whatever order a tool's history tells it again."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest
from streamgauge.clock import MICROSECONDS
from streamgauge.events.models import SessionHistory

from tests.integration.warehouse.test_sessions import BEGIN, found, store
from tests.support.stamped import session_call

if TYPE_CHECKING:
    import psycopg
    from streamgauge.events.models import StampedEvent

MINUTE = 60 * MICROSECONDS


def told(minutes: int = 12, **played: Any) -> list[StampedEvent]:
    calls = [session_call("start", BEGIN, **played)]
    calls += [session_call("beat", BEGIN + n * MINUTE, **played) for n in range(4, minutes, 4)]
    return [*calls, session_call("stop", BEGIN + minutes * MINUTE, **played)]


def past(begin: int, minutes: int, **played: Any) -> StampedEvent:
    start = BEGIN + begin * MINUTE
    history = SessionHistory(start + minutes * MINUTE, minutes * MINUTE)
    return session_call(
        "start", start, session="tool", history=history, historical=True, received=BEGIN + 10**12, **played
    )


def names(connection: psycopg.Connection[Any], *batches: list[StampedEvent]) -> set[str]:
    site, _ = store(connection, list(batches))
    return set(found(connection, site))


@pytest.mark.parametrize("history", [past(0, 12), past(-1, 3), past(13, 20), past(5, 1, device_id=None)])
def test_it_counts_as_the_calls_tell_it_in_any_order(connection, history):
    for order in itertools.islice(itertools.permutations([*told(), history]), 0, None, 7):
        assert names(connection, list(order[:2]), list(order[2:3]), list(order[3:])) == {"s"}
    for calls in ([history], []):
        assert names(connection, [*calls, *told()[:2]], [*told()[2:], history]) == {"s"}
        assert names(connection, *[[event] for event in [*calls, *reversed(told()), history]]) == {"s"}


@pytest.mark.parametrize(
    "history",
    [
        past(14, 20),
        past(-60, 50),
        past(0, 12, content_id="other"),
        past(0, 12, device_id="phone"),
        past(0, 12, user="ben"),
    ],
    ids=["later", "earlier", "other-item", "other-device", "other-user"],
)
def test_another_play_counts_beside_it(connection, history):
    assert names(connection, [history], told()) == {"s", "tool"}
    assert names(connection, told(), [history]) == {"s", "tool"}


def test_calls_that_tell_of_no_playing_take_nothing_away(connection):
    marked = [session_call("start", BEGIN), session_call("stop", BEGIN)]
    assert names(connection, marked, [past(-30, 60)]) == {"s", "tool"}
    assert names(connection, [past(-30, 60)], marked) == {"s", "tool"}


def test_several_tellings_of_one_tool_are_one_session(connection):
    assert names(connection, [past(0, 12)], [past(0, 20)]) == {"tool"}
