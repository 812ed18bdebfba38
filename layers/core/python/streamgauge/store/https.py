"""Documents of other parties, such as an issuer's public keys."""

from __future__ import annotations

import http.client
from typing import Final
from urllib.parse import urlsplit

TIMEOUT_SECONDS: Final = 3
MAX_BYTES: Final = 1_000_000


def get(address: str) -> bytes:
    """Return what stands at an http(s) address. Raises OSError for anything but a plain 200 of at most 1 MB."""
    place = urlsplit(address)
    kind = http.client.HTTPSConnection if place.scheme == "https" else http.client.HTTPConnection
    connection = kind(place.netloc, timeout=TIMEOUT_SECONDS)
    try:
        # Redirects are not followed: the address is the one that was configured, or it is wrong.
        connection.request("GET", f"{place.path or '/'}{'?' if place.query else ''}{place.query}")
        answer = connection.getresponse()
        content = answer.read(MAX_BYTES + 1)
    except http.client.HTTPException as error:
        raise OSError(f"{place.hostname} did not answer in HTTP") from error
    finally:
        connection.close()
    if answer.status != http.client.OK or len(content) > MAX_BYTES:
        raise OSError(f"{place.hostname} answered {answer.status}")
    return content
