"""Who is calling, as the authorizer in front of the function has found out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from streamgauge.access.scopes import ALL_SITES, Grant, Scope, read_grant
from streamgauge.errors import ForbiddenError, UnauthenticatedError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Mapping

AWAY: Final = "away"
"""The authorizer's reason when it could not find out: the registry or the issuer of tokens did not answer."""

REASONS: Final = {
    "missing": "Give a key or a token as `Authorization: Bearer …`.",
    "unknown_key": "The key is unknown or revoked.",
    "expired_token": "The token has expired.",
    "invalid_token": "The token is not one that this service accepts.",
}
"""The other reasons, and what the caller is told."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A known caller: a key's id or a token's subject, and what it opens."""

    principal: str
    grants: tuple[Grant, ...]

    def allows(self, scope: Scope, site_id: str | None = None) -> bool:
        """Say whether any grant opens `scope`, on `site_id` (None: on any site)."""
        return any(grant.allows(scope, site_id) for grant in self.grants)

    def own_site(self, scope: Scope) -> str | None:
        """Return the one site that the caller opens for a scope; None when it opens all or several."""
        sites = {grant.site_id for grant in self.grants if grant.allows(scope)}
        return sites.pop() if len(sites) == 1 and ALL_SITES not in sites else None


def context_of(caller: Caller) -> dict[str, str]:
    """Return what the authorizer hands on, in texts."""
    first = caller.grants[0]
    return {
        "principal": caller.principal,
        "site": first.site_id,
        "scope": first.scope,
        "grants": " ".join(map(str, caller.grants)),
    }


def caller_of(event: Mapping[str, Any]) -> Caller:
    """Read the caller from a request. Raises UnauthenticatedError, or UnavailableError when nobody could find out."""
    handed = (event.get("requestContext", {}).get("authorizer") or {}).get("lambda") or {}
    texts = (handed.get("grants") or f"{handed.get('site', '')}:{handed.get('scope', '')}").split()
    grants = tuple(grant for text in texts if (grant := read_grant(text)))
    if handed.get("principal") and grants:
        return Caller(str(handed["principal"]), grants)
    reason = handed.get("reason", "missing")
    if reason == AWAY:
        raise UnavailableError("Credentials cannot be checked at the moment.")
    raise UnauthenticatedError(REASONS.get(reason, REASONS["missing"]))


def require(caller: Caller, scope: Scope, site_id: str | None = None) -> None:
    """Raise ForbiddenError when the caller may not do what needs `scope`, on `site_id` (None: on any site)."""
    if not caller.allows(scope):
        raise ForbiddenError(f"This needs the scope `{scope}`.")
    if not caller.allows(scope, site_id):
        raise ForbiddenError("The credentials are for another site.")
