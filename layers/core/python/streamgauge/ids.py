"""Numbers and digests that stand for texts: deterministic, so that every consumer gives the same without asking."""

from __future__ import annotations

import uuid
from functools import lru_cache
from hashlib import blake2b


def digest(text: str) -> uuid.UUID:
    """Return 128 bits for an event id; with a billion ids per site, two alike are as good as impossible (10^-21)."""
    return uuid.UUID(bytes=blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest())


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
