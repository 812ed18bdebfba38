"""Figures of funnels as the API gives them."""

from __future__ import annotations

from pydantic import BaseModel, Field

from streamgauge.web.models import MaybeCompared


class StepFigures(MaybeCompared):
    """A step: people who took it, and their share of those who entered and of those at the step before."""

    step: int
    name: str
    people: int
    conversion_rate: float
    step_conversion_rate: float
    drop_off: int = Field(description="People lost since the step before.")


class TimedStep(StepFigures):
    """A step with the time from the step before."""

    median_seconds: float
    p90_seconds: float


class Part(MaybeCompared):
    """The people whose first step has a value of the dimension."""

    name: str
    entries: int
    conversions: int
    conversion_rate: float
    steps: list[StepFigures]


class Analytics(MaybeCompared):
    """The figures of a funnel over a range."""

    funnel_id: str
    range: dict[str, str]
    entries: int
    conversions: int
    conversion_rate: float
    steps: list[StepFigures]
    breakdown: list[Part] | None = Field(default=None, exclude_if=lambda value: value is None)
    next_cursor: str | None = Field(
        default=None,
        exclude_if=lambda value: value is None,
        description="Of the values of a breakdown, when there are more.",
    )
    attribution: str | None = Field(
        default=None,
        exclude_if=lambda value: value is None,
        description="Whose database places come from, where its licence asks for it.",
    )


class Day(MaybeCompared):
    """The people who entered on a day."""

    date: str
    entries: int
    conversions: int
    conversion_rate: float


class DetailedPart(Part):
    """The people whose first step has a value of the dimension, with times."""

    steps: list[TimedStep]  # type: ignore[assignment] # a timed step is a step


class DetailedAnalytics(Analytics):
    """The figures of a funnel, with times and per day."""

    steps: list[TimedStep]  # type: ignore[assignment] # a timed step is a step
    breakdown: list[DetailedPart] | None = Field(  # type: ignore[assignment] # as above
        default=None, exclude_if=lambda value: value is None
    )
    daily: list[Day]


class Test(BaseModel):
    """Two conversion rates by a two-proportion z-test: a's less b's. `a` and `b` are funnels, or ranges as `start/end`."""

    a: str
    b: str
    difference: float
    z: float
    p_value: float


class Compared(BaseModel):
    """A comparison: the figures of each, and a test of every pair."""

    funnels: list[Analytics]
    tests: list[Test]
