"""Retention, paths and goals as the API takes and gives them."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from streamgauge.rollups.uniques import HowCounted  # noqa: TC001 - pydantic reads these
from streamgauge.web.goal_reports import By  # noqa: TC001
from streamgauge.web.goals import Kind, Match  # noqa: TC001
from streamgauge.web.models import MaybeCompared
from streamgauge.web.paths import Direction  # noqa: TC001

# No control characters: Postgres takes no NUL, and no path or name has the others.
_NO_CONTROL: Final = r"^[^\x00-\x1f\x7f]+$"

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000, pattern=_NO_CONTROL)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=_NO_CONTROL)]


class CohortRow(BaseModel):
    """Visitors who first appeared in a week or month, and who of them were there again."""

    cohort: str = Field(description="First day of the week (Monday) or month.")
    visitors: int
    returned: list[int] = Field(description="Visitors of the cohort in its own period and each one after it.")
    retention: list[float] = Field(description="The same as a share of the cohort, 0 to 1.")


class Retention(BaseModel):
    """Retention cohorts: only visitors whose id lasts can be known to come back."""

    range: dict[str, str]
    by: Literal["week", "month"]
    visitors_left_out: int = Field(description="Daily visitors without a lasting id, who are in no cohort.")
    results: list[CohortRow]
    next_cursor: None = None


class Sequence(BaseModel):
    """Pages one after the other."""

    pages: list[str] = Field(
        description="Nearest to the page first; `(exit)` or `(entry)` where the visit ends or began."
    )
    visits: int
    share: float = Field(description="Of the visits that saw the page, 0 to 1.")


class StepRow(BaseModel):
    """A page some steps away."""

    step: int
    name: str
    visits: int
    share: float


class Paths(BaseModel):
    """What visits saw before or after a page; each visit counts once, from its first view of it."""

    range: dict[str, str]
    page: str
    direction: Direction
    steps: int
    visits: int = Field(description="Visits that saw the page.")
    results: list[Sequence]
    by_step: list[StepRow]
    next_cursor: str | None


class NewGoal(BaseModel):
    """A goal to be made."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    type: Kind
    match: Match = "equals"
    value: Text

    @model_validator(mode="after")
    def _a_path(self) -> Self:
        if self.type == "page":
            if self.match != "contains" and not self.value.startswith("/"):
                raise ValueError("The value of a page goal is a path: it begins with a slash.")
            if "?" in self.value or "#" in self.value:
                raise ValueError("Pages are counted without query and fragment: leave out `?` and `#`.")
        return self


class MadeGoal(BaseModel):
    """A goal as it is kept."""

    goal_id: str
    name: str
    type: Kind
    match: Match
    value: str


class GoalRow(MadeGoal, MaybeCompared):
    """A goal and who reached it."""

    visitors: int | None = Field(description="Null where several values match and raw events of the range are gone.")
    conversions: int = Field(description="Page views or custom events.")
    conversion_rate: float | None = Field(description="Visitors who reached it / visitors of the range.")


class ConversionRow(MaybeCompared):
    """A value of a dimension and who reached the goal in a visit of it."""

    name: str
    visitors: int
    conversions: int
    conversion_rate: float = Field(description="Visitors who reached it / visitors of the value.")


class Goals(BaseModel):
    """Every goal of a website."""

    range: dict[str, str]
    visitors: int
    visitors_counted: HowCounted
    results: list[GoalRow]
    next_cursor: None = None


class Conversions(BaseModel):
    """A goal by a dimension of visits."""

    range: dict[str, str]
    goal_id: str
    by: By
    results: list[ConversionRow]
    next_cursor: str | None
    attribution: str | None = Field(
        default=None,
        exclude_if=lambda value: value is None,
        description="Whose database places come from, where its licence asks for it.",
    )
