"""A player that is watched second by second, and what it tells: apart from the product's rules, and from `counting`.

A viewer's doing is a script of steps, each some seconds long. The player moves its playhead on every tick of the clock and notes each second of
the video that it shows; what it tells of itself is the events. So the notes are the truth, and the events are all that the product sees.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Literal, NamedTuple

Doing = Literal["watch", "pause", "seek", "wait", "tell"]
Told = tuple[int, str, dict[str, Any]]
"""(second, kind of event, what it says)"""


class Step(NamedTuple):
    """What is done: watch or pause for `seconds`, seek to `to`, wait for data for `seconds`, or let the player tell its quality."""

    doing: Doing
    seconds: int = 0
    to: int = 0


class Player:
    """Plays scripts at a whole speed, and keeps what it showed and told; times are seconds after the start.

    `shown` is how often each second of the video was on the screen, `stretches` which seconds were shown one after the other.
    """

    def __init__(self, duration: int | None, *, speed: int = 1, heartbeat: int = 10, positions: bool = True) -> None:
        self.duration, self.speed, self.heartbeat, self.positions = duration, speed, heartbeat, positions
        self.shown: Counter[int] = Counter()
        self.stretches: list[range] = []
        self.completed = False
        self.told: list[Told] = []
        self._clock = self._playhead = self._begun = self._since_told = 0
        self._paused = False

    def play(self, steps: list[Step]) -> Player:
        """Play a script from the start to where it ends."""
        doings = {
            "watch": self._watch,
            "pause": self._pause,
            "seek": self._seek,
            "wait": self._wait,
            "tell": lambda _: self._tell("quality_change", quality="720p"),
        }
        self._tell("video_start")
        for step in steps:
            doings[step.doing](step)
        self._end_stretch()
        self.completed = self._at_the_end() and not self._paused
        self._tell("video_complete" if self.completed else "video_pause")
        return self

    @property
    def watch_time(self) -> int:
        """Seconds shown, repetitions included."""
        return self.shown.total()

    @property
    def covered(self) -> float:
        """Share of the video's seconds that were shown at least once."""
        assert self.duration is not None
        return len(+self.shown) / self.duration

    def holding(self, percent: int) -> int:
        """Return how many stretches hold the instant percent/100 of the duration."""
        assert self.duration is not None
        # A second of the video holds the instants from its first up to the next one.
        return sum(percent * self.duration // 100 in stretch for stretch in self.stretches)

    def _tell(self, kind: str, **more: Any) -> None:
        said: dict[str, Any] = {"position": float(self._playhead)} if self.positions else {}
        if self.duration is not None:
            said["duration"] = float(self.duration)
        self.told.append((self._clock, kind, said | more))

    def _at_the_end(self) -> bool:
        return self.duration is not None and self._playhead >= self.duration

    def _end_stretch(self) -> None:
        if self._playhead > self._begun:
            self.stretches.append(range(self._begun, self._playhead))
        self._begun = self._playhead

    def _watch(self, step: Step) -> None:
        if self._paused:
            self._tell("video_resume")
            self._paused = False
        for _ in range(step.seconds):
            if self._at_the_end():
                break
            self._clock += 1
            for _ in range(self.speed):
                if not self._at_the_end():
                    self.shown[self._playhead] += 1
                    self._playhead += 1
            self._since_told += 1
            if self._since_told == self.heartbeat:
                self._tell("video_progress")
                self._since_told = 0

    def _pause(self, step: Step) -> None:
        self._tell("video_pause")
        self._paused = True
        self._end_stretch()
        self._clock += step.seconds

    def _seek(self, step: Step) -> None:
        self._end_stretch()
        origin, self._playhead = self._playhead, step.to if self.duration is None else min(step.to, self.duration)
        self._begun = self._playhead
        self.told.append((self._clock, "seek", {"seek_from": float(origin), "seek_to": float(self._playhead)}))

    def _wait(self, step: Step) -> None:
        self._tell("video_buffer", buffer_seconds=float(step.seconds))
        self._clock += step.seconds
        self._tell("video_progress")
