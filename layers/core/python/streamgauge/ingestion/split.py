"""Cuts a body into its events even where some of them are no JSON: brackets and strings alone say where each ends.

Only bodies that the strict decoder refuses come here, so that one bad event loses none of its neighbours. Nothing recurses.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from streamgauge.ingestion.models import MAX_EVENTS

if TYPE_CHECKING:
    from collections.abc import Iterator

# Possessive, so that an unterminated string costs one pass; a quote that begins no whole string matches by itself.
_TOKEN: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|["\[\]{},:]', re.DOTALL)
_BLANK: Final = b" \t\r\n"


class BrokenError(Exception):
    """Raised when brackets or strings do not close."""


def elements(text: bytes) -> list[bytes]:
    """Return the elements of an array, at most one more than a request may have. Raises BrokenError."""
    found: list[bytes] = []
    for piece in _pieces(text, b"[", b"]"):
        found.append(piece)
        if len(found) > MAX_EVENTS:
            break
    return found


def members(text: bytes) -> dict[bytes, bytes]:
    """Return the members of an object: names as written between their quotes, values uncut. Raises BrokenError."""
    found: dict[bytes, bytes] = {}
    for piece in _pieces(text, b"{", b"}"):
        name = _TOKEN.match(piece)
        if name is None or name[0] in {b'"', b","} or not piece.startswith(b'"'):
            raise BrokenError
        value = piece[name.end() :].lstrip(_BLANK)
        if not value.startswith(b":"):
            raise BrokenError
        found[name[0][1:-1]] = value[1:].strip(_BLANK)
    return found


def depth_over(text: bytes, limit: int) -> bool:
    """Say whether a text nests deeper than `limit`."""
    depth = 0
    for token in _TOKEN.finditer(text):
        if token[0] in {b"[", b"{"}:
            depth += 1
            if depth > limit:
                return True
        elif token[0] in {b"]", b"}"}:
            depth -= 1
    return False


def _pieces(text: bytes, opening: bytes, closing: bytes) -> Iterator[bytes]:
    text = text.strip(_BLANK)
    if not text.startswith(opening) or not text.endswith(closing):
        raise BrokenError
    start = 1
    for comma in _commas(text):
        yield text[start:comma].strip(_BLANK)
        start = comma + 1
    rest = text[start:-1].strip(_BLANK)
    if rest or start > 1:
        yield rest


def _commas(text: bytes) -> Iterator[int]:
    """Yield where the outermost array or object has its commas; it must end where the text ends."""
    depth = 0
    for token in _TOKEN.finditer(text):
        mark = token[0]
        if mark in {b"[", b"{"}:
            depth += 1
        elif mark in {b"]", b"}"}:
            depth -= 1
            if depth == 0 and token.end() != len(text):
                raise BrokenError
        elif mark == b'"':
            raise BrokenError
        elif mark == b"," and depth == 1:
            yield token.start()
    if depth != 0:
        raise BrokenError
