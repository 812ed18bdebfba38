"""The visitor's screen and language in one form each, so that what is the same counts as one."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_SCREEN: Final = re.compile(r"^\s*(\d{1,5})(?:\.\d+)?\s*[x×*,]\s*(\d{1,5})(?:\.\d+)?\s*$", re.IGNORECASE)  # noqa: RUF001 - some write it so
_LANGUAGE: Final = re.compile(
    r"^([a-z]{2,3})(?:[-_]([a-z]{4}))?(?:[-_]([a-z]{2}|\d{3}))?(?:[-_.@;,].*)?$", re.IGNORECASE
)


@lru_cache(maxsize=2048)
def screen_of(text: str) -> str | None:
    """Return a size in pixels as `1920x1080`; None for what is no size."""
    found = _SCREEN.match(text)
    if found is None:
        return None
    width, height = int(found[1]), int(found[2])
    return f"{width}x{height}" if width and height else None


@lru_cache(maxsize=2048)
def language_of(text: str) -> str | None:
    """Return the first language of a tag, a locale or an Accept-Language header as `de`, `de-CH` or `zh-Hant-TW`; None for none."""
    found = _LANGUAGE.match(text.strip())
    if found is None:
        return None
    language, script, region = found[1].lower(), (found[2] or "").title(), (found[3] or "").upper()
    return "-".join(part for part in (language, script, region) if part)
