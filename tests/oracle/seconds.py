"""A player that is watched second by second, and what it tells: apart from the product's rules, and from `counting`.

A viewer's doing is a script of steps, each some seconds long. The player moves its playhead on every tick of the clock and notes each second of
the video that it shows; what it tells of itself is the events. So the notes are the truth, and the events are all that the product sees.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

Doing = Literal["watch", "pause", "seek", "wait", "tell"]


class Step(NamedTuple):
    """What the viewer does: watch or pause for `seconds`, seek to `to`, wait for data for `seconds`, or let the player tell its quality."""

    doing: Doing
    seconds: int = 0
    to: int = 0


@dataclass
class Notes:
    """What was shown: how often each second of the video, how often each second was come upon anew, and what the player told."""

    duration: int | None
    shown: Counter[int] = field(default_factory=Counter)
    stretches: list[range] = field(default_factory=list)
    waited: int = 0
    completed: bool = False
    told: list[tuple[int, str, dict[str, Any]]] = field(default_factory=list)

    @property
    def watch_time(self) -> int:
        """Seconds shown, repetitions included."""
        return self.shown.total()

    @property
    def covered(self) -> float:
        """Share of the video's seconds that were shown at least once."""
        assert self.duration is not None
        return sum(second < self.duration for second in self.shown) / self.duration

    def holding(self, percent: int) -> int:
        """Return how many stretches hold the instant percent/100 of the duration."""
        assert self.duration is not None
        # A second of the video holds the instants from its first up to the next one.
        return sum(percent * self.duration // 100 in stretch for stretch in self.stretches)


def play(
    steps: list[Step], *, duration: int | None, speed: int = 1, heartbeat: int = 10, positions: bool = True
) -> Notes:
    """Play a script at a whole speed and return the notes; times are seconds after the start."""
    notes = Notes(duration)
    clock, playhead, since_told, begun = 0, 0, 0, 0
    paused = False

    def tell(kind: str, **more: Any) -> None:
        said: dict[str, Any] = {"position": float(playhead)} if positions else {}
        if duration is not None:
            said["duration"] = float(duration)
        notes.told.append((clock, kind, said | more))

    def end_stretch() -> None:
        nonlocal begun
        if playhead > begun:
            notes.stretches.append(range(begun, playhead))
        begun = playhead

    tell("video_start")
    for step in steps:
        if step.doing == "watch":
            if paused:
                tell("video_resume")
                paused = False
            for _ in range(step.seconds):
                if duration is not None and playhead >= duration:
                    break
                clock += 1
                for _ in range(speed):
                    if duration is None or playhead < duration:
                        notes.shown[playhead] += 1
                        playhead += 1
                since_told += 1
                if since_told == heartbeat:
                    tell("video_progress")
                    since_told = 0
        elif step.doing == "pause":
            tell("video_pause")
            paused = True
            end_stretch()
            clock += step.seconds
        elif step.doing == "seek":
            end_stretch()
            origin, playhead = playhead, step.to if duration is None else min(step.to, duration)
            begun = playhead
            notes.told.append((clock, "seek", {"seek_from": float(origin), "seek_to": float(playhead)}))
        elif step.doing == "wait":
            tell("video_buffer", buffer_seconds=float(step.seconds))
            notes.waited += step.seconds
            clock += step.seconds
            tell("video_progress")
        else:
            tell("quality_change", quality="720p")
    end_stretch()
    if duration is not None and playhead >= duration and not paused:
        tell("video_complete")
        notes.completed = True
    else:
        tell("video_pause")
    return notes
