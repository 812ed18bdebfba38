"""Playbacks, naively: where the playhead was, which sections were watched, and what showing them took. Positions are exact fractions."""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from tests.oracle.people import SECOND, visitor_of

if TYPE_CHECKING:
    from streamgauge.events.models import StampedEvent


PLAYBACK_GAP = 30 * 60 * SECOND
PAUSED_GAP = 4 * 3600 * SECOND


def playback_chains(events: list[StampedEvent]) -> dict[object, list[StampedEvent]]:
    chains: defaultdict[object, list[StampedEvent]] = defaultdict(list)
    for event in events:
        if event.kind.startswith("video_") or event.kind in {"seek", "quality_change"}:
            assert event.video is not None
            who = ("session", event.session_id) if event.session_id is not None else visitor_of(event)
            chains[event.bot, who, event.video.video_id].append(event)
    return chains


def playbacks_of(chain: list[StampedEvent]) -> list[list[StampedEvent]]:
    found: list[list[StampedEvent]] = []
    for event in chain:
        if found:
            gap = PAUSED_GAP if _paused(found[-1]) else PLAYBACK_GAP
            if event.time - found[-1][-1].time < gap:
                found[-1].append(event)
                continue
        found.append([event])
    return found


def _paused(events: list[StampedEvent]) -> bool:
    """Say whether it is paused after these events: who moves the playhead or the quality in a pause is still in it."""
    for event in reversed(events):
        if event.kind not in {"seek", "quality_change"}:
            return event.kind == "video_pause"
    return False


def is_fatal(event: StampedEvent) -> bool:
    return event.kind == "video_error" and event.video is not None and event.video.fatal is not False


def exact(value: float | None) -> Fraction | None:
    return None if value is None else Fraction(value)


@dataclass
class Step:
    """An event of a playback: where it found the playhead, where it left it, and whether the way on from it is watched."""

    event: StampedEvent
    found: Fraction | None
    left: Fraction | None
    plays: bool


def steps_of(events: list[StampedEvent]) -> list[Step]:
    steps: list[Step] = []
    for event in events:
        video = event.video
        assert video is not None
        before = steps[-1] if steps else None
        found = exact(video.position)
        if event.kind == "seek" and video.seek_from is not None:
            found = exact(video.seek_from)
        if found is None and event.kind == "video_start":
            found = Fraction(0)
        if found is None and before is not None and before.left is not None:
            found = before.left
            if before.event.kind in {"video_start", "video_resume", "video_progress"}:
                found += Fraction(event.time - before.event.time, SECOND)
        if event.kind == "seek":
            plays = before is None or before.plays
            steps.append(Step(event, found, exact(video.seek_to), plays))
        else:
            plays = event.kind not in {"video_pause", "video_complete"} and not is_fatal(event)
            steps.append(Step(event, found, found, plays))
    return steps


class Watched:
    """The sections of a playback, and what was showing meanwhile."""

    def __init__(self, steps: list[Step]) -> None:
        self.sections: list[list[Fraction]] = []
        self.qualities: defaultdict[str, Fraction] = defaultdict(Fraction)
        self.bitrate_time = self.bitrate_weight = Fraction(0)
        quality: str | None = None
        bitrate: float | None = None
        goes_on = False
        for earlier, later in itertools.pairwise(steps):
            video = earlier.event.video
            assert video is not None
            quality = video.quality if video.quality is not None else quality
            bitrate = video.bitrate if video.bitrate is not None else bitrate
            if earlier.event.kind == "seek" or not earlier.plays:
                goes_on = False
            if not earlier.plays or earlier.left is None or later.found is None:
                goes_on = False
                continue
            elapsed = Fraction(later.event.time - earlier.event.time, SECOND)
            advance = later.found - earlier.left
            if advance < 0 or advance > elapsed * Fraction(5, 2) + 15:
                goes_on = False
            elif advance > 0:
                if goes_on:
                    self.sections[-1][1] = later.found
                else:
                    self.sections.append([earlier.left, later.found])
                goes_on = True
                if quality is not None:
                    self.qualities[quality] += advance
                if bitrate is not None:
                    self.bitrate_time += Fraction(bitrate) * advance
                    self.bitrate_weight += advance

    def seconds(self) -> Fraction:
        return sum((end - begin for begin, end in self.sections), Fraction(0))

    def covered(self, duration: Fraction) -> Fraction:
        """Return how much of [0, duration) lies in at least one section, from border to border."""
        borders = sorted({Fraction(0), duration, *(border for section in self.sections for border in section)})
        total = Fraction(0)
        for begin, end in itertools.pairwise(borders):
            inside = begin >= 0 and end <= duration
            if inside and any(section[0] <= begin and end <= section[1] for section in self.sections):
                total += end - begin
        return total


def buffered_seconds(events: list[StampedEvent]) -> Fraction:
    """Return the seconds of buffering after the first progress."""
    total, progressed = Fraction(0), False
    for n, event in enumerate(events):
        progressed = progressed or event.kind == "video_progress"
        if event.kind == "video_buffer" and progressed:
            assert event.video is not None
            if event.video.buffer_seconds is not None:
                total += Fraction(event.video.buffer_seconds)
            elif n + 1 < len(events):
                total += min(Fraction(60), Fraction(events[n + 1].time - event.time, SECOND))
    return total


def startup_of(steps: list[Step]) -> Fraction | None:
    """Return the startup time: the one that is told, else from the start to the first progress less the advance."""
    start: Step | None = None
    first_progress = next((step for step in steps if step.event.kind == "video_progress"), None)
    for step in steps:
        video = step.event.video
        assert video is not None
        if video.startup_time is not None:
            return Fraction(video.startup_time)
        if step.event.kind == "video_start" and start is None:
            start = step
        if step is first_progress and start is not None:
            advance = Fraction(0)
            if step.found is not None and start.found is not None:
                advance = step.found - start.found
            return max(Fraction(0), Fraction(step.event.time - start.event.time, SECOND) - advance)
    return None
