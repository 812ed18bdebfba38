"""The video reports: what each asks of the rollups and of single playbacks, and how it is put together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from streamgauge.clock import MICROSECONDS, day_start, hours_between, iso
from streamgauge.contributions import POINTS, RENDITION, STARTUP
from streamgauge.dimensions import Dimension, code_of
from streamgauge.errors import OutOfBoundsError
from streamgauge.events.facts import user_key
from streamgauge.filters.days import require_whole
from streamgauge.rollups.ranges import BOT_FLAGS, Span
from streamgauge.rollups.uniques import Uniques, how_counted
from streamgauge.video import queries
from streamgauge.video.figures import MILLION, Sums, all_figures, curve, main_figures, quantile, ratio, total

if TYPE_CHECKING:
    from datetime import date

    from streamgauge.paging import Page
    from streamgauge.rollups.ranges import Bots, Days
    from streamgauge.store.postgres import Read

MOST_HOURLY_DAYS: Final = 31
"""The longest range of hourly rows: they are counted from single playbacks."""


@dataclass(frozen=True, slots=True)
class Question:
    """What every report is about: a site, its days, which bots, and how to read."""

    read: Read
    site_no: int
    days: Days
    bots: Bots

    @property
    def key(self) -> dict[str, Any]:
        """The parameters that every statement takes."""
        return {
            "site_no": self.site_no,
            "start": self.days.start,
            "end": self.days.end,
            "bots": BOT_FLAGS[self.bots],
        }

    def require_playbacks(self) -> None:
        """Make sure that the single playbacks of all days are there. Raises OutOfBoundsError."""
        require_whole(self.read, self.site_no, self.days.start, self.days.end)


def video_metrics(question: Question, video_id: str) -> dict[str, Any]:
    """Return the figures of a video; a video that nobody has played in these days has zeros, known or not."""
    key = question.key | {"video_id": video_id}
    sums = Sums(*question.read(queries.FIGURES, key)[0])
    code = code_of(Dimension.VIEWER, video_id)
    viewers, counted = _viewers(question, [code]).get(code, (0, "distinct"))
    return {**all_figures(sums, viewers, startups(question, video_id)), "viewers_counted": counted}


def startups(question: Question, video_id: str) -> dict[int, int]:
    """Return how many views took how many milliseconds to start."""
    key = question.key | {"video_id": video_id, "kind": STARTUP}
    return {int(value): amount for value, amount in question.read(queries.VALUES, key)}


def top_videos(question: Question, sort: str, page: Page) -> dict[str, Any]:
    """Return the videos with most of `sort` (a key of queries.MOST), ties by id, and where the list goes on."""
    found = question.read(queries.MOST[sort], question.key | {"limit": page.limit + 1, "skip": page.skip})
    shown, next_skip = page.of_rest(found)
    codes = {video_id: code_of(Dimension.VIEWER, video_id) for video_id, *_ in shown}
    viewers = _viewers(question, list(codes.values()))
    rows = [
        {"video_id": video_id, **main_figures(Sums(*amounts), viewers.get(codes[video_id], (0, ""))[0])}
        for video_id, *amounts in shown
    ]
    return {"results": rows, "next_skip": next_skip}


def quality(question: Question, video_id: str) -> dict[str, Any]:
    """Return how well a video played: startup, waiting, errors, exits, renditions."""
    key = question.key | {"video_id": video_id}
    sums = Sums(*question.read(queries.FIGURES, key)[0])
    times = startups(question, video_id)
    renditions = question.read(queries.VALUES, key | {"kind": RENDITION})
    known = sum(amount for _, amount in renditions)
    return {
        "video_id": video_id,
        "views": sums.views,
        "startup_time_seconds": quantile(times, 0.5) / 1000,
        "startup_time_p90_seconds": quantile(times, 0.9) / 1000,
        "startup_time_mean_seconds": ratio(sum(ms * n for ms, n in times.items()), sum(times.values()) * 1000),
        "startup_views": sum(times.values()),
        "watch_time_seconds": sums.watched / MILLION,
        "buffering_seconds": sums.buffered / MILLION,
        "rebuffer_ratio": sums.rebuffer_ratio,
        "failed_views": sums.failures,
        "error_rate": sums.error_rate,
        "exits_before_start": sums.exits,
        "mean_bitrate_kbps": sums.mean_bitrate,
        "renditions": [
            {"quality": name, "watch_time_seconds": spent / MILLION, "percentage": ratio(spent * 100, known)}
            for name, spent in sorted(renditions, key=lambda row: (-row[1], row[0]))
        ],
    }


def retention(question: Question, video_id: str) -> dict[str, Any]:
    """Return the retention curve over the views whose duration is known."""
    key = question.key | {"video_id": video_id}
    measured = Sums(*question.read(queries.FIGURES, key)[0]).measured
    audience, watches = [0] * POINTS, [0] * POINTS
    for point, held, times in question.read(queries.CURVE, key):
        audience[point - 1], watches[point - 1] = held, times
    return {"video_id": video_id, "views": measured, "points": curve(measured, audience, watches)}


def breakdown(question: Question, video_id: str, by: str, page: Page) -> dict[str, Any]:
    """Return the values of a dimension with most views, ties by name; what is not known is the name None, last of its ties."""
    question.require_playbacks()
    key = question.key | {"video_id": video_id, "by": by, "limit": page.limit + 1, "skip": page.skip}
    shown, next_skip = page.of_rest(question.read(queries.BREAKDOWN, key))
    rows = []
    for name, viewers, startup_time, *amounts, everything in shown:
        figures = all_figures(Sums(*amounts), viewers, {})
        figures["startup_time_seconds"] = startup_time or 0.0
        rows.append({"name": name, **figures, "percentage": ratio(amounts[0] * 100, float(everything))})
    return {"results": rows, "next_skip": next_skip}


def daily(question: Question, video_id: str) -> list[dict[str, Any]]:
    """Return every day with its figures."""
    days = Span(question.days.start, question.days.end).days
    found = {
        day: Sums(*amounts) for day, *amounts in question.read(queries.DAYS, question.key | {"video_id": video_id})
    }
    asked = {"dimension": int(Dimension.VIEWER), "code": code_of(Dimension.VIEWER, video_id), "days": days}
    viewers: dict[date, int] = dict(question.read(queries.VIEWERS_BY_DAY, question.key | asked))
    return [{"bucket": day.isoformat(), **main_figures(found.get(day, Sums()), viewers.get(day, 0))} for day in days]


def hourly(question: Question, video_id: str) -> list[dict[str, Any]]:
    """Return every hour with its figures, by the first event of each playback. Raises OutOfBoundsError for a range too long."""
    days = question.days
    if (days.end - days.start).days >= MOST_HOURLY_DAYS:
        message = f"Hours are given for at most {MOST_HOURLY_DAYS} days."
        raise OutOfBoundsError(message, [(["query", "startDate"], message)])
    question.require_playbacks()
    until = day_start(days.end + timedelta(days=1), days.timezone) * MICROSECONDS
    hours = [
        hour for hour, _ in hours_between(day_start(days.start, days.timezone) * MICROSECONDS, until - 1, days.timezone)
    ]
    key = question.key | {"video_id": video_id, "hours": [hour * MICROSECONDS for hour in hours]}
    found = {hours[bucket - 1]: row for bucket, *row in question.read(queries.HOURS, key)}
    rows = []
    for hour in hours:
        viewers, *amounts = found.get(hour, [0])
        rows.append({"bucket": iso(hour, days.timezone), **main_figures(Sums(*amounts), viewers)})
    return rows


def user_engagement(question: Question, user_id: str) -> dict[str, Any]:
    """Return what a user watched on each day, and over all of them."""
    question.require_playbacks()
    found = question.read(queries.USER_DAYS, question.key | {"viewer": user_key(user_id)})
    days = {day: (videos, Sums(*amounts)) for day, videos, *amounts in found}
    rows = []
    for day in Span(question.days.start, question.days.end).days:
        videos, sums = days.get(day, (0, Sums()))
        rows.append({"date": day.isoformat(), **_engagement(sums, videos)})
    return {"results": rows, "engagement_score": total(sums for _, sums in days.values()).engagement_score}


def _engagement(sums: Sums, videos: int) -> dict[str, Any]:
    return {
        "views": sums.views,
        "videos": videos,
        "watch_time_seconds": sums.watched / MILLION,
        "completion_rate": sums.completion_rate,
        "engagement_score": sums.engagement_score,
    }


def _viewers(question: Question, codes: list[int]) -> dict[int, tuple[int, str]]:
    """Return the distinct viewers of videos over the range, and how they were counted."""
    span = Span(question.days.start, question.days.end)
    asked = {**question.key, "dimension": int(Dimension.VIEWER), "codes": codes, "days": span.days}
    daily_sums = {code: (viewers, lasting) for code, viewers, lasting in question.read(queries.VIEWERS, asked)}
    if span.start == span.end:
        return {code: (viewers, "distinct") for code, (viewers, _) in daily_sums.items()}
    uniques = Uniques(question.read, question.site_no, span.start, span.end, BOT_FLAGS[question.bots])
    exact = uniques.count([code for code, (_, lasting) in daily_sums.items() if lasting])
    return {
        code: (viewers - lasting + exact.get(code, 0), how_counted(viewers, lasting))
        for code, (viewers, lasting) in daily_sums.items()
    }
