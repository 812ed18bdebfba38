"""Cursors of lists that are ranked anew for each page: how many rows to pass over, as a text without meaning to the caller."""

from __future__ import annotations

import base64
import binascii
from typing import Final

from streamgauge.errors import OutOfBoundsError
from streamgauge.paging import Page

MOST_ROWS: Final = 10_000
"""How far down a ranked list pages lead."""


def next_cursor(skip: int | None) -> str | None:
    """Return the cursor of the page that begins after `skip` rows; None after the last."""
    if skip is None or skip >= MOST_ROWS:
        return None
    return base64.urlsafe_b64encode(f"skip:{skip}".encode()).decode().rstrip("=")


def skip_of(cursor: str | None) -> int:
    """Return how many rows a cursor passes over. Raises OutOfBoundsError for a text that is no cursor."""
    if cursor is None:
        return 0
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
        kind, _, skip = text.partition(":")
        if kind == "skip" and skip.isascii() and skip.isdigit() and int(skip) < MOST_ROWS:
            return int(skip)
    except (binascii.Error, ValueError):
        pass
    message = "This is no `next_cursor` of this list."
    raise OutOfBoundsError(message, [(["query", "cursor"], message)])


def page_of(limit: int, cursor: str | None) -> Page:
    """Return the page that a cursor leads to. Raises OutOfBoundsError for a text that is no cursor."""
    return Page(limit, skip_of(cursor))
