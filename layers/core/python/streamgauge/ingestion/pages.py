"""Addresses of pages: cut by hand, because nothing that a client sends may make it fail."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple


class Address(NamedTuple):
    """An address in parts: `host` in lower case without port and user (empty for a bare path), `path` as sent, `query`."""

    host: str
    path: str
    query: str


@lru_cache(maxsize=4096)
def cut(url: str) -> Address:
    """Return the parts of an address or a path; the fragment is dropped."""
    rest, _, _ = url.strip().partition("#")
    rest, _, query = rest.partition("?")
    scheme, mark, after = rest.partition("://")
    if mark and "/" not in scheme:
        rest = after
    elif rest.startswith("//"):
        rest = rest[2:]
    else:
        return Address("", rest if rest.startswith("/") else f"/{rest}", query)
    host, slash, path = rest.partition("/")
    return Address(_bare(host), slash + path or "/", query)


def folded(path: str) -> str:
    """Return a path with its trailing slash folded."""
    return path.rstrip("/") or "/"


def _bare(host: str) -> str:
    host = host.rpartition("@")[2].lower()
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0].rstrip(".")
