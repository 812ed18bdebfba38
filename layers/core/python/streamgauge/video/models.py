"""Answers of the video reports, as `api.md` names their fields."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field


class VideoMetrics(BaseModel):
    """The figures of a video over a range; all are 0 for a video that nobody has played in it."""

    video_id: str
    range: dict[str, str]
    views: int
    unique_viewers: int
    watch_time_seconds: float
    avg_watch_percentage: float = Field(description="0 to 100, over the views whose duration is known.")
    completion_rate: float
    engagement_score: float = Field(description="0 to 10.")
    qualified_views: int
    startup_time_seconds: float = Field(description="Median.")
    rebuffer_ratio: float
    error_rate: float
    exits_before_start: int
    viewers_counted: Literal["distinct", "daily_sum", "mixed"] = Field(
        description="`distinct` where ids last; `daily_sum` where they end with their day; `mixed`."
    )
