"""Regular expressions of callers, in an engine whose time is linear in the text (RE2): none can hold the process up."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, Protocol, cast

import re2

_MOST_MEMORY: Final = 1 << 20
"""Bytes a compiled pattern may take: nested repetitions are refused beyond that."""


class Pattern(Protocol):
    """A compiled pattern."""

    def search(self, text: str) -> object | None:
        """Return a match anywhere in a text."""


@lru_cache(maxsize=256)
def compiled(text: str) -> Pattern:
    """Return a pattern. Raises ValueError when it is none, or too large."""
    options = re2.Options()
    options.max_mem = _MOST_MEMORY
    options.log_errors = False
    try:
        return cast("Pattern", re2.compile(text, options))
    except re2.error as error:
        told = error.args[0] if error.args else ""
        reason = told.decode("utf-8", "replace") if isinstance(told, bytes) else str(told)
        raise ValueError(f"The regular expression cannot be taken (RE2 syntax): {reason}") from None
