"""Which days of a range still have their raw events."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from streamgauge.errors import OutOfBoundsError
from streamgauge.web import journey_queries

if TYPE_CHECKING:
    from datetime import date

    from streamgauge.web.question import Question


def lost_day(question: Question, start: date, end: date) -> date | None:
    """Return the last of some days whose raw events are gone; None when all have theirs."""
    found: date | None = question.read(
        journey_queries.LAST_LOST_DAY, {"site_no": question.site_no, "start": start, "end": end}
    )[0][0]
    return found


def first_whole_day(question: Question) -> date:
    """Return the day of the range from which on every day has its raw events; the day after its end when none has."""
    lost = lost_day(question, question.days.start, question.days.end)
    return question.days.start if lost is None else lost + timedelta(days=1)


def require_whole(question: Question) -> None:
    """Raise OutOfBoundsError, with the earliest day that can be asked, when raw events of the range are gone."""
    first = first_whole_day(question)
    if first > question.days.start:
        message = f"Raw events of this range are gone; the earliest `startDate` that can be asked is {first}."
        raise OutOfBoundsError(message, [(["query", "startDate"], message)])
