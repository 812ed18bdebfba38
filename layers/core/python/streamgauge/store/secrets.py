"""AWS Secrets Manager: a secret's text, read once per container."""

from __future__ import annotations

from functools import lru_cache

from streamgauge.store import wire


@lru_cache(maxsize=16)
def secret(arn: str) -> str:
    """Return a secret's text. Raises StoreAwayError."""
    return str(wire.call("secretsmanager", "secretsmanager.GetSecretValue", "1.1", {"SecretId": arn})["SecretString"])
