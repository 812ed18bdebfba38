"""Answers that are no list of flat rows, as CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamgauge.edge.csv_answers import wants_csv, write_csv

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from aws_lambda_powertools.event_handler import Response

    from streamgauge.edge.http import Application


def as_table(rows: Callable[[dict[str, Any]], Sequence[Mapping[str, Any]]]) -> Callable[..., Response[Any]]:
    """Return a middleware that writes the rows of an answer for those who accept nothing but CSV."""

    def middleware(app: Application, next_middleware: Callable[[Application], Response[Any]]) -> Response[Any]:
        response = next_middleware(app)
        if isinstance(response.body, dict) and wants_csv(app.current_event.raw_event):
            response.body = write_csv(rows(response.body))
            response.headers["Content-Type"] = "text/csv; charset=utf-8"
        return response

    return middleware
