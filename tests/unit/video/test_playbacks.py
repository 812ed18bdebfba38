"""Playbacks by example, each a sentence of the definitions."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from streamgauge.clock import MICROSECONDS
from streamgauge.contributions import VIDEO_AMOUNTS, Contributions
from streamgauge.dimensions import Dimension
from streamgauge.events.facts import fact_of, user_key
from streamgauge.video.contributing import contribute
from streamgauge.video.playbacks import GAP, GAP_AFTER_PAUSE, Playback, fold
from streamgauge.video.sections import covered

from tests.support.stamped import ZONE, instant, person_hash, stamped

if TYPE_CHECKING:
    from streamgauge.events.models import StampedEvent

NOON = instant("2026-11-20 12:00")
DAY = date(2026, 11, 20)


def at(second: float, kind: str, position: float | None = None, **rest: object) -> StampedEvent:
    """Return an event of the one playback, so many seconds after noon."""
    return stamped(kind, NOON + round(second * MICROSECONDS), position=position, **({"session_id": "s"} | rest))


def playbacks(*events: StampedEvent) -> list[Playback]:
    facts = [fact_of(event, ZONE) for event in events]
    chains: dict[int | None, list] = {}
    for fact in sorted(facts, key=lambda fact: (fact.time, fact.id)):
        chains.setdefault(fact.play_key, []).append(fact)
    return [one for chain in chains.values() for one in fold(None, chain, lambda _: None)]


def playback(*events: StampedEvent) -> Playback:
    (found,) = playbacks(*events)
    return found


def figures(*events: StampedEvent) -> dict[str, int]:
    into = Contributions()
    for one in playbacks(*events):
        contribute(one, into, 1)
    return dict(zip(VIDEO_AMOUNTS, into.videos["v", DAY, False], strict=True))


class TestPlayhead:
    def test_its_advance_is_watched(self) -> None:
        found = playback(at(0, "video_start", 0), at(10, "video_progress", 10), at(20, "video_progress", 20))
        assert (found.sections, found.watched) == ([[0, 20]], 20)

    def test_a_seek_counts_up_to_from_and_goes_on_at_to(self) -> None:
        found = playback(
            at(0, "video_start", 0), at(8, "seek", seek_from=8, seek_to=100), at(18, "video_progress", 110)
        )
        assert found.sections == [[0, 8], [100, 110]]

    def test_a_seek_in_a_pause_goes_on_nowhere(self) -> None:
        found = playback(
            at(0, "video_start", 0),
            at(8, "video_pause", 8),
            at(9, "seek", seek_from=8, seek_to=100),
            at(18, "video_progress", 110),
            at(20, "video_progress", 112),
        )
        assert found.sections == [[0, 8], [110, 112]]

    def test_a_playback_known_from_a_seek_on_goes_on_at_to(self) -> None:
        assert playback(at(0, "seek", seek_to=100), at(10, "video_progress", 110)).sections == [[100, 110]]

    def test_a_backward_jump_closes_the_section_and_counts_again(self) -> None:
        found = playback(
            at(0, "video_start", 0),
            at(10, "video_progress", 10),
            at(12, "video_progress", 4),
            at(20, "video_progress", 12),
        )
        assert (found.sections, found.watched) == ([[0, 10], [4, 12]], 18)

    @pytest.mark.parametrize(("position", "watched"), [(40.0, 40.0), (40.5, 0.0)])
    def test_an_advance_beyond_the_fastest_is_a_seek(self, position: float, watched: float) -> None:
        # 10 s x 2.5 + 15 s = 40 s
        assert playback(at(0, "video_start", 0), at(10, "video_progress", position)).watched == watched

    @pytest.mark.parametrize("kind", ["video_pause", "video_complete", "video_error"])
    def test_nothing_is_watched_after_a_halt(self, kind: str) -> None:
        found = playback(
            at(0, "video_start", 0), at(5, kind, 5), at(15, "video_progress", 15), at(20, "video_progress", 20)
        )
        assert found.sections == [[0, 5], [15, 20]]

    def test_an_error_that_is_not_fatal_halts_nothing(self) -> None:
        found = playback(at(0, "video_start", 0), at(5, "video_error", 5, fatal=False), at(15, "video_progress", 15))
        assert (found.sections, found.failed) == ([[0, 15]], False)

    def test_without_positions_it_runs_from_start_resume_and_progress(self) -> None:
        found = playback(
            at(0, "video_start"),
            at(10, "video_progress"),
            at(20, "video_pause"),
            at(50, "video_resume"),
            at(60, "video_complete"),
            at(90, "video_progress"),
        )
        assert found.sections == [[0, 20], [20, 30]]

    def test_without_positions_it_stands_still_after_a_buffering(self) -> None:
        assert playback(at(0, "video_start"), at(10, "video_buffer"), at(30, "video_progress")).watched == 10


class TestGaps:
    @pytest.mark.parametrize(
        ("kind", "gap"), [("video_progress", GAP), ("video_pause", GAP_AFTER_PAUSE), ("video_resume", GAP)]
    )
    def test_a_playback_ends_at_exactly_the_gap(self, kind: str, gap: int) -> None:
        for distance, count in ((gap - 1, 1), (gap, 2)):
            later = stamped("video_progress", NOON + distance, session_id="s")
            assert len(playbacks(at(0, kind, 1), later)) == count

    def test_a_seek_in_a_pause_is_still_in_the_pause(self) -> None:
        assert len(playbacks(at(0, "video_pause", 1), at(60, "seek", seek_to=9), at(7260, "video_resume", 9))) == 1

    def test_sessions_and_videos_are_playbacks_of_their_own(self) -> None:
        events = at(0, "video_start"), at(1, "video_start", video_id="w"), at(2, "video_start", session_id="t")
        assert len(playbacks(*events)) == 3

    def test_without_a_session_the_visitor_stands_in(self) -> None:
        events = [at(n, "video_progress", n, session_id=None) for n in range(3)]
        assert len(playbacks(*events)) == 1
        assert len(playbacks(*events, at(4, "video_progress", 4, session_id=None, person="q"))) == 2


class TestFigures:
    def test_a_second_start_is_no_second_view(self) -> None:
        assert figures(at(0, "video_start", 0), at(5, "video_start", 5))["views"] == 1

    def test_a_lost_start_is_a_view_from_the_first_progress(self) -> None:
        assert figures(at(0, "video_progress", 5))["views"] == 1
        assert figures(at(0, "video_pause", 5))["views"] == 0

    def test_a_live_stream_has_no_share(self) -> None:
        found = figures(at(0, "video_start", 0), at(40, "video_progress", 40))
        assert found | {"views": 1, "qualified": 1, "measured": 0, "covered": 0, "completions": 0} == found

    def test_the_last_positive_duration_counts(self) -> None:
        events = [at(n, "video_progress", n, duration=length) for n, length in enumerate((50.0, 20.0, 0.0, -4.0, None))]
        assert playback(*events).duration == 20.0

    def test_what_lies_beyond_the_duration_covers_nothing(self) -> None:
        found = figures(at(0, "video_progress", 63, duration=40.0), at(10, "video_progress", 73, duration=40.0))
        assert (found["watched"], found["covered"]) == (10_000_000, 0)

    @pytest.mark.parametrize(
        ("seconds", "duration", "qualified"),
        [(29, None, 0), (30, None, 1), (20, 40.0, 1), (19, 40.0, 0), (30, 59.0, 1), (29, 60.0, 0)],
    )
    def test_qualified_is_thirty_seconds_or_half_of_a_short_one(
        self, seconds: int, duration: float | None, qualified: int
    ) -> None:
        assert (
            figures(at(0, "video_start", 0, duration=duration), at(seconds, "video_progress", seconds))["qualified"]
            == qualified
        )

    @pytest.mark.parametrize(("position", "completed"), [(94.0, 0), (95.0, 1)])
    def test_complete_is_ninety_five_percent_covered(self, position: float, completed: int) -> None:
        assert (
            figures(at(0, "video_start", 0, duration=100.0), at(95, "video_progress", position))["completions"]
            == completed
        )

    def test_watching_twice_covers_once(self) -> None:
        found = figures(
            at(0, "video_start", 0, duration=100.0),
            at(50, "video_progress", 50),
            at(51, "video_progress", 0),
            at(101, "video_progress", 50),
        )
        assert (found["watched"], found["covered"]) == (100_000_000, 500_000)

    def test_an_exit_before_the_start_has_no_advance_completion_or_fatal_error(self) -> None:
        assert figures(at(0, "video_start"))["exits"] == 1
        assert figures(at(0, "video_start"), at(1, "video_progress", 1))["exits"] == 0
        assert figures(at(0, "video_start"), at(0, "video_complete", 0))["exits"] == 0
        assert figures(at(0, "video_start"), at(0, "video_error", 0))["exits"] == 0
        assert figures(at(0, "video_progress", 0))["exits"] == 0

    def test_bots_are_apart(self) -> None:
        assert figures(at(0, "video_start", bot=True))["views"] == 0


class TestWaiting:
    def test_buffering_before_the_first_progress_is_startup(self) -> None:
        found = playback(
            at(0, "video_start", 0),
            at(1, "video_buffer", 0),
            at(4, "video_progress", 1),
            at(5, "video_buffer", 2),
            at(8, "video_progress", 2),
        )
        assert (found.startup_time, found.buffered) == (3.0, 3.0)

    def test_its_own_length_counts_else_a_minute_at_most(self) -> None:
        progress = at(0, "video_progress", 0)
        assert playback(progress, at(1, "video_buffer", 1, buffer_seconds=90.0)).buffered == 90.0
        assert playback(progress, at(1, "video_buffer", 1), at(400, "video_progress", 2)).buffered == 60.0
        assert playback(progress, at(1, "video_buffer", 1)).buffered == 0.0

    def test_a_startup_time_that_is_told_wins(self) -> None:
        assert playback(at(0, "video_start", 0, startup_time=0.8), at(4, "video_progress", 1)).startup_time == 0.8


def test_time_per_rendition_belongs_to_the_one_that_was_showing() -> None:
    found = playback(
        at(0, "video_start", 0, quality="720p", bitrate=1000.0),
        at(10, "quality_change", 10, quality="1080p", bitrate=4000.0),
        at(40, "video_progress", 40),
    )
    assert found.qualities == {"720p": 10.0, "1080p": 30.0}
    assert found.bitrate_time / found.bitrate_weight == 3250.0


def test_the_viewer_is_the_last_user_else_the_first_identity() -> None:
    into = Contributions()
    for events in (
        [at(0, "video_start"), at(1, "video_progress", user_id="anna")],
        [at(0, "video_start", session_id="t")],
    ):
        contribute(playback(*events), into, 1)
    assert {visitor: into.lasting[visitor] for _, _, visitor in into.presence} == {
        user_key("anna"): True,
        person_hash("p", NOON, ZONE): False,
    }
    assert set(into.kinds.values()) >= {Dimension.VIEWER}


@pytest.mark.parametrize(
    ("sections", "length"),
    [
        ([], 0),
        ([[0, 10]], 10),
        ([[0, 10], [5, 12]], 12),
        ([[20, 30], [0, 10]], 20),
        ([[-5, 3]], 3),
        ([[90, 120]], 10),
        ([[120, 130]], 0),
        ([[-9, -2]], 0),
    ],
)
def test_cover_is_a_union_within_the_duration(sections: list[list[float]], length: float) -> None:
    assert covered(sections, 100.0) == length
