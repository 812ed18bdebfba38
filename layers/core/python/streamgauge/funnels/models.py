"""Funnels as the API takes and gives them; a definition is checked here, down to its regular expressions."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - a field of a model is read at run time
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from streamgauge.funnels.patterns import compiled
from streamgauge.funnels.rules import MOST_EXCLUSIONS, MOST_STEPS, Order

DAY_SECONDS = 86_400
LONGEST_WINDOW = 90 * DAY_SECONDS
MOST_COMPARED = 10

MILESTONES = ("start", "25", "50", "75", "complete")


def _storable(text: str) -> str:
    if "\0" in text or not text.isprintable():
        raise ValueError("A text holds no control characters.")
    text.encode()  # half characters are no text
    return text


def _plain(text: str) -> str:
    try:
        return _storable(text)
    except UnicodeEncodeError:
        raise ValueError("A text holds no half characters.") from None


Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(_plain)]
Value = Annotated[str, StringConstraints(min_length=1, max_length=500), AfterValidator(_plain)]
Property = Annotated[str, StringConstraints(min_length=1, max_length=100), AfterValidator(_plain)]


class Step(BaseModel):
    """A step. A video step's value is `start`, `25`, `50`, `75` or `complete`."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    type: Literal["page", "event", "video"]
    match: Literal["equals", "prefix", "contains", "regex"] = "equals"
    value: Value
    filters: Annotated[
        dict[Property, Annotated[str, StringConstraints(max_length=500), AfterValidator(_plain)]],
        Field(max_length=10, description="Properties of the event, all of them equal; `video_id` for a video."),
    ] = {}

    @model_validator(mode="after")
    def _fits_its_type(self) -> Self:
        if self.type == "video":
            if self.match != "equals":
                raise ValueError("A video step matches by `equals`.")
            value = self.value.strip().rstrip("%").strip()
            if value not in MILESTONES:
                raise ValueError(f"A video step's value is one of {', '.join(MILESTONES)}.")
            self.value = value
        elif self.match == "regex":
            compiled(self.value)
        return self


class Exclusion(BaseModel):
    """An event type that spoils an attempt between two of its steps (from 0)."""

    model_config = ConfigDict(extra="forbid")

    event: Value
    from_step: Annotated[int, Field(ge=0, strict=True)]
    to_step: Annotated[int, Field(ge=1, strict=True)]


class FunnelDefinition(BaseModel):
    """What a funnel is."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    steps: Annotated[list[Step], Field(min_length=1, max_length=MOST_STEPS)]
    conversion_window_seconds: Annotated[
        int, Field(ge=1, le=LONGEST_WINDOW, strict=True, description="From the first step, inclusive.")
    ] = DAY_SECONDS
    order: Order = "sequential"
    exclusions: Annotated[list[Exclusion], Field(max_length=MOST_EXCLUSIONS)] = []

    @model_validator(mode="after")
    def _exclusions_lie_between_steps(self) -> Self:
        for exclusion in self.exclusions:
            if not exclusion.from_step < exclusion.to_step < len(self.steps):
                message = f"An exclusion lies between two steps, from_step before to_step, both from 0 to {len(self.steps) - 1}."
                raise ValueError(message)
        return self


class NewFunnel(FunnelDefinition):
    """A funnel to be made, or to take another's place."""

    website_id: Annotated[str | None, Field(max_length=200, description="For keys that open several sites.")] = None

    def definition(self) -> FunnelDefinition:
        """Return the definition alone."""
        return FunnelDefinition(**{name: getattr(self, name) for name in FunnelDefinition.model_fields})


class ChangedFunnel(NewFunnel):
    """A funnel as it is to be: a definition, or an answer of this API with changes in it, whose other fields are passed over."""

    funnel_id: Annotated[str | None, Field(max_length=200)] = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


class Funnel(FunnelDefinition):
    """A funnel."""

    funnel_id: str
    website_id: str
    created_at: datetime
    updated_at: datetime


class FunnelList(BaseModel):
    """The funnels of a site, oldest first."""

    results: list[Funnel]
    next_cursor: str | None = None


class ComparedRange(BaseModel):
    """One of the ranges of a comparison; either pair of names will do."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    start: Annotated[str | None, Field(validation_alias="startDate")] = None
    end: Annotated[str | None, Field(validation_alias="endDate")] = None
    period: Literal["today", "7d", "30d", "90d", "12mo"] | None = None


class Comparison(BaseModel):
    """Several funnels over one range, or one funnel over several."""

    model_config = ConfigDict(extra="forbid")

    funnel_ids: Annotated[list[str], Field(min_length=2, max_length=MOST_COMPARED)] | None = None
    funnel_id: str | None = None
    ranges: Annotated[list[ComparedRange], Field(min_length=2, max_length=MOST_COMPARED)] | None = None

    @model_validator(mode="after")
    def _one_of_the_two(self) -> Self:
        if (self.funnel_ids is None) == (self.funnel_id is None or self.ranges is None):
            raise ValueError("Give `funnel_ids`, or `funnel_id` and `ranges`.")
        if self.funnel_ids is not None and (self.funnel_id is not None or self.ranges is not None):
            raise ValueError("Give `funnel_ids`, or `funnel_id` and `ranges`.")
        return self
