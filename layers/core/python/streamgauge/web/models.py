"""Answers of the website reports; their fields are the published names."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from streamgauge.rollups.uniques import HowCounted  # noqa: TC001 - pydantic reads it


class Metrics(BaseModel):
    """Figures of a range; rates are 0 to 1, durations mean seconds."""

    visitors: int
    visits: int
    pageviews: int
    events: int = Field(description="Custom events.")
    views_per_visit: float
    bounce_rate: float
    visit_duration: float


class Change(BaseModel):
    """A figure of the time before, and the change since in percent (null from 0)."""

    value: int | float
    change: float | None


class Bucket(BaseModel):
    """An hour (of a range of one day) or a day."""

    bucket: str
    visitors: int
    visits: int
    pageviews: int


class MaybeCompared(BaseModel):
    """A row, or an overview, that may be compared with the time before."""

    comparison: dict[str, Change] | None = Field(
        default=None,
        exclude_if=lambda value: value is None,
        description="With `compare=previous`: the same figures just before, cut at the same elapsed part; else absent.",
    )


class MaybeImported(BaseModel):
    """An answer that may hold days which another tool has counted."""

    imported: Literal[True] | None = Field(
        default=None,
        exclude_if=lambda value: value is None,
        description="Some days of the range are imported (`with_imported=false` leaves them out); absent when none is.",
    )
    imported_days: int | None = Field(
        default=None, exclude_if=lambda value: value is None, description="How many days of the range are imported."
    )


class Dashboard(MaybeImported, MaybeCompared):
    """The overview of a website."""

    website_id: str
    range: dict[str, str]
    metrics: Metrics
    visitors_counted: HowCounted = Field(
        description="`distinct` where ids last; `daily_sum` where they end with their day; `mixed`."
    )
    timeseries: list[Bucket]


class Row(MaybeCompared):
    """A value of a top list; `percentage` of the visitors of the range."""

    name: str
    visitors: int
    visits: int
    pageviews: int
    bounce_rate: float
    visit_duration: float
    percentage: float


class PageRow(Row):
    """A page; bounce rate and visit duration are those of the visits that entered there."""

    time_on_page: float | None = Field(
        description="Mean seconds per page view; null with a filter by event or property, which single views of a page meet."
    )


class TopPages(MaybeImported):
    """Pages with most visitors first, ties by name."""

    range: dict[str, str]
    results: list[PageRow | Row]
    next_cursor: str | None
    visitors_counted: HowCounted


class TopValues(MaybeImported):
    """Values of a dimension with most visitors first, ties by name."""

    range: dict[str, str]
    results: list[Row]
    next_cursor: str | None
    visitors_counted: HowCounted


class TopPlaces(TopValues):
    """Places with most visitors first, ties by name."""

    attribution: str | None = Field(
        default=None,
        exclude_if=lambda value: value is None,
        description="To be shown beside the places: the licence of the database that they were found in asks for it.",
        examples=["IP Geolocation by DB-IP (https://db-ip.com)"],
    )


class EventRow(MaybeCompared):
    """A custom event: how often, and of how many visitors."""

    name: str
    events: int
    visitors: int


class CustomEvents(MaybeImported):
    """Custom events with most visitors first, ties by name."""

    range: dict[str, str]
    results: list[EventRow]
    next_cursor: str | None
    visitors_counted: HowCounted


class PropertyRow(MaybeCompared):
    """A property, or a value of one: page views and custom events that have it, and of how many visitors."""

    name: str
    events: int
    visitors: int


class Properties(BaseModel):
    """Properties, or values of one, with most visitors first, ties by name."""

    range: dict[str, str]
    results: list[PropertyRow]
    next_cursor: str | None
    visitors_counted: HowCounted


class Figures(MaybeCompared):
    """Figures of one bucket."""

    visitors: int
    visits: int
    pageviews: int
    bounce_rate: float
    visit_duration: float


# Bases of their own, and the last: so their fields are the first of a row.
class _Day(BaseModel):
    date: str


class DayRow(Figures, _Day):
    """A local day."""


class _Hour(BaseModel):
    hour: str


class HourRow(Figures, _Hour):
    """A local hour, named by its first instant."""


class DailyStats(MaybeImported):
    """Every day of a range, empty ones too."""

    range: dict[str, str]
    results: list[DayRow]
    next_cursor: None = None


class HourlyStats(BaseModel):
    """Every hour of a range, empty ones too."""

    range: dict[str, str]
    results: list[HourRow]
    next_cursor: None = None
