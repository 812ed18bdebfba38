"""Figures of a video from sums of its playbacks. Pure; `docs/definitions.md`, Video, says what each means."""

from __future__ import annotations

from typing import Final, NamedTuple

MILLION: Final = 1_000_000

_WATCHED_WEIGHT: Final = 0.5
_COMPLETED_WEIGHT: Final = 0.3
_SMOOTH_WEIGHT: Final = 0.2


class Sums(NamedTuple):
    """Sums of `rollup_videos`; `watched` and `buffered` in microseconds, `covered` in millionths of a duration."""

    views: int = 0
    qualified: int = 0
    measured: int = 0
    completions: int = 0
    failures: int = 0
    exits: int = 0
    watched: int = 0
    covered: int = 0
    buffered: int = 0

    @property
    def avg_watch_percentage(self) -> float:
        """Mean share of the duration seen at least once, 0 to 100, over the views whose duration is known."""
        return _ratio(self.covered * 100, self.measured * MILLION)

    @property
    def completion_rate(self) -> float:
        """Completed views per view."""
        return _ratio(self.completions, self.views)

    @property
    def rebuffer_ratio(self) -> float:
        """Buffering per buffering and watch time."""
        return _ratio(self.buffered, self.buffered + self.watched)

    @property
    def error_rate(self) -> float:
        """Views with a fatal error per view."""
        return _ratio(self.failures, self.views)

    @property
    def engagement_score(self) -> float:
        """0 to 10; 0 without views."""
        if not self.views:
            return 0.0
        smooth = 1 - min(1.0, self.rebuffer_ratio * 10)
        seen = self.avg_watch_percentage / 100
        return 10 * (_WATCHED_WEIGHT * seen + _COMPLETED_WEIGHT * self.completion_rate + _SMOOTH_WEIGHT * smooth)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
