"""The adapter to a WebSocket API of API Gateway: who knocks, with which ticket, and the answer."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from streamgauge import telemetry
from streamgauge.access.registry import find_site, key_hash
from streamgauge.edge.origin import check_origin, header
from streamgauge.errors import ForbiddenError, StreamgaugeError, UnauthenticatedError
from streamgauge.settings import settings
from streamgauge.sockets import tickets
from streamgauge.sockets.tickets import Holder

if TYPE_CHECKING:
    from collections.abc import Mapping

VIEWER_HOST: Final = "x-viewer-host"
"""The name under which the viewer called us, as the front door set it."""

_DOTS_OF_A_TOKEN: Final = 2
_STATUS: Final[dict[type[StreamgaugeError], int]] = {UnauthenticatedError: 401, ForbiddenError: 403}


def connection_of(event: Mapping[str, Any]) -> str:
    """Return the id of a connection; the log then names it."""
    connection_id = str(event["requestContext"]["connectionId"])
    telemetry.correlate(connection_id)
    return connection_id


def admit(event: Mapping[str, Any], now_seconds: float) -> Holder:
    """Return for whom a connection may open.

    Raises ForbiddenError for what comes around the front door or from a page of another origin, UnauthenticatedError without a
    good ticket, UnavailableError.
    """
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    asked = {"headers": headers}
    check_origin(asked)
    holder = tickets.redeem((event.get("queryStringParameters") or {}).get("ticket") or "", now_seconds)
    if holder is None:
        raise UnauthenticatedError("The ticket is unknown, used or too old: POST /api/v1/live/tickets makes one.")
    if not is_friendly(header(asked, "origin"), header(asked, VIEWER_HOST), holder.site_id):
        raise ForbiddenError("This page's origin is none of the site's.")
    return holder


def is_friendly(origin: str, own_host: str, site_id: str) -> bool:
    """Say whether a page of an origin may connect: our own, one of the site's domains, or one that the stage names.

    Only browsers say an origin; who says none holds the ticket all the same.
    """
    if not origin:
        return True
    try:
        parts = urlsplit(origin)
        host = (parts.hostname or "").lower()
    except ValueError:
        return False
    if not host:
        return False
    if parts.netloc.lower() == own_host.lower():
        return True
    site = find_site(site_id)
    named = settings().text("ANALYTICS_LIVE_ORIGINS", "").replace(",", " ").split()
    allowed = {domain.lower().partition(":")[0] for domain in (site.domains if site else ())}
    return any(host in (domain, f"www.{domain}") for domain in allowed) or origin.lower() in map(str.lower, named)


def holder_of(event: Mapping[str, Any], site_id: str) -> Holder:
    """Return who asks for a ticket, from an HTTP request whose credential the authorizer has found good."""
    given = header(event, "authorization").strip().partition(" ")[2].strip()
    if given.count(".") == _DOTS_OF_A_TOKEN:
        return Holder(site_id, "", _expiry(given))
    return Holder(site_id, key_hash(given), 0)


def answer(error: StreamgaugeError | None = None) -> dict[str, int]:
    """Return what a gateway is told: 200, or the status of a refusal."""
    return {"statusCode": 200 if error is None else _STATUS.get(type(error), 503)}


def _expiry(token: str) -> int:
    """Return when a token expires that has been verified before."""
    claims = token.split(".")[1]
    return int(json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["exp"])
