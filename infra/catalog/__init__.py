"""The roll call: one row per Lambda function. What is not here is not deployed; routes, schedules and roles come from here."""

from __future__ import annotations

from typing import Final

from infra.catalog import administration, background, doors, live, media, reports
from infra.catalog.doors import AUTHORIZER, DOCS
from infra.catalog.model import Function, Role, Route, Side, Socket, Stream

CATALOG: Final[tuple[Function, ...]] = (
    *doors.FUNCTIONS,
    *reports.FUNCTIONS,
    *live.FUNCTIONS,
    *media.FUNCTIONS,
    *background.FUNCTIONS,
    *administration.FUNCTIONS,
)


def function(module: str) -> Function:
    """Return the row of a module."""
    return next(row for row in CATALOG if row.module == module)


__all__ = ["AUTHORIZER", "CATALOG", "DOCS", "Function", "Role", "Route", "Side", "Socket", "Stream", "function"]
