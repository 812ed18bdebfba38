"""What a caller may do: four scopes, and which of them opens what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeGuard

Scope = Literal["write", "server", "read", "admin"]

SCOPES: Final[tuple[Scope, ...]] = ("write", "server", "read", "admin")

ALL_SITES: Final = "*"
"""The site of a key that opens all sites."""

_INCLUDES: Final[dict[str, frozenset[str]]] = {
    "write": frozenset({"write"}),
    "server": frozenset({"write", "server"}),
    "read": frozenset({"read"}),
    "admin": frozenset({"read", "admin"}),
}


def is_scope(text: str) -> TypeGuard[Scope]:
    """Say whether a text names a scope."""
    return text in _INCLUDES


@dataclass(frozen=True, slots=True)
class Grant:
    """One scope on one site, or on all of them (`*`)."""

    site_id: str
    scope: Scope

    def allows(self, scope: Scope, site_id: str | None = None) -> bool:
        """Say whether this opens what needs `scope`, on `site_id` (None: on any site)."""
        return scope in _INCLUDES[self.scope] and (site_id is None or self.site_id in (ALL_SITES, site_id))

    def __str__(self) -> str:
        return f"{self.site_id}:{self.scope}"


def read_grant(text: str) -> Grant | None:
    """Read `site:scope` (`*:admin`, `blog:read`); None for anything else."""
    site_id, _, scope = text.strip().rpartition(":")
    return Grant(site_id, scope) if site_id and is_scope(scope) else None
