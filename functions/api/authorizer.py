"""Finds out who calls a reading or administering route, and hands it on; the route's function answers 401, 403 or 404.

It always allows: a gateway's own refusal would be no problem+json. It stands outside the VPC, since it may have to fetch an
issuer's keys.
"""

from functools import lru_cache
from typing import Any

from streamgauge import telemetry
from streamgauge.access.registry import find_key
from streamgauge.access.tokens import Issuer, IssuerAwayError, TokenError, Verifier
from streamgauge.edge.callers import AWAY, Caller, context_of
from streamgauge.edge.origin import header
from streamgauge.errors import UnavailableError
from streamgauge.settings import settings
from streamgauge.store import https

_DOTS_OF_A_TOKEN = 2


@lru_cache(maxsize=1)
def verifier() -> Verifier | None:
    """Return this container's verifier of tokens; None when no issuer is configured."""
    issuer = Issuer.configured(settings())
    return None if issuer is None else Verifier(issuer, https.get)


def credential(event: dict[str, Any]) -> str:
    """Return what stands behind `Bearer`, empty for none; some trackers send `Bearer None` and mean none."""
    kind, _, value = header(event, "authorization").strip().partition(" ")
    value = value.strip()
    return value if kind.lower() == "bearer" and value.lower() not in ("none", "null", "undefined") else ""


def identify(given: str, tokens: Verifier | None) -> dict[str, str]:
    """Return the context for a credential: principal and grants, or the reason why there is none."""
    if not given:
        return {"reason": "missing"}
    try:
        if tokens is not None and given.count(".") == _DOTS_OF_A_TOKEN:
            subject, grants = tokens.grants(given)
            return context_of(Caller(subject, grants)) if grants else {"reason": "invalid_token"}
        key = find_key(given)
    except TokenError as error:
        return {"reason": "expired_token" if error.expired else "invalid_token"}
    except (UnavailableError, IssuerAwayError):
        return {"reason": AWAY}
    return {"reason": "unknown_key"} if key is None else context_of(Caller(key.key_id, (key.grant,)))


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer an HTTP API's authorizer call (payload 2.0, simple response)."""
    try:
        found = identify(credential(event), verifier())
    except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets a problem, not the gateway's 500
        telemetry.logger().error("nobody could be identified", exc_info=error)
        found = {"reason": AWAY}
    return {"isAuthorized": True, "context": found}
