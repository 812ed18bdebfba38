"""Signature Version 4 of AWS, written out: the whole of what a client library would be imported for.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hmac
import os
import time
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple
from urllib.parse import quote


class Credentials(NamedTuple):
    """Keys of the function's role, as the runtime hands them over; they change while the container lives."""

    access_key: str
    secret_key: str
    token: str


def credentials() -> Credentials:
    """Return the credentials of this moment, from the environment."""
    environment = os.environ
    return Credentials(
        environment.get("AWS_ACCESS_KEY_ID", ""),
        environment.get("AWS_SECRET_ACCESS_KEY", ""),
        environment.get("AWS_SESSION_TOKEN", ""),
    )


@lru_cache(maxsize=32)
def _signing_key(secret_key: str, day: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret_key}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def database_token(host: str, port: int, user: str, region: str, *, keys: Credentials, now: float | None = None) -> str:
    """Return the password of an IAM database user, good for opening a connection within 15 minutes.

    It is a presigned request without its scheme:
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html
    """
    moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    scope = f"{moment[:8]}/{region}/rds-db/aws4_request"
    parameters = {
        "Action": "connect",
        "DBUser": user,
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"{keys.access_key}/{scope}",
        "X-Amz-Date": moment,
        "X-Amz-Expires": "900",
        "X-Amz-SignedHeaders": "host",
    }
    if keys.token:
        parameters["X-Amz-Security-Token"] = keys.token
    query = "&".join(
        f"{quote(name, safe='-_.~')}={quote(parameters[name], safe='-_.~')}" for name in sorted(parameters)
    )
    address = f"{host}:{port}"
    request = f"GET\n/\n{query}\nhost:{address}\n\nhost\n{sha256(b'').hexdigest()}"
    text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{sha256(request.encode()).hexdigest()}"
    key = _signing_key(keys.secret_key, moment[:8], region, "rds-db")
    return f"{address}/?{query}&X-Amz-Signature={hmac.digest(key, text.encode(), 'sha256').hex()}"


def sign(
    service: str,
    region: str,
    method: str,
    path: str,
    query: str,
    headers: dict[str, str],
    body: bytes,
    *,
    keys: Credentials,
    now: float | None = None,
) -> dict[str, str]:
    """Return the headers with the date, the token and the signature added; names are in lower case.

    `path` and `query` are encoded as they go over the wire, `query` with its names in order.
    """
    moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    digest = sha256(body).hexdigest()
    signed = {**headers, "x-amz-date": moment}
    if keys.token:
        signed["x-amz-security-token"] = keys.token
    if service == "s3":
        signed["x-amz-content-sha256"] = digest
    names = sorted(signed)
    lines = "".join([f"{name}:{signed[name]}\n" for name in names])
    listed = ";".join(names)
    scope = f"{moment[:8]}/{region}/{service}/aws4_request"
    request = f"{method}\n{path}\n{query}\n{lines}\n{listed}\n{digest}"
    text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{sha256(request.encode()).hexdigest()}"
    signature = hmac.digest(_signing_key(keys.secret_key, moment[:8], region, service), text.encode(), "sha256").hex()
    signed["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={keys.access_key}/{scope}, SignedHeaders={listed}, Signature={signature}"
    )
    return signed
