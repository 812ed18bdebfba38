"""What a playback adds to the rollups. Pure; `docs/definitions.md`, Video, says what is counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from streamgauge.contributions import RENDITION, STARTUP
from streamgauge.dimensions import Dimension
from streamgauge.video.figures import MILLION
from streamgauge.video.sections import add_points

if TYPE_CHECKING:
    from streamgauge.contributions import Contributions
    from streamgauge.video.playbacks import Playback

COMPLETE_SHARE: Final = 0.95
QUALIFIED_SECONDS: Final = 30.0
SHORT_VIDEO_SECONDS: Final = 60.0


def contribute(playback: Playback, into: Contributions, step: int) -> None:
    """Add (`step` 1) or take away (-1) all that a playback puts into the rollups of the day of its first event.

    What is taken away is what was added last: before the playback changes.
    """
    if step > 0 or playback.amounts is None:
        playback.amounts = amounts_of(playback)
    if playback.amounts is None:
        return
    key = playback.video_id, playback.day, playback.bot
    row = into.videos[key]
    for index, amount in enumerate(playback.amounts):
        row[index] += step * amount
    if playback.sections and playback.length is not None:
        add_points(playback.sections, playback.length, into.curves[key], step)
    if playback.startup_time is not None:
        into.video_values[*key, STARTUP, str(round(playback.startup_time * 1000))] += step
    for quality, seconds in playback.qualities.items():
        into.video_values[*key, RENDITION, quality] += step * round(seconds * MILLION)
    if playback.viewer is not None:
        lasting = playback.viewer_user or playback.lasting
        code = into.code(Dimension.VIEWER, playback.video_id)
        into.appear(playback.day, [code], step, bot=playback.bot, visitor=playback.viewer, lasting=lasting)


def amounts_of(playback: Playback) -> list[int] | None:
    """Return what a playback adds to `rollup_videos`, in the order of VIDEO_AMOUNTS; None when it is no view."""
    if not playback.viewed:
        return None
    watched = playback.watched
    share = playback.covered_share()
    begun = bool(playback.sections) or playback.completed or playback.failed
    return [
        1,
        int(is_qualified(watched, share, playback.length)),
        int(share is not None),
        int(playback.completed or (share is not None and share >= COMPLETE_SHARE)),
        int(playback.failed),
        int(playback.started_at is not None and not begun),
        round(watched * MILLION),
        round((share or 0.0) * MILLION),
        round(playback.buffered * MILLION),
        round(playback.bitrate_time),
        round(playback.bitrate_weight * MILLION),
    ]


def is_qualified(watched: float, share: float | None, duration: float | None) -> bool:
    """30 s of watch time, or half covered of a video shorter than 60 s."""
    short = duration is not None and 0 < duration < SHORT_VIDEO_SECONDS
    return watched >= QUALIFIED_SECONDS or (short and share is not None and share >= 0.5)  # noqa: PLR2004
