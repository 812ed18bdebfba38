"""What reports on a media server take and answer."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

# pydantic, which publishes these shapes, cannot read typing's own before Python 3.12.
from typing_extensions import TypedDict

from streamgauge.edge.parameters import RangeParameters
from streamgauge.library.figures import Window  # noqa: TC001 - pydantic reads it
from streamgauge.library.shapes import (
    BandwidthRow,
    DailyStat,
    GenreStats,
    LibraryStats,
    PopularItem,
    ServerStats,
    StreamsRow,
    UserActivity,
)


class DayParameters(RangeParameters):
    """The query of a report that has a row for each day."""

    website_id: Annotated[str | None, Field(description="For credentials that open several sites.")] = None
    limit: Annotated[int, Field(ge=1, le=1000, description="How many rows.")] = 10
    cursor: Annotated[str | None, Field(max_length=1000, description="`next_cursor` of the page before this one.")] = (
        None
    )


class MediaParameters(DayParameters):
    """The query of a report that takes a window too."""

    window: Annotated[
        Window | None, Field(description="The last 1, 7, 30 or 365 times 24 hours, or all; instead of days.")
    ] = None


class RangedServer(ServerStats):
    """The server and its range."""

    range: dict[str, str]


class RangedLibrary(LibraryStats):
    """A library and its range."""

    range: dict[str, str]


class RangedUser(UserActivity):
    """A user and the range."""

    range: dict[str, str]


class Popular(TypedDict):
    """What is played most."""

    range: dict[str, str]
    results: list[PopularItem]
    next_cursor: str | None


class Genres(TypedDict):
    """The genres that are played most."""

    range: dict[str, str]
    results: list[GenreStats]
    next_cursor: str | None


class ActiveUsers(TypedDict):
    """How many users watched; `window` is null for a range of days."""

    window: Window | None
    active_users: int
    range: dict[str, str]


class Bandwidth(TypedDict):
    """What days or users streamed."""

    range: dict[str, str]
    results: list[BandwidthRow]
    next_cursor: str | None


class Streams(TypedDict):
    """The most streams at once, of the range and of each day."""

    range: dict[str, str]
    peak_concurrent_streams: int
    results: list[StreamsRow]
    next_cursor: str | None


class SessionDays(TypedDict):
    """Every day of a range."""

    range: dict[str, str]
    results: list[DailyStat]
    next_cursor: str | None
