"""What every report takes: its range, comparison, limit, cursor and bots, as one model for `Annotated[…, Query()]`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Final, Literal

from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import BaseModel, ConfigDict, Field

from streamgauge.errors import OutOfBoundsError
from streamgauge.rollups.ranges import Bots  # noqa: TC001 - pydantic reads it

Period = Literal["today", "7d", "30d", "90d", "12mo"]
Website = Annotated[str | None, Query(description="For credentials that open several sites.")]
"""A parameter of its own, for calls that take none of the models below."""

MAX_DAYS: Final = 3660
"""The longest range, ten years: more would only be a way to tie up the database."""

_ISO_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DAYS: Final[dict[str, int]] = {"today": 1, "7d": 7, "30d": 30, "90d": 90}


class RangeParameters(BaseModel):
    """The range in the query of a call."""

    model_config = ConfigDict(populate_by_name=True, frozen=True)

    start_date: Annotated[
        str | None, Field(alias="startDate", description="First day, YYYY-MM-DD, in the site's time zone.")
    ] = None
    end_date: Annotated[str | None, Field(alias="endDate", description="Last day, included.")] = None
    period: Annotated[
        Period | None, Field(description="Instead of days: up to today. `30d` when nothing is given.")
    ] = None


class ListParameters(RangeParameters):
    """The query of a report that is not compared."""

    limit: Annotated[int, Field(ge=1, le=1000, description="How many rows.")] = 10
    cursor: Annotated[str | None, Field(max_length=1000, description="`next_cursor` of the page before this one.")] = (
        None
    )
    bots: Annotated[Bots, Field(description="Leave known robots out, take them in, or show them alone.")] = "exclude"


class ReportParameters(ListParameters):
    """The query of a report as it stands in the address."""

    compare: Annotated[Literal["previous"] | None, Field(description="Compare with the time just before.")] = None


@dataclass(frozen=True, slots=True)
class ReportRange:
    """Local days of a site, both included."""

    start: date
    end: date
    timezone: str

    def echo(self) -> dict[str, str]:
        """Return what a report says of its range."""
        return {"start": self.start.isoformat(), "end": self.end.isoformat(), "timezone": self.timezone}


def report_range(asked: RangeParameters, today: date, timezone: str) -> ReportRange:
    """Return the days that a report is about; `today` is the site's. Raises OutOfBoundsError.

    With one of the two days given, the other is today, or the first of 30 days.
    """
    if asked.start_date is None and asked.end_date is None:
        return _of_period(asked.period or "30d", today, timezone)
    if asked.period is not None:
        raise _wrong("period", "Give `period` or days, not both.")
    end = today if asked.end_date is None else _day("endDate", asked.end_date)
    if asked.start_date is None:
        return ReportRange(end - timedelta(days=29), end, timezone)
    start = _day("startDate", asked.start_date)
    if end < start:
        raise _wrong("endDate", "`endDate` is before `startDate`.")
    if (end - start).days >= MAX_DAYS:
        raise _wrong("startDate", f"A range has at most {MAX_DAYS} days.")
    return ReportRange(start, end, timezone)


def _of_period(period: Period, today: date, timezone: str) -> ReportRange:
    if period == "12mo":
        # This month and the 11 calendar months before it.
        month = today.year * 12 + today.month - 1 - 11
        return ReportRange(date(month // 12, month % 12 + 1, 1), today, timezone)
    return ReportRange(today - timedelta(days=_DAYS[period] - 1), today, timezone)


def _day(name: str, text: str) -> date:
    try:
        day = date.fromisoformat(text) if _ISO_DATE.fullmatch(text) else None
    except ValueError:
        day = None
    # Room on both sides, so that comparisons and zones never leave the calendar.
    if day is None or not date(1970, 1, 1) <= day <= date(9000, 1, 1):
        raise _wrong(name, "Give a day as YYYY-MM-DD.")
    return day


def _wrong(name: str, message: str) -> OutOfBoundsError:
    return OutOfBoundsError(message, [(["query", name], message)])
