"""JSON Web Tokens of the one configured issuer (Amazon Cognito or any OpenID Connect provider), for `read` and `admin`.

Their claim holds grants as `site:scope` (`*:admin`, `blog:read`): a list, or one text with spaces or commas between them.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import jwt

from streamgauge.access.scopes import Grant, read_grant

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from streamgauge.settings import Settings

ALGORITHMS: Final = ["RS256", "ES256"]
KEY_TYPES: Final = {"RS256": "RSA", "ES256": "EC"}
HOLD_SECONDS: Final = 3600
REFRESH_SECONDS: Final = 60
"""An unknown key id makes us ask the issuer again, but not more often than this."""

MAX_TOKEN: Final = 8192
_SMALLEST_RSA_BITS: Final = 2048


class TokenError(Exception):
    """Raised for a token that is not accepted; `expired` tells the common case apart."""

    def __init__(self, why: str, *, expired: bool = False) -> None:
        super().__init__(why)
        self.expired = expired


class IssuerAwayError(Exception):
    """Raised when the issuer's keys cannot be fetched and none are held."""


@dataclass(frozen=True, slots=True)
class Issuer:
    """Whose tokens are accepted, for whom they must be meant, and which claim holds the grants."""

    name: str
    audience: str
    claim: str

    @classmethod
    def configured(cls, environment: Settings) -> Issuer | None:
        """Read JWT_ISSUER, JWT_AUDIENCE and JWT_CLAIM; None when no issuer is set: then no token is accepted."""
        name = environment.text("JWT_ISSUER", "")
        if not name:
            return None
        return cls(name, environment.text("JWT_AUDIENCE"), environment.text("JWT_CLAIM", "cognito:groups"))


class Verifier:
    """Checks tokens of an issuer. `fetch` gets the bytes of an address; `clock` tells the time in seconds."""

    def __init__(self, issuer: Issuer, fetch: Callable[[str], bytes], clock: Callable[[], float] = time.time) -> None:
        self._issuer = issuer
        self._fetch = fetch
        self._clock = clock
        self._keys: dict[str, jwt.PyJWK] = {}
        self._asked_at = float("-inf")

    def grants(self, token: str) -> tuple[str, tuple[Grant, ...]]:
        """Return the subject and what the token opens. Raises TokenError and IssuerAwayError."""
        claims = self._claims(token)
        found = (read_grant(text) for text in _texts(claims.get(self._issuer.claim)))
        grants = tuple(grant for grant in found if grant is not None and grant.scope in ("read", "admin"))
        subject = claims.get("sub")
        if not isinstance(subject, str) or not subject:
            raise TokenError("no subject")
        return subject, grants

    def _claims(self, token: str) -> Mapping[str, Any]:
        if len(token) > MAX_TOKEN:
            raise TokenError("too long")
        try:
            header = jwt.get_unverified_header(token)
            algorithm, kid = header.get("alg"), header.get("kid")
            if algorithm not in ALGORITHMS or not isinstance(kid, str) or "crit" in header:
                raise TokenError("algorithm, key id or extension")
            key = self._key(kid)
            if key.key_type != KEY_TYPES[algorithm]:
                raise TokenError("another kind of key")
            claims: dict[str, Any] = jwt.decode(
                token,
                key.key,
                algorithms=[algorithm],
                audience=self._issuer.audience,
                issuer=self._issuer.name,
                # Clocks of issuers run a little ahead of ours; `exp` alone bounds a token's life.
                options={"require": ["iss", "aud", "exp"], "verify_iat": False},
            )
        except jwt.ExpiredSignatureError as error:
            raise TokenError("expired", expired=True) from error
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
            raise TokenError(type(error).__name__) from error
        return claims

    def _key(self, kid: str) -> jwt.PyJWK:
        """Return the issuer's key of this id, asking the issuer when it is unknown or what is held is old."""
        age = self._clock() - self._asked_at
        if not 0 <= age < HOLD_SECONDS or (kid not in self._keys and age >= REFRESH_SECONDS):
            self._refresh()
        if kid not in self._keys:
            raise TokenError("unknown key id")
        return self._keys[kid]

    def _refresh(self) -> None:
        held_before = bool(self._keys)
        self._asked_at = self._clock()
        try:
            home = self._document(self._issuer.name.rstrip("/") + "/.well-known/openid-configuration")
            found = self._document(home["jwks_uri"])
            self._keys = {kid: key for document in found["keys"] for kid, key in _usable(document)}
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            if not held_before:
                self._asked_at = float("-inf")
                raise IssuerAwayError(type(error).__name__) from error
            # What is held goes on working; ask again soon.
            self._asked_at += REFRESH_SECONDS - HOLD_SECONDS

    def _document(self, address: str) -> Any:  # noqa: ANN401 - JSON
        place = urlsplit(address)
        if place.scheme != "https" and place.hostname not in ("127.0.0.1", "localhost"):
            raise ValueError("keys travel by https alone")
        return json.loads(self._fetch(address))


def _usable(document: Mapping[str, Any]) -> list[tuple[str, jwt.PyJWK]]:
    """Return a key with its id; nothing for keys that sign otherwise, encrypt, or are too short."""
    algorithm = {kind: name for name, kind in KEY_TYPES.items()}.get(document.get("kty", ""))
    kid = document.get("kid")
    if algorithm is None or not isinstance(kid, str) or document.get("use", "sig") != "sig":
        return []
    if document.get("alg", algorithm) != algorithm or document.get("crv", "P-256") != "P-256":
        return []
    try:
        key = jwt.PyJWK({**document}, algorithm)
    except jwt.PyJWTError:
        return []
    if algorithm == "RS256" and key.key.key_size < _SMALLEST_RSA_BITS:
        return []
    return [(kid, key)]


def _texts(claim: object) -> list[str]:
    if isinstance(claim, str):
        return claim.replace(",", " ").split()
    return [text for text in claim if isinstance(text, str)] if isinstance(claim, list) else []
