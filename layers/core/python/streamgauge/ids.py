"""Numbers and digests that stand for texts: deterministic, so that every consumer gives the same without asking."""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import blake2b
from typing import Final

_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}").fullmatch
_UUID_LENGTH: Final = 36


def is_uuid(text: str) -> bool:
    """Return whether a text is a UUID as Postgres writes it, so that it can be kept as one."""
    return len(text) == _UUID_LENGTH and _UUID(text) is not None


def digest(site: str, text: str, *, uuid: bool | None = None) -> str:
    """Return 128 bits for an event id of a site as 32 digits; two alike among a billion are as good as impossible (10^-21).

    Those of UUIDs of version 7, which begin with a time, begin with it too: new ones then stand side by side in the index.
    `uuid` says whether it is one, where that is known.
    """
    content = f"{site}\x1f{text}".encode("utf-8", "surrogatepass")
    if text[14:15] == "7" and (is_uuid(text) if uuid is None else uuid):
        return text[:8] + text[9:13] + text[14:18] + blake2b(content, digest_size=8).hexdigest()
    return blake2b(content, digest_size=16).hexdigest()


def number(*parts: str) -> int:
    """Return a signed 64-bit number for a list of texts, as Postgres' bigint holds it."""
    joined = "\x1f".join(parts).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(joined, digest_size=8).digest(), "big", signed=True)


@lru_cache(maxsize=131_072)
def code(dimension: str, name: str) -> int:
    """Return the number under which rollups and visitor-days hold a value of a dimension."""
    return number(dimension, name)


def keyed_number(key: bytes, *parts: str) -> int:
    """Return a signed 64-bit keyed hash (the visitor hash: key = salt; the parts = site, address, agent)."""
    joined = "\x1f".join(parts).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(joined, digest_size=8, key=key).digest(), "big", signed=True)
