"""Answers of the video reports; their fields are the published names."""

from __future__ import annotations

from pydantic import BaseModel, Field

from streamgauge.rollups.uniques import HowCounted  # noqa: TC001 - pydantic reads it


class MainFigures(BaseModel):
    """The figures of a row."""

    views: int
    unique_viewers: int
    watch_time_seconds: float
    avg_watch_percentage: float = Field(description="0 to 100, over the views whose duration is known.")
    completion_rate: float
    engagement_score: float = Field(description="0 to 10.")
    qualified_views: int


class AllFigures(MainFigures):
    """All figures of a video."""

    startup_time_seconds: float = Field(description="Median.")
    rebuffer_ratio: float
    error_rate: float
    exits_before_start: int


class OfVideo(BaseModel):
    """What every answer about a video begins with."""

    video_id: str
    range: dict[str, str]


class Change(BaseModel):
    """A figure of the time before, and the change since in percent (null from 0)."""

    value: int | float
    change: float | None


class VideoMetrics(AllFigures, OfVideo):
    """The figures of a video over a range; all are 0 for a video that nobody has played in it."""

    viewers_counted: HowCounted = Field(
        description="`distinct` where ids last; `daily_sum` where they end with their day; `mixed`."
    )
    comparison: dict[str, Change] | None = Field(
        default=None,
        exclude_if=lambda value: value is None,
        description="The same figures just before, cut at the same elapsed part.",
    )


class _Video(BaseModel):
    video_id: str


class VideoRow(MainFigures, _Video):
    """A video of the list."""


class Videos(BaseModel):
    """The videos with most views, watch time or qualified views."""

    range: dict[str, str]
    results: list[VideoRow]
    next_cursor: str | None


class _Bucket(BaseModel):
    bucket: str


class VideoBucket(MainFigures, _Bucket):
    """A day, or an hour by its first instant; a playback belongs to that of its first event."""


class Series(OfVideo):
    """A video over time, every bucket of the range."""

    results: list[VideoBucket]
    next_cursor: None = None


class Rendition(BaseModel):
    """Watch time of a rendition; `percentage` of the watch time whose rendition is known."""

    quality: str
    watch_time_seconds: float
    percentage: float


class Quality(OfVideo):
    """How well a video played; `startup_views` are those whose startup time is known."""

    views: int
    startup_time_seconds: float = Field(description="Median.")
    startup_time_p90_seconds: float
    startup_time_mean_seconds: float
    startup_views: int
    watch_time_seconds: float
    buffering_seconds: float
    rebuffer_ratio: float
    failed_views: int
    error_rate: float
    exits_before_start: int
    mean_bitrate_kbps: float = Field(description="Over the watch time whose bitrate is known.")
    renditions: list[Rendition]


class Point(BaseModel):
    """An instant of the video, in percent of its duration."""

    percent: int
    audience: float = Field(description="Share of the views that saw it, 0 to 1.")
    watches_per_view: float = Field(description="How often a view saw it, on average.")


class VideoRetention(OfVideo):
    """The audience-retention curve; `views` are those whose duration is known."""

    views: int
    points: list[Point]


class _Value(BaseModel):
    name: str | None


class BreakdownRow(AllFigures, _Value):
    """A value of a dimension (null: not known); `percentage` of the views."""

    percentage: float


class Breakdown(OfVideo):
    """A video by a dimension of its playbacks' first events."""

    results: list[BreakdownRow]
    next_cursor: str | None
    attribution: str | None = Field(
        default=None,
        exclude_if=lambda value: value is None,
        description="Whose data says where addresses are; to be shown with places.",
    )


class UserDay(BaseModel):
    """What a user watched on a day."""

    date: str
    views: int
    videos: int
    watch_time_seconds: float
    completion_rate: float
    engagement_score: float = Field(description="0 to 10.")


class UserEngagement(BaseModel):
    """The engagement of a user, every day of the range; the score is over all of them."""

    user_id: str
    range: dict[str, str]
    engagement_score: float
    results: list[UserDay]
    next_cursor: None = None


class Peak(BaseModel):
    """The most concurrent viewers of a day, and when there were first so many (null: nobody watched)."""

    date: str
    concurrent_viewers: int
    at: str | None


class Peaks(BaseModel):
    """The peaks of every day of the range, without bots."""

    range: dict[str, str]
    results: list[Peak]
    next_cursor: None = None
