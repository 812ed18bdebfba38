"""Sessions by example, each a sentence of the definitions, and the property that order and repetition change nothing."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamgauge.clock import MICROSECONDS
from streamgauge.events.models import SessionFields, SessionHistory, SessionItem, Spot
from streamgauge.sessions.folding import (
    LONGEST_QUIET,
    ORDER,
    SILENCE,
    Call,
    Session,
    continues,
    device_of,
    ended_at,
    fold,
    is_live,
    status_at,
)

NOON = 1_763_640_000 * MICROSECONDS
FILM = SessionItem("movie", "film", client_name="web", device_name="tv", runtime=5400.0)
SILENT = msgspec.structs.replace(FILM, heartbeats=False)


def at(second: float, kind: str = "beat", **said: object) -> Call:
    """Return a call so many seconds after noon."""
    item = said.pop("item", FILM if kind == "start" else None)
    fields = SessionFields("s", kind, item=item, **said)  # type: ignore[arg-type]
    tie = hash(msgspec.json.encode(fields)) & 0xFFFF
    return Call(NOON + round(second * MICROSECONDS), ORDER[kind], tie, "u", fields)


def session(*calls: Call) -> Session:
    return fold(None, calls)


def seconds(one: Session) -> tuple[int, list[tuple[int, int]]]:
    """Return the duration and the intervals, in seconds after noon."""
    spans = [
        ((begin - NOON) // MICROSECONDS, (end - NOON) // MICROSECONDS)
        for begin, end in zip(one.starts, one.ends, strict=True)
    ]
    return one.duration // MICROSECONDS, spans


class TestDuration:
    def test_is_the_time_between_calls(self) -> None:
        assert seconds(session(at(0, "start"), at(60), at(120), at(150, "stop"))) == (150, [(0, 150)])

    def test_leaves_out_pauses(self) -> None:
        found = session(at(0, "start"), at(60, paused=True), at(90), at(120, paused=False), at(130, "stop"))
        assert seconds(found) == (70, [(0, 60), (120, 130)])

    def test_counts_at_most_five_minutes_of_silence(self) -> None:
        assert seconds(session(at(0, "start"), at(1000), at(1010, "stop"))) == (310, [(0, 300), (1000, 1010)])

    def test_a_start_that_is_paused_plays_nothing(self) -> None:
        assert seconds(session(at(0, "start", paused=True), at(60, "stop"))) == (0, [])

    def test_without_heartbeats_runs_to_the_stop(self) -> None:
        assert seconds(session(at(0, "start", item=SILENT), at(4000, "stop"))) == (4000, [(0, 4000)])

    def test_without_heartbeats_goes_by_positions(self) -> None:
        found = session(at(0, "start", item=SILENT, position=0.0), at(4000, "stop", position=1000.0))
        assert seconds(found) == (1000, [(0, 1000)])

    def test_without_heartbeats_ends_five_minutes_after_the_runtime(self) -> None:
        assert seconds(session(at(0, "start", item=SILENT), at(20_000, "stop")))[0] == 5700

    def test_without_heartbeats_and_runtime_lasts_at_most_six_hours(self) -> None:
        item = msgspec.structs.replace(SILENT, runtime=None)
        assert seconds(session(at(0, "start", item=item), at(90_000, "stop")))[0] == 6 * 3600


class TestEnd:
    def test_calls_after_it_count_nothing(self) -> None:
        found = session(at(0, "start"), at(60, "stop"), at(100, position=9.0), at(120, "stop"))
        assert (seconds(found), found.stop, found.position) == ((60, [(0, 60)]), NOON + 60 * MICROSECONDS, None)

    def test_a_start_within_a_minute_goes_on(self) -> None:
        found = session(at(0, "start"), at(60, "stop"), at(110, "start"), at(120, "stop"))
        assert seconds(found) == (70, [(0, 60), (110, 120)])

    def test_a_start_after_that_does_not(self) -> None:
        assert seconds(session(at(0, "start"), at(60, "stop"), at(121, "start"), at(200))) == (60, [(0, 60)])

    def test_a_call_after_silence_makes_it_live_again(self) -> None:
        silent = session(at(0, "start"), at(60))
        later = NOON + 1000 * MICROSECONDS
        assert (status_at(silent, later), ended_at(silent, later)) == ("abandoned", NOON + 60 * MICROSECONDS)
        assert status_at(fold(silent, [at(999)]), later) == "playing"

    def test_never_lives_longer_than_its_timeout(self) -> None:
        one = session(at(0, "start"))
        assert is_live(one, NOON + SILENCE - 1)
        assert not is_live(one, NOON + SILENCE)

    def test_without_heartbeats_is_live_for_what_is_left_and_five_minutes(self) -> None:
        one = session(at(0, "start", item=SILENT, position=5000.0))
        assert is_live(one, NOON + 699 * MICROSECONDS)
        assert not is_live(one, NOON + 700 * MICROSECONDS)

    def test_of_unknown_length_is_live_for_six_hours(self) -> None:
        one = session(at(0, "start", item=msgspec.structs.replace(SILENT, runtime=None)))
        assert is_live(one, NOON + LONGEST_QUIET - 1)
        assert not is_live(one, NOON + LONGEST_QUIET)

    @pytest.mark.parametrize(("second", "goes_on"), [(30, True), (120, True), (121, False)])
    def test_a_start_goes_on_with_it_for_a_minute(self, second: int, goes_on: bool) -> None:
        one = session(at(0, "start"), at(60, "stop"))
        assert continues(one, NOON + second * MICROSECONDS) is goes_on


class TestAttributes:
    def test_are_the_last_said(self) -> None:
        spot = Spot("192.0.2.1", country="DE")
        found = session(
            at(0, "start", bitrate=4000, resolution="1080p", spot=spot),
            at(10, transcoded=True, bitrate=2000),
            at(20, transcoded=False, position=20.0),
        )
        assert (found.bitrate, found.resolution, found.spot, found.position) == (2000, "1080p", spot, 20.0)
        assert (found.transcoded, found.ever_transcoded) == (False, True)

    def test_each_bitrate_streams_until_the_next(self) -> None:
        found = session(at(0, "start", bitrate=4000), at(10, bitrate=1000), at(30, "stop"))
        assert found.streamed == (4000 * 10 + 1000 * 20) * MICROSECONDS

    def test_the_first_bitrate_speaks_for_the_time_before_it(self) -> None:
        assert session(at(0, "start"), at(10, bitrate=1000), at(30, "stop")).streamed == 30_000 * MICROSECONDS

    def test_the_item_is_that_of_the_last_start(self) -> None:
        other = msgspec.structs.replace(FILM, title="Film")
        found = session(at(0, item=FILM), at(10, "start", item=other), at(20, item=FILM))
        assert found.item == other

    def test_devices_have_an_id_or_names_or_are_their_session(self) -> None:
        assert device_of(msgspec.structs.replace(FILM, device_id="d"), "s") == "id\x1fd"
        assert device_of(FILM, "s") == "name\x1fweb\x1ftv"
        assert device_of(SessionItem("movie", "film"), "s") == "session\x1fs"


class TestHistory:
    def test_is_what_it_says(self) -> None:
        history = SessionHistory(NOON + 600 * MICROSECONDS, 500 * MICROSECONDS)
        found = session(at(0, "start", history=history, bitrate=1000))
        assert (seconds(found), status_at(found, NOON)) == ((500, [(100, 600)]), "ended")
        assert found.streamed == 500_000 * MICROSECONDS

    def test_told_twice_is_one(self) -> None:
        first = at(0, "start", history=SessionHistory(NOON + 60 * MICROSECONDS, 60 * MICROSECONDS))
        longer = at(0, "start", history=SessionHistory(NOON + 90 * MICROSECONDS, 60 * MICROSECONDS))
        assert seconds(session(first, longer)) == seconds(session(longer, first)) == (60, [(30, 90)])

    def test_replaces_what_live_calls_said(self) -> None:
        told = at(0, "start", history=SessionHistory(NOON + 60 * MICROSECONDS, 60 * MICROSECONDS))
        assert seconds(session(told, at(10), at(500, "stop"))) == (60, [(0, 60)])
        assert seconds(session(at(-5, "start"), told, at(500))) == (60, [(0, 60)])


@st.composite
def some_calls(draw: st.DrawFn) -> list[Call]:
    """Return the calls of one session, sorted, each once."""
    item = draw(st.sampled_from([FILM, SILENT]))
    calls = {at(0, "start", item=item)}
    for _ in range(draw(st.integers(0, 12))):
        kind = draw(st.sampled_from(["beat", "beat", "beat", "start", "stop"]))
        said = draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "paused": st.booleans(),
                    "position": st.integers(0, 900).map(float),
                    "bitrate": st.integers(1, 9000),
                    "transcoded": st.booleans(),
                },
            )
        )
        calls.add(at(draw(st.integers(0, 900)), kind, **({"item": item} if kind == "start" else {}), **said))
    return sorted(calls)


@given(some_calls(), st.data())
def test_folding_in_parts_is_folding_at_once(calls: list[Call], data: st.DataObject) -> None:
    """What is folded onto a state equals what is folded from the start."""
    cut = data.draw(st.integers(1, len(calls)))
    assert fold(fold(None, calls[:cut]), calls[cut:]) == fold(None, calls)


@given(some_calls())
def test_intervals_are_apart_in_order_and_sum_up(calls: list[Call]) -> None:
    """The intervals lie within the session, apart, and their sum is the duration."""
    found = fold(None, calls)
    edges = [edge for pair in zip(found.starts, found.ends, strict=True) for edge in pair]
    assert edges == sorted(set(edges))
    assert found.duration == sum(found.ends) - sum(found.starts)
    assert not edges or (edges[0] >= found.start and edges[-1] <= found.last)
