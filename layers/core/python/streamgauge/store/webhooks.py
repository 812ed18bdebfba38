"""One POST to an address that somebody else chose: https to public addresses alone, and no redirect is followed."""

from __future__ import annotations

import http.client
import socket
import ssl
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

TIMEOUT_SECONDS: Final = 5
_IPV6: Final = 6
_OF_IPV4: Final = tuple(map(ip_network, ("::/96", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16")))
"""Networks of IPv6 whose addresses are translated or tunnelled to one of IPv4, which may be private."""

_HTTPS_PORT: Final = 443
_HTTP_PORT: Final = 80


class RefusedAddressError(Exception):
    """Raised for an address that nothing is sent to, whatever it would answer."""


class _Pinned(http.client.HTTPConnection):
    """A connection to the very address that was looked at: the name may lead elsewhere a moment later."""

    def __init__(self, host: str, port: int, address: str, *, secure: bool) -> None:
        super().__init__(host, port, timeout=TIMEOUT_SECONDS)
        self._address, self._secure = address, secure

    def connect(self) -> None:
        plain = socket.create_connection((self._address, self.port), TIMEOUT_SECONDS)
        self.sock = _context().wrap_socket(plain, server_hostname=self.host) if self._secure else plain


def post(address: str, body: bytes, headers: Mapping[str, str], *, trusting: bool = False) -> int:
    """Send a body and return the status of the answer; a redirect is an answer like any other.

    `trusting`: plain http and private addresses too, as on a laptop. Raises RefusedAddressError, or OSError when no answer comes.
    """
    parts = urlsplit(address)
    secure = parts.scheme == "https"
    if not parts.hostname or not (secure or (trusting and parts.scheme == "http")):
        raise RefusedAddressError("only https addresses are sent to")
    port = parts.port or (_HTTPS_PORT if secure else _HTTP_PORT)
    found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not addresses or not (trusting or all(is_public(one) for one in addresses)):
        raise RefusedAddressError("the name leads to an address that is not public")
    connection = _Pinned(parts.hostname, port, addresses[0], secure=secure)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("POST", target, body, dict(headers))
        return connection.getresponse().status
    except http.client.HTTPException as error:
        raise OSError(f"{parts.hostname} did not answer in HTTP") from error
    finally:
        connection.close()


def is_public(text: str) -> bool:
    """Say whether an address (with a zone or not) is one of the open internet, and stands for no other."""
    found = ip_address(text.partition("%")[0])
    mapped = getattr(found, "ipv4_mapped", None)
    hidden = found.version == _IPV6 and any(found in network for network in _OF_IPV4)
    return (mapped or found).is_global and not found.is_multicast and not hidden


@lru_cache(maxsize=1)
def _context() -> ssl.SSLContext:
    return ssl.create_default_context()
