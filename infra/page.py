"""What the dashboard's files are served with: `/config.json` beside them, and the headers that bind the page.

Read from the settings of a stage by their documented names, so that CloudFront and the local front door say the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

CONFIGURATION_PATH: Final = "/config.json"
"""Where the page reads at which issuer one can sign in."""


def configuration(settings: Mapping[str, str]) -> dict[str, str]:
    """Return what the page is told; nothing unless an issuer knows the page by JWT_CLIENT_ID.

    `token` says which of the issuer's tokens the API takes: the ID token is meant for the client itself, an access token for
    another audience.
    """
    issuer, client_id = settings.get("JWT_ISSUER", ""), settings.get("JWT_CLIENT_ID", "")
    if not issuer or not client_id:
        return {}
    audience = settings.get("JWT_AUDIENCE", "")
    return {
        "issuer": issuer,
        "client_id": client_id,
        "audience": audience,
        "scopes": settings.get("JWT_SCOPES") or "openid",
        "token": "id_token" if audience == client_id else "access_token",
    }


def policy(settings: Mapping[str, str]) -> str:
    """Return the Content-Security-Policy: own files alone, nothing inline; answers of the API and of the issuer's named origins."""
    known = configuration(settings)
    others = settings.get("JWT_ORIGINS", "").split() if known else []
    origins = dict.fromkeys(_origin(address) for address in (known.get("issuer", ""), *others) if address)
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            # 'self' includes the live connection of the same host.
            " ".join(("connect-src", "'self'", *origins)),
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )


def headers(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the security headers of the page, as the local front door sends them."""
    return {
        "content-security-policy": policy(settings),
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
    }


def _origin(address: str) -> str:
    """Return scheme, host and port. Raises ValueError for anything else than an address: it would end up in a header."""
    place = urlsplit(address)
    if place.scheme not in ("https", "http") or not place.hostname or any(sign in place.netloc for sign in " ;,'\"@"):
        raise ValueError(f"{address!r} is no address of an issuer, such as https://login.example.org")
    return f"{place.scheme}://{place.netloc}"
