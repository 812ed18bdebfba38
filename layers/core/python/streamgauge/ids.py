"""Numbers and digests that stand for texts: deterministic, so that every consumer gives the same without asking."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b


def digest(text: str) -> str:
    """Return 128 bits for an event id, written as a UUID; two alike among a billion are as good as impossible (10^-21)."""
    hexadecimal = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    parts = (hexadecimal[:8], hexadecimal[8:12], hexadecimal[12:16], hexadecimal[16:20], hexadecimal[20:])
    return "-".join(parts)


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
