"""Figures of videos from sums of playbacks. Pure; `docs/definitions.md`, Video, says what each means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MILLION: Final = 1_000_000

_WATCHED_WEIGHT: Final = 0.5
_COMPLETED_WEIGHT: Final = 0.3
_SMOOTH_WEIGHT: Final = 0.2


class Sums(NamedTuple):
    """Sums in the order of VIDEO_AMOUNTS.

    `watched`, `buffered` and `timed` in microseconds, `covered` in millionths of a duration; `kilobits` were streamed in `timed`.
    """

    views: int = 0
    qualified: int = 0
    measured: int = 0
    completions: int = 0
    failures: int = 0
    exits: int = 0
    watched: int = 0
    covered: int = 0
    buffered: int = 0
    kilobits: int = 0
    timed: int = 0

    @property
    def avg_watch_percentage(self) -> float:
        """Mean share of the duration seen at least once, 0 to 100, over the views whose duration is known."""
        return ratio(self.covered * 100, self.measured * MILLION)

    @property
    def completion_rate(self) -> float:
        """Completed views per view."""
        return ratio(self.completions, self.views)

    @property
    def rebuffer_ratio(self) -> float:
        """Buffering per buffering and watch time."""
        return ratio(self.buffered, self.buffered + self.watched)

    @property
    def error_rate(self) -> float:
        """Views with a fatal error per view."""
        return ratio(self.failures, self.views)

    @property
    def mean_bitrate(self) -> float:
        """Kbit/s over the watch time whose bitrate is known."""
        return ratio(self.kilobits * MILLION, self.timed)

    @property
    def engagement_score(self) -> float:
        """0 to 10; 0 without views."""
        if not self.views:
            return 0.0
        smooth = 1 - min(1.0, self.rebuffer_ratio * 10)
        seen = self.avg_watch_percentage / 100
        return 10 * (_WATCHED_WEIGHT * seen + _COMPLETED_WEIGHT * self.completion_rate + _SMOOTH_WEIGHT * smooth)


def total(rows: Iterable[Sums]) -> Sums:
    """Return the sum of sums."""
    return Sums(*map(sum, zip(Sums(), *rows, strict=True)))


def ratio(part: float, whole: float) -> float:
    """Return part / whole; 0 over nothing."""
    return part / whole if whole else 0.0


def quantile(counts: Mapping[int, int], share: float) -> float:
    """Return the value below which a share (0 to 1) of counted values lies, between two values by how near it is; 0 of none."""
    place = share * (sum(counts.values()) - 1)
    below: int | None = None
    passed = 0
    for value, count in sorted(counts.items()):
        if count <= 0:
            continue
        if below is not None and place <= passed - 1:
            break
        if below is not None and place < passed:
            # Between the last of one value and the first of the next.
            return below + (value - below) * (place - (passed - 1))
        below, passed = value, passed + count
    return float(below or 0)


def main_figures(sums: Sums, viewers: int) -> dict[str, Any]:
    """Return the figures of every row about videos, in order."""
    return {
        "views": sums.views,
        "unique_viewers": viewers,
        # Whole seconds where they are whole: half a second is watch time too.
        "watch_time_seconds": sums.watched / MILLION,
        "avg_watch_percentage": sums.avg_watch_percentage,
        "completion_rate": sums.completion_rate,
        "engagement_score": sums.engagement_score,
        "qualified_views": sums.qualified,
    }


def all_figures(sums: Sums, viewers: int, startups: Mapping[int, int]) -> dict[str, Any]:
    """Return all figures of a video; `startups` are views by startup time in milliseconds."""
    return {
        **main_figures(sums, viewers),
        "startup_time_seconds": quantile(startups, 0.5) / 1000,
        "rebuffer_ratio": sums.rebuffer_ratio,
        "error_rate": sums.error_rate,
        "exits_before_start": sums.exits,
    }


def curve(measured: int, audience: Sequence[int], watches: Sequence[int]) -> list[dict[str, float]]:
    """Return the points of a retention curve from its counts over `measured` views."""
    return [
        {"percent": percent, "audience": ratio(held, measured), "watches_per_view": ratio(times, measured)}
        for percent, (held, times) in enumerate(zip(audience, watches, strict=True))
    ]
