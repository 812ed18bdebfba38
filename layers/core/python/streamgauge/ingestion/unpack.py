"""Step: the bytes of a body, decoded and decompressed within their limit."""

from __future__ import annotations

import binascii
import zlib
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_to_bytes

from streamgauge.errors import TooLargeError, UnreadableError, UnsupportedMediaError
from streamgauge.ingestion.models import MAX_BODY_BYTES

if TYPE_CHECKING:
    from collections.abc import Mapping

GZIP: Final = b"\x1f\x8b"
_FIELD: Final = b"data="
_GZIP_FORMAT: Final = 31
_BOM: Final = b"\xef\xbb\xbf"
_PLAIN: Final = frozenset({"", "identity", "gzip", "x-gzip"})


def unpack(body: str, *, encoded: bool, headers: Mapping[str, str]) -> bytes:
    """Return the body as the client meant it; gzip is known by its first bytes, not by headers.

    Raises TooLargeError, UnreadableError for broken base64 or gzip, UnsupportedMediaError for other encodings.
    """
    encoding = headers.get("content-encoding", "").strip().lower()
    if encoding not in _PLAIN:
        raise UnsupportedMediaError("Send the body plain or compressed with gzip.")
    if len(body) > MAX_BODY_BYTES * 4 // 3 + 4:
        raise TooLargeError("A request may have 1 MB.")
    if encoded:
        try:
            data = binascii.a2b_base64(body)
        except ValueError as error:
            raise UnreadableError("The body cannot be decoded.") from error
    else:
        data = as_bytes(body)
    if data.startswith(GZIP):
        data = decompress(data)
    if len(data) > MAX_BODY_BYTES:
        raise TooLargeError("A request may have 1 MB.")
    data = data.removeprefix(_BOM)
    return form_field(data) if data.startswith(_FIELD) else data


def form_field(form: bytes) -> bytes:
    """Return what the field `data` of a form holds: JSON, or base64 of it, as PostHog's beacons have it. Raises UnreadableError."""
    field = form.removeprefix(_FIELD).partition(b"&")[0]
    text = unquote_to_bytes(field.replace(b"+", b" "))
    if text.lstrip().startswith((b"{", b"[")):
        return text
    try:
        # A space was a plus before it went through a form.
        data = binascii.a2b_base64(text.replace(b" ", b"+"))
    except ValueError as error:
        raise UnreadableError("The field `data` cannot be decoded.") from error
    return decompress(data) if data.startswith(GZIP) else data


def as_bytes(body: str) -> bytes:
    """Return a body's text as bytes, whatever is in it."""
    return body.encode("utf-8", "surrogatepass")


def decompress(data: bytes) -> bytes:
    """Return what gzip members hold, never more than a body may have. Raises TooLargeError or UnreadableError."""
    pieces: list[bytes] = []
    room = MAX_BODY_BYTES
    while data:
        member = zlib.decompressobj(_GZIP_FORMAT)
        try:
            piece = member.decompress(data, room + 1)
        except zlib.error as error:
            raise UnreadableError("The body is no readable gzip.") from error
        if len(piece) > room:
            raise TooLargeError("A request may have 1 MB after decompression.")
        if not member.eof:
            raise UnreadableError("The compressed body breaks off.")
        pieces.append(piece)
        room -= len(piece)
        # An endless row of empty members would cost time for nothing; zeros behind the last one are padding.
        data = member.unused_data.lstrip(b"\0")
        if data and not piece:
            raise UnreadableError("The body is no readable gzip.")
    return b"".join(pieces)
