"""Watch time, coverage, completion and retention against a player that is watched second by second."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from streamgauge.clock import MICROSECONDS
from streamgauge.contributions import POINTS, Contributions
from streamgauge.events.facts import fact_of
from streamgauge.video.contributing import contribute
from streamgauge.video.figures import Sums
from streamgauge.video.playbacks import Playback, fold
from streamgauge.video.sections import first_point

from tests.oracle.seconds import Player, Step, Told
from tests.support.stamped import ZONE, instant, stamped

NOON = instant("2026-11-20 12:00")


@st.composite
def scripts(draw: st.DrawFn, *, seeks: bool = True) -> list[Step]:
    doings = ["watch", "watch", "watch", "pause", "wait", "tell", *(["seek"] * 2 if seeks else [])]
    steps = [
        Step(doing, draw(st.integers(1, 90)), draw(st.integers(0, 400)))
        for doing in draw(st.lists(st.sampled_from(doings), max_size=14))
    ]
    # Nobody waits for data in a pause, or pauses in one.
    paused = False
    kept = []
    for step in steps:
        if paused and step.doing in {"pause", "wait", "tell"}:
            continue
        paused = step.doing == "pause" or (paused and step.doing == "seek")
        kept.append(step)
    return kept


def playback_of(notes: Player, told: list[Told] | None = None) -> Playback:
    events = [
        stamped(kind, NOON + second * MICROSECONDS, session_id="s", **said)
        for second, kind, said in (notes.told if told is None else told)
    ]
    facts = sorted((fact_of(event, ZONE) for event in events), key=lambda fact: (fact.time, fact.id))
    (found,) = fold(None, facts, lambda _: None)
    return found


def counted(playback: Playback) -> tuple[Sums, list[int], list[int]]:
    into = Contributions()
    contribute(playback, into, 1)
    (amounts,) = into.videos.values()
    audience, watches = [0] * POINTS, [0] * POINTS
    for curve in into.curves.values():
        held = times = 0
        for point in range(POINTS):
            held, times = held + curve.audience[point], times + curve.watches[point]
            audience[point], watches[point] = held, times
    return Sums(*amounts), audience, watches


@given(scripts(), st.integers(1, 300), st.integers(1, 2), st.integers(1, 30))
@settings(max_examples=400, deadline=None)
def test_every_figure_is_what_the_seconds_say(steps: list[Step], duration: int, speed: int, heartbeat: int) -> None:
    notes = Player(duration, speed=speed, heartbeat=heartbeat).play(steps)
    sums, audience, watches = counted(playback_of(notes))
    assert (sums.views, sums.watched) == (1, notes.watch_time * MICROSECONDS)
    assert sums.covered == round(notes.covered * MICROSECONDS)
    assert bool(sums.completions) == (notes.completed or notes.covered >= 0.95)
    half_of_short = duration < 60 and notes.covered >= 0.5
    assert bool(sums.qualified) == (notes.watch_time >= 30 or half_of_short)
    assert watches == [notes.holding(point) for point in range(POINTS)]
    assert audience == [min(1, notes.holding(point)) for point in range(POINTS)]


@given(scripts(), st.integers(1, 30))
def test_a_live_stream_has_watch_time_alone(steps: list[Step], heartbeat: int) -> None:
    notes = Player(None, heartbeat=heartbeat).play(steps)
    sums, audience, watches = counted(playback_of(notes))
    assert sums.watched == notes.watch_time * MICROSECONDS
    assert (sums.measured, sums.covered, sums.completions) == (0, 0, 0)
    assert not any(audience + watches)


@given(scripts(), st.integers(60, 300), st.data())
def test_lost_heartbeats_lose_nothing(steps: list[Step], duration: int, data: st.DataObject) -> None:
    # At speed 1 no gap between the events that are left looks like a seek.
    notes = Player(duration).play(steps)
    told = [one for one in notes.told if one[1] != "video_progress" or data.draw(st.booleans(), label="kept")]
    whole, audience, watches = counted(playback_of(notes))
    some, fewer, times = counted(playback_of(notes, told))
    assert (some.watched, some.covered, some.completions) == (whole.watched, whole.covered, whole.completions)
    assert (fewer, times) == (audience, watches)


@given(scripts(seeks=False), st.integers(1, 30))
def test_without_positions_the_playhead_follows_the_clock(steps: list[Step], heartbeat: int) -> None:
    # After a change of quality nothing tells where the playhead is.
    steps = [step for step in steps if step.doing in {"watch", "pause"}]
    notes = Player(None, heartbeat=heartbeat, positions=False).play(steps)
    sums, _, _ = counted(playback_of(notes))
    assert sums.watched == notes.watch_time * MICROSECONDS


@pytest.mark.parametrize("duration", [0.07, 0.7, 3.3, 7.0, 59.94, 99.9999])
@given(data=st.data())
def test_an_instant_belongs_to_the_section_that_holds_it(duration: float, data: st.DataObject) -> None:
    position = data.draw(st.one_of(st.floats(0, duration * 2), st.integers(0, 100).map(lambda p: p * duration / 100)))
    wanted = next((p for p in range(POINTS) if p >= round(Fraction(position) * 100 / Fraction(duration), 9)), POINTS)
    assert first_point(position, duration) == wanted
