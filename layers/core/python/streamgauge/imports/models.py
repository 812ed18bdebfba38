"""Imported days as the API takes and gives them."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

MOST_ROWS = 5_000
MOST_DAYS = 4_000
_FIRST, _LAST = date(1970, 1, 1), date(2999, 12, 31)

Part = Literal[
    "totals",
    "pages",
    "entry_pages",
    "exit_pages",
    "sources",
    "locations",
    "browsers",
    "operating_systems",
    "devices",
    "custom_events",
]
"""The lists of which an import consists; each is replaced by itself."""

Day = Annotated[date, Field(ge=_FIRST, le=_LAST)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1024)]
Tag = Annotated[str, StringConstraints(strip_whitespace=True, max_length=255)]
Count = Annotated[int, Field(ge=0, le=10**9)]
Seconds = Annotated[int, Field(ge=0, le=10**9)]
ImportId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]


class ImportedRow(BaseModel):
    """A value of a local day and its sums; which fields name the value depends on the list. What is not given is unknown, or 0."""

    model_config = ConfigDict(extra="forbid")

    date: Day
    page: Annotated[Name | None, Field(description="Of `pages`, `entry_pages` and `exit_pages`.")] = None
    source: Annotated[
        Name | None, Field(description="Of `sources`, with `referrer` and the `utm_*`; empty: direct.")
    ] = None
    referrer: Name | None = None
    utm_source: Tag | None = None
    utm_medium: Tag | None = None
    utm_campaign: Tag | None = None
    utm_term: Tag | None = None
    utm_content: Tag | None = None
    country: Annotated[
        str | None, Field(pattern="^[A-Z]{2}$", description="Of `locations`, with `region` and `city`.")
    ] = None
    region: Tag | None = None
    city: Tag | None = None
    browser: Tag | None = None
    os: Annotated[Tag | None, Field(description="Of `operating_systems`.")] = None
    device: Tag | None = None
    event: Annotated[Name | None, Field(description="Of `custom_events`.")] = None
    visitors: Count = 0
    visits: Annotated[
        Count, Field(description="Of pages: those that saw it; of entry and exit pages: that entered, that left there.")
    ] = 0
    bounces: Count = 0
    pageviews: Count = 0
    events: Annotated[Count, Field(description="Custom events.")] = 0
    visit_duration: Annotated[Seconds, Field(description="Seconds of all visits together.")] = 0
    time_on_page: Annotated[Seconds, Field(description="Seconds on the page, all views together.")] = 0


class ImportedRows(BaseModel):
    """A piece of one list of an import. A value may stand in it once a day."""

    model_config = ConfigDict(extra="forbid")

    source: Annotated[str, StringConstraints(pattern="^[a-z][a-z0-9_-]{0,31}$"), Field(examples=["plausible"])]
    replace: Annotated[
        list[Day],
        Field(
            max_length=MOST_DAYS,
            description="Days of which this list is emptied first: those that begin in this piece.",
        ),
    ] = []
    rows: Annotated[list[ImportedRow], Field(max_length=MOST_ROWS)]


class Taken(BaseModel):
    """What became of a piece. Imported days count before `counted_before`, the first day with a visit of the site's own."""

    import_id: str
    rows: int
    counted_before: date | None


class Import(BaseModel):
    """An import, with what of it has not been replaced by another one."""

    import_id: str
    source: str
    created_at: datetime
    updated_at: datetime
    start: date | None
    end: date | None
    days: int
    rows: int


class ImportList(BaseModel):
    """All imports of a site, newest first."""

    results: list[Import]
    counted_before: date | None
    next_cursor: None = None
