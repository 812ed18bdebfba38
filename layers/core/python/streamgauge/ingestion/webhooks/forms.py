"""The body of a webhook, whatever way it is wrapped: JSON, a form with one field of JSON, or a form in parts with a picture beside."""

from __future__ import annotations

import re
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any, Final
from urllib.parse import parse_qs

import msgspec

from streamgauge.events.reasons import Reason
from streamgauge.ingestion.models import MAX_DEPTH
from streamgauge.ingestion.refusal import RefusedError
from streamgauge.ingestion.split import depth_over

_FIELDS: Final = ("payload", "data")
_MOST_FIELDS: Final = 20
_ESCAPED: Final = re.compile(rb'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})|\\|[\x00-\x1f]')
"""An escape of JSON, a backslash that begins none, a control character."""


def read_body(raw: bytes) -> dict[str, Any]:
    """Return the object that a body holds; what it is shows in itself, as senders' content types do not. Raises RefusedError."""
    content = raw.lstrip()
    if content.startswith(b"--"):
        content = _part(content)
    elif content[:1] not in {b"{", b"["} and b"=" in content[:64]:
        content = _field(content)
    if content.count(b"[") + content.count(b"{") > MAX_DEPTH and depth_over(content, MAX_DEPTH):
        raise RefusedError(Reason.TOO_DEEP, f"A body may nest {MAX_DEPTH} levels deep.")
    try:
        found = _decoded(content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise RefusedError(Reason.UNREADABLE, "It is no JSON, and no form that holds some.") from None
    if not isinstance(found, dict):
        raise RefusedError(Reason.INVALID, "It is no JSON object.")
    return found


def _decoded(content: bytes) -> Any:  # noqa: ANN401 - JSON
    try:
        return msgspec.json.decode(content)
    except msgspec.MsgspecError:
        # Templates write titles as they are, with backslashes and line breaks.
        return msgspec.json.decode(_ESCAPED.sub(_mended, content))


def _mended(found: re.Match[bytes]) -> bytes:
    if found[0] == b"\\":
        return b"\\\\"
    return found[0] if found[0].startswith(b"\\") else b" "


def _part(content: bytes) -> bytes:
    """Return the field of JSON in a form of parts, whose boundary is its first line."""
    boundary = content.partition(b"\n")[0].rstrip(b"\r")[2:]
    quoted = boundary.replace(b"\\", b"").replace(b'"', b"")
    head = b'Content-Type: multipart/form-data; boundary="' + quoted + b'"\r\n\r\n'
    form = BytesParser(policy=HTTP).parsebytes(head + content)
    for part in form.iter_parts() if form.is_multipart() else ():
        if part.get_param("name", header="content-disposition") in _FIELDS:
            payload = part.get_payload(decode=True)
            return payload.strip() if isinstance(payload, bytes) else b""
    return b""


def _field(content: bytes) -> bytes:
    try:
        fields = parse_qs(content.decode(), max_num_fields=_MOST_FIELDS)
    except ValueError:
        return b""
    return next((fields[name][0].encode("utf-8", "surrogatepass") for name in _FIELDS if name in fields), b"")
