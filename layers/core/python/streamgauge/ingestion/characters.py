"""Step: JSON of foreign clients, whose texts may end in half a character."""

from __future__ import annotations

import re
from typing import Final

# What may be half a character (a backslash may be escaped itself), and every escape as it stands.
_HALF: Final = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)
_ESCAPES: Final = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)


def whole_characters(json: bytes) -> bytes:
    """Return JSON whose escapes are whole characters: half of one, which is left where a client cuts a text, becomes U+FFFD."""
    if _HALF.search(json) is None:
        return json
    return _ESCAPES.sub(lambda found: b"\\ufffd" if found[1] else found[0], json)
