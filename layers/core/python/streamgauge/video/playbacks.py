"""Playbacks: events of a viewer and a video, folded. Pure; `docs/definitions.md`, Video, says what is counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from streamgauge.clock import MICROSECONDS
from streamgauge.events.facts import (
    BUFFER,
    COMPLETE,
    ERROR,
    PAUSE,
    PROGRESS,
    QUALITY_CHANGE,
    RESUME,
    SEEK,
    START,
    Fact,
)
from streamgauge.video.sections import covered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

GAP: Final = 30 * 60 * MICROSECONDS
GAP_AFTER_PAUSE: Final = 4 * 60 * 60 * MICROSECONDS
LONGEST_BUFFERING: Final = 60.0
"""What a buffering event without its own length may last at most, in seconds."""
FASTEST: Final = 2.5
SLACK_SECONDS: Final = 15.0
"""An advance greater than elapsed x FASTEST + SLACK_SECONDS is a seek."""

_RUNNING: Final = frozenset({START, RESUME, PROGRESS})
_HALTING: Final = frozenset({PAUSE, COMPLETE})


class Playback:
    """State of one playback; times in microseconds, positions and lengths in seconds, bitrate in kbit/s.

    `halted`: the last event was a pause, completion or fatal error (or a seek after one), so the advance to the next does not
    count. `runs`: without positions the playhead runs on from it. `waits_since`: a buffering without a length goes on.
    `sections` are [from, to) in order of watching; the last one grows while `section_open`. `amounts` are those that `contribute`
    last added to the rollups (None: it is no view). `duration` is what its events tell, `catalogued` the catalogue's where they tell none.
    """

    __slots__ = (
        "after_pause",
        "amounts",
        "bitrate",
        "bitrate_time",
        "bitrate_weight",
        "bot",
        "buffered",
        "catalogued",
        "completed",
        "day",
        "duration",
        "failed",
        "halted",
        "key",
        "last",
        "lasting",
        "position",
        "position_at",
        "progressed",
        "qualities",
        "quality",
        "runs",
        "section_open",
        "sections",
        "start",
        "start_position",
        "started_at",
        "startup_time",
        "stored",
        "surroundings",
        "video_id",
        "viewer",
        "viewer_user",
        "waits_since",
    )

    def __init__(self, fact: Fact) -> None:
        if fact.play_key is None or fact.video is None:
            raise ValueError("an event without a video opens no playback")
        self.key = fact.play_key
        self.video_id = fact.video.video_id
        self.start = self.last = fact.time
        self.day = fact.day
        self.viewer = fact.visitor
        self.viewer_user = False
        self.lasting = fact.lasting_key
        self.bot = fact.bot
        self.surroundings = fact.surroundings
        # A playback whose start was lost may begin with a seek: nothing says that it was paused.
        self.halted = False
        self.after_pause = False
        self.runs = False
        self.waits_since: int | None = None
        self.position: float | None = None
        self.position_at: int | None = None
        self.section_open = False
        self.sections: list[list[float]] = []
        self.quality: str | None = None
        self.bitrate: float | None = None
        self.started_at: int | None = None
        self.start_position: float | None = None
        self.progressed = False
        self.duration: float | None = None
        self.catalogued: float | None = None
        self.startup_time: float | None = None
        self.completed = False
        self.failed = False
        self.buffered = 0.0
        self.qualities: dict[str, float] = {}
        self.bitrate_time = 0.0
        self.bitrate_weight = 0.0
        self.amounts: list[int] | None = None
        self.stored = False

    @property
    def gap(self) -> int:
        """How far away the next event begins another playback, in microseconds."""
        return GAP_AFTER_PAUSE if self.after_pause else GAP

    @property
    def viewed(self) -> bool:
        """It started, or its start was lost and it progressed."""
        return self.started_at is not None or self.progressed

    @property
    def watched(self) -> float:
        """Seconds watched; a part watched twice counts twice."""
        return sum(end - begin for begin, end in self.sections)

    @property
    def length(self) -> float | None:
        """How long the video is, in seconds: as told, else as the catalogue says."""
        return self.catalogued if self.duration is None else self.duration

    def covered_share(self) -> float | None:
        """Return the share of the duration that was watched at least once, 0 to 1; None without a duration."""
        length = self.length
        return None if length is None else min(1.0, covered(self.sections, length) / length)

    def add(self, fact: Fact) -> None:
        """Fold the next event in; it is never older than the last."""
        video = fact.video
        if video is None:
            raise ValueError("an event without a video belongs to no playback")
        self._end_buffering(fact)
        reached = video.position
        if fact.kind == SEEK and video.seek_from is not None:
            reached = video.seek_from
        if reached is None:
            reached = self._guess(fact)
        if reached is not None:
            self._arrive(reached, fact.time)
        self._identify(fact)
        if video.duration is not None and video.duration > 0:
            self.duration = video.duration
        if video.quality is not None:
            self.quality = video.quality
        if video.bitrate is not None:
            self.bitrate = video.bitrate
        if video.startup_time is not None and self.startup_time is None:
            self.startup_time = video.startup_time
        self._take(fact)
        self.last = fact.time

    def _identify(self, fact: Fact) -> None:
        """Take the last user id seen as the viewer, else the first identity."""
        if fact.user is not None:
            self.viewer, self.viewer_user = fact.user, True
        elif self.viewer is None:
            self.viewer, self.lasting = fact.visitor, fact.lasting_key

    def _guess(self, fact: Fact) -> float | None:
        """Return where the playhead is at an event without a position, None where nothing tells."""
        if fact.kind == START:
            return 0.0
        if self.runs and self.position is not None and self.position_at is not None:
            return self.position + (fact.time - self.position_at) / MICROSECONDS
        return self.position

    def _arrive(self, reached: float, time: int) -> None:
        """Move the playhead to where an event found it, and count the way there if it was watched."""
        if self.position is None or self.position_at is None or self.halted:
            self.section_open = False
        else:
            advance = reached - self.position
            elapsed = (time - self.position_at) / MICROSECONDS
            if advance < 0 or advance > elapsed * FASTEST + SLACK_SECONDS:
                self.section_open = False
            elif advance > 0:
                self._watch(self.position, reached)
        self.position, self.position_at = reached, time

    def _watch(self, begin: float, end: float) -> None:
        if self.section_open and self.sections:
            self.sections[-1][1] = end
        else:
            self.sections.append([begin, end])
            self.section_open = True
        seconds = end - begin
        if self.quality is not None:
            self.qualities[self.quality] = self.qualities.get(self.quality, 0.0) + seconds
        if self.bitrate is not None:
            self.bitrate_time += self.bitrate * seconds
            self.bitrate_weight += seconds

    def _end_buffering(self, fact: Fact) -> None:
        if self.waits_since is not None:
            self.buffered += min(LONGEST_BUFFERING, (fact.time - self.waits_since) / MICROSECONDS)
            self.waits_since = None

    def _take(self, fact: Fact) -> None:
        """Change the state by what kind of event it is."""
        kind, video = fact.kind, fact.video
        fatal = kind == ERROR and video is not None and video.fatal is not False
        if kind == START and self.started_at is None:
            self.started_at, self.start_position = fact.time, self.position
        elif kind == PROGRESS and not self.progressed:
            self._progress_first(fact.time)
        elif kind == COMPLETE:
            self.completed = True
        elif fatal:
            self.failed = True
        elif kind == BUFFER and video is not None and self.progressed:
            # Waiting before the first progress is startup.
            if video.buffer_seconds is not None:
                self.buffered += video.buffer_seconds
            else:
                self.waits_since = fact.time
        elif kind == SEEK and video is not None:
            self.section_open = False
            self.position, self.position_at = video.seek_to, fact.time
        if kind != SEEK:
            self.halted = kind in _HALTING or fatal
        self.after_pause = kind == PAUSE or (kind in (SEEK, QUALITY_CHANGE) and self.after_pause)
        self.runs = kind in _RUNNING

    def _progress_first(self, time: int) -> None:
        self.progressed = True
        if self.startup_time is None and self.started_at is not None:
            advance = 0.0
            if self.position is not None and self.start_position is not None:
                advance = self.position - self.start_position
            self.startup_time = max(0.0, (time - self.started_at) / MICROSECONDS - advance)


def fold(latest: Playback | None, facts: Iterable[Fact], touch: Callable[[Playback], None]) -> list[Playback]:
    """Fold events of one playback key, sorted by (time, id), onto its latest playback.

    `touch` is called before a playback that was there changes. Returns the playbacks that changed or are new, in order.
    """
    changed: list[Playback] = []
    playback = latest
    for fact in facts:
        if playback is None or fact.time - playback.last >= playback.gap:
            playback = Playback(fact)
        elif not changed:
            touch(playback)
        if not changed or changed[-1] is not playback:
            changed.append(playback)
        playback.add(fact)
    return changed
