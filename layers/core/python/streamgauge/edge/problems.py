"""Every error a caller may see, as `application/problem+json` (RFC 9457): one table from error classes to status codes.

It imports nothing heavy: ingest uses it too. What Powertools raises is read in `validation`.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from typing import Any, Final

from streamgauge import errors

STATUS: Final[dict[type[errors.StreamgaugeError], tuple[int, str]]] = {
    errors.UnreadableError: (400, "Unreadable request"),
    errors.UnauthenticatedError: (401, "Credentials needed"),
    errors.ForbiddenError: (403, "Not allowed"),
    errors.NotFoundError: (404, "Not found"),
    errors.ConflictError: (409, "In conflict with what stands"),
    errors.TooLargeError: (413, "Too large"),
    errors.UnsupportedMediaError: (415, "Unsupported media type"),
    errors.OutOfBoundsError: (422, "Out of bounds"),
    errors.TooManyRequestsError: (429, "Too many requests"),
    errors.UnavailableError: (503, "Not available at the moment"),
}

PROBLEM_JSON: Final = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Problem:
    """One answer that is an error; `errors` are (location, message) pairs."""

    status: int
    title: str
    detail: str
    errors: tuple[tuple[list[str | int], str], ...] = ()
    headers: dict[str, str] = field(default_factory=dict)

    def body(self) -> str:
        """Return the JSON text."""
        document: dict[str, Any] = {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors:
            document["errors"] = [{"loc": loc, "msg": message} for loc, message in self.errors]
        return json.dumps(document)

    def answer(self) -> dict[str, Any]:
        """Return the answer as an HTTP API takes it (payload 2.0)."""
        headers = {"content-type": PROBLEM_JSON, "cache-control": "no-store", **self.headers}
        return {"statusCode": self.status, "headers": headers, "body": self.body(), "isBase64Encoded": False}


INTERNAL: Final = Problem(500, "Internal error", "The request could not be answered; the log says why.")


def problem_of(error: Exception) -> Problem:
    """Return what the caller sees of an error; INTERNAL for those that are ours alone."""
    if isinstance(error, errors.StreamgaugeError):
        return known_problem(error)
    if _database_away(error):
        return known_problem(errors.UnavailableError("The database is away; please try again."))
    return INTERNAL


def known_problem(error: errors.StreamgaugeError) -> Problem:
    """Return what the caller sees of an error of ours."""
    status, title = next(STATUS[base] for base in type(error).__mro__ if base in STATUS)
    headers: dict[str, str] = {}
    found: tuple[tuple[list[str | int], str], ...] = ()
    if isinstance(error, (errors.TooManyRequestsError, errors.UnavailableError)):
        headers["retry-after"] = str(error.retry_after)
    if isinstance(error, errors.UnauthenticatedError):
        headers["www-authenticate"] = "Bearer"
    if isinstance(error, errors.OutOfBoundsError):
        found = tuple(error.errors)
    return Problem(status, title, error.detail, found, headers)


def _database_away(error: Exception) -> bool:
    """Say whether psycopg lost its server or ran into a time limit; functions without a database never load psycopg."""
    psycopg = sys.modules.get("psycopg")
    return psycopg is not None and isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError))
