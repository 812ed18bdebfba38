"""An issuer of tokens in memory: its keys, its documents, and tokens good and bad."""

from __future__ import annotations

import json
import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

NAME = "https://issuer.example/pool"
AUDIENCE = "streamgauge"


class FakeIssuer:
    """One RSA and one EC key. `fetched` lists the addresses asked for; `away` makes them fail."""

    def __init__(self, name: str = NAME) -> None:
        self.name = name
        self.rsa = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.ec = ec.generate_private_key(ec.SECP256R1())
        self.fetched: list[str] = []
        self.away = False
        self.keys: list[dict[str, Any]] = [
            {**json.loads(RSAAlgorithm.to_jwk(self.rsa.public_key())), "kid": "rsa", "use": "sig", "alg": "RS256"},
            {**json.loads(ECAlgorithm.to_jwk(self.ec.public_key())), "kid": "ec", "use": "sig", "alg": "ES256"},
        ]

    def fetch(self, address: str) -> bytes:
        """Answer as the issuer's web server does."""
        self.fetched.append(address)
        if self.away:
            raise OSError("no route to host")
        if address == f"{NAME}/.well-known/openid-configuration":
            return json.dumps({"issuer": NAME, "jwks_uri": f"{NAME}/jwks.json"}).encode()
        assert address == f"{NAME}/jwks.json"
        return json.dumps({"keys": self.keys}).encode()

    def public_pem(self) -> bytes:
        return self.rsa.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Return good claims with changes; None leaves a claim out."""
        now = int(time.time())
        found = {
            "iss": self.name,
            "aud": AUDIENCE,
            "sub": "user-1",
            "iat": now,
            "exp": now + 600,
            "grants": ["blog:read", "shop:admin"],
            **changes,
        }
        return {name: value for name, value in found.items() if value is not None}

    def token(self, algorithm: str = "RS256", kid: str | None = None, key: Any = None, **changes: Any) -> str:
        """Return a signed token."""
        key = key or (self.ec if algorithm == "ES256" else self.rsa)
        headers = {"kid": kid or ("ec" if algorithm == "ES256" else "rsa")}
        return jwt.encode(self.claims(**changes), key, algorithm=algorithm, headers=headers)
