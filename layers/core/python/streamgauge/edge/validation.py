"""What Powertools raises, as problems: values that do not fit a route's models, and its own refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_lambda_powertools.event_handler.exceptions import ServiceError
from aws_lambda_powertools.event_handler.openapi.exceptions import (
    RequestUnsupportedContentType,
    RequestValidationError,
)

from streamgauge.edge.problems import Problem, known_problem, problem_of
from streamgauge.errors import OutOfBoundsError, UnreadableError, UnsupportedMediaError

if TYPE_CHECKING:
    from collections.abc import Sequence


def problem_at_route(error: Exception) -> Problem:
    """Return what the caller sees of an error that left a route; INTERNAL for those that are ours alone."""
    if isinstance(error, RequestValidationError):
        return _invalid(error)
    if isinstance(error, RequestUnsupportedContentType):
        return known_problem(UnsupportedMediaError("Send the body as application/json."))
    if isinstance(error, ServiceError) and 400 <= error.status_code < 500:  # noqa: PLR2004 - the client's own errors
        return Problem(error.status_code, "Request refused", str(error.msg))
    return problem_of(error)


def _invalid(error: RequestValidationError) -> Problem:
    found = error.errors()
    if any(one["type"] == "json_invalid" for one in found):
        return known_problem(UnreadableError("The body is no JSON."))
    pairs = [(_location(one["loc"]), str(one["msg"])) for one in found]
    return known_problem(OutOfBoundsError("Some values are missing or out of bounds.", pairs))


def _location(found: Sequence[str | int]) -> list[str | int]:
    """Return where a value stands in the request: a query read as one model names its parameter in between."""
    return ["query", found[2]] if found[0] == "query" and len(found) > 2 else [*found]  # noqa: PLR2004
