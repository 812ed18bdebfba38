"""Answers of the view counters; the field names are those of the seed."""

from __future__ import annotations

from pydantic import BaseModel


class ViewStats(BaseModel):
    """Counted views of a video: of the running day and month of the site, and of all time."""

    viewsToday: int  # noqa: N815 - the published name
    viewsMonth: int  # noqa: N815
    viewsTotal: int  # noqa: N815


class ResetDone(BaseModel):
    """What a reset did."""

    message: str
