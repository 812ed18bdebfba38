"""Which views count, by example."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamgauge.clock import MICROSECONDS
from streamgauge.views.counting import View, decide, view_of

from tests.support.stamped import instant, stamped

if TYPE_CHECKING:
    from streamgauge.events.models import StampedEvent

HOUR = 3600 * MICROSECONDS
DAY = 24 * HOUR
NOON = instant("2026-11-20 12:00")


def counted(*events: StampedEvent, window: int = DAY) -> list[bool]:
    """Return which of the views count, in the order of time."""
    views = sorted((view_of(event) for event in events), key=lambda view: (view.time, view.id))
    decide(views, window, (0, ""))
    return [view.counted for view in views]


def view(time: int | str, **rest: object) -> StampedEvent:
    return stamped("view", time, **rest)


def test_a_session_counts_again_after_exactly_the_window() -> None:
    times = NOON, NOON + DAY - 1, NOON + DAY
    assert counted(*(view(time, session_id="s") for time in times)) == [True, False, True]


def test_the_window_runs_from_the_last_counted_view_not_from_the_last() -> None:
    times = [NOON + n * 10 * HOUR for n in range(6)]
    assert counted(*(view(time, session_id="s") for time in times)) == [True, False, False, True, False, False]


def test_midnight_changes_nothing_for_a_daily_hash() -> None:
    times = "2026-11-20 23:50", "2026-11-21 00:10", "2026-11-21 23:49", "2026-11-21 23:50"
    assert counted(*(view(time) for time in times)) == [True, False, False, True]


def test_another_video_or_viewer_counts_by_itself() -> None:
    events = view(NOON), view(NOON + 1, video_id="w"), view(NOON + 2, person="q"), view(NOON + 3, session_id="s")
    assert counted(*events) == [True, True, True, True]


def test_a_window_of_zero_counts_all() -> None:
    assert counted(*(view(NOON, session_id="s") for _ in range(3)), window=0) == [True] * 3


def test_bots_do_not_count() -> None:
    assert counted(view(NOON, bot=True), view(NOON + 1)) == [False, True]


def test_twenty_sessions_of_an_address_count_in_a_day() -> None:
    events = [view(NOON + n, session_id=f"s{n}", address_hash=7) for n in range(22)]
    later = view(NOON + DAY, session_id="later", address_hash=7)
    assert counted(*events, later) == [True] * 20 + [False] * 2 + [True]


def test_the_limit_goes_on_over_midnight() -> None:
    late, early = instant("2026-11-20 23:00"), instant("2026-11-21 01:00")
    events = [view(late + n, session_id=f"s{n}", address_hash=7) for n in range(20)]
    assert counted(*events, view(early, session_id="t", address_hash=8, prev_address_hash=7)) == [True] * 20 + [False]


def test_an_address_without_sessions_has_no_limit() -> None:
    events = [view(NOON + n, person=f"agent {n}", address_hash=7) for n in range(25)]
    assert counted(*events) == [True] * 25


def test_a_back_end_without_session_or_address_is_known_by_its_ids() -> None:
    events = view(NOON, person=None, user_id="u"), view(NOON + 1, person=None, user_id="u"), view(NOON + 2, person=None)
    assert counted(*events) == [True, False, True]


def test_earlier_decisions_stay_and_changes_are_told() -> None:
    first, late, last = (view_of(view(NOON + n * HOUR, session_id="s")) for n in (0, 20, 26))
    views: list[View] = [first, last]
    assert decide(views, DAY, (0, "")) == [first, last]
    first.counted = False  # as if another address' limit had stood against it
    changed = decide([first, late, last], DAY, (late.time, late.id))
    assert (changed, late.counted, last.counted) == ([late, last], True, False)
