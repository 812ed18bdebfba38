"""HTTP/1.1 over one kept connection, as little of it as AWS needs: a third of what http.client costs on both ways.

A request goes out in one write; an answer ends by its length, by chunks, or with the connection.
"""

from __future__ import annotations

import socket
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    import ssl

_READ: Final = 65_536
_MAX_HEAD: Final = 65_536
_NO_CONTENT: Final = frozenset({204, 304})
_BYTES_OF_LENGTH: Final = 16


class Endpoint(NamedTuple):
    """Where a service is reached."""

    host: str
    port: int | None
    secure: bool
    region: str


class Reply(NamedTuple):
    """An answer of a service."""

    status: int
    body: bytes


class StaleConnectionError(ConnectionError):
    """Raised when the other side closed the connection before the first byte of its answer."""


class Connection:
    """One connection; `reusable` says whether another request may follow."""

    def __init__(self, place: Endpoint, timeout: float) -> None:
        """Connect. Raises OSError."""
        port = place.port or (443 if place.secure else 80)
        self._socket = socket.create_connection((place.host, port), timeout)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if place.secure:
            self._socket = _secure_context().wrap_socket(self._socket, server_hostname=place.host)
        self._buffer = b""
        self.reusable = True

    def request(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Reply:
        """Send one request and read its answer. Raises OSError (also for what is no HTTP)."""
        self.send(method, target, headers, body)
        return self.receive(method)

    def send(self, method: str, target: str, headers: dict[str, str], body: bytes) -> None:
        """Send one request; its answer is received before the next one. Raises OSError."""
        lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
        head = f"{method} {target} HTTP/1.1\r\n{lines}content-length: {len(body)}\r\n\r\n"
        try:
            self._socket.sendall(head.encode("latin-1") + body)
        except (BrokenPipeError, ConnectionResetError) as error:
            raise StaleConnectionError("closed before the request") from error

    def close(self) -> None:
        """Close."""
        self.reusable = False
        self._socket.close()

    def receive(self, method: str) -> Reply:
        """Read the answer to the request that was sent. Raises OSError (also for what is no HTTP)."""
        status, headers = self._read_head()
        while status < 200:  # noqa: PLR2004 - interim answers
            status, headers = self._read_head()
        if b"close" in headers.get(b"connection", b"").lower():
            self.reusable = False
        if method == "HEAD" or status in _NO_CONTENT:
            return Reply(status, b"")
        if b"chunked" in headers.get(b"transfer-encoding", b"").lower():
            return Reply(status, self._read_chunks())
        length = headers.get(b"content-length")
        if length is not None:
            return Reply(status, self._take(_number(length, 10)))
        self.reusable = False
        return Reply(status, self._read_rest())

    def _read_head(self) -> tuple[int, dict[bytes, bytes]]:
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            if len(self._buffer) > _MAX_HEAD:
                raise OSError("the head of an answer does not end")
            if not self._receive():
                if self._buffer:
                    raise OSError("an answer broke off")
                raise StaleConnectionError("closed before an answer")
        first, *lines = self._buffer[:end].split(b"\r\n")
        self._buffer = self._buffer[end + 4 :]
        parts = first.split(None, 2)
        if not first.startswith(b"HTTP/1.") or len(parts) < 2:  # noqa: PLR2004 - version and status
            raise OSError("the answer is no HTTP")
        if first.startswith(b"HTTP/1.0"):
            self.reusable = False
        headers = {}
        for line in lines:
            name, _, value = line.partition(b":")
            headers[name.strip().lower()] = value.strip()
        return _number(parts[1], 10), headers

    def _receive(self) -> bool:
        try:
            data = self._socket.recv(_READ)
        except ConnectionResetError as error:
            if self._buffer:
                raise
            raise StaleConnectionError("reset before an answer") from error
        self._buffer += data
        return bool(data)

    def _take(self, length: int) -> bytes:
        if len(self._buffer) < length:
            pieces = [self._buffer]
            missing = length - len(self._buffer)
            while missing > 0:
                data = self._socket.recv(min(missing, 1 << 20))
                if not data:
                    raise OSError("an answer broke off")
                pieces.append(data)
                missing -= len(data)
            self._buffer = b"".join(pieces)
        taken, self._buffer = self._buffer[:length], self._buffer[length:]
        return taken

    def _line(self) -> bytes:
        while (end := self._buffer.find(b"\r\n")) < 0:
            if len(self._buffer) > _MAX_HEAD or not self._receive():
                raise OSError("an answer broke off")
        line, self._buffer = self._buffer[:end], self._buffer[end + 2 :]
        return line

    def _read_chunks(self) -> bytes:
        pieces = []
        while length := _number(self._line().partition(b";")[0], 16):
            pieces.append(self._take(length))
            self._line()
        while self._line():
            pass
        return b"".join(pieces)

    def _read_rest(self) -> bytes:
        while self._receive():
            pass
        rest, self._buffer = self._buffer, b""
        return rest


@lru_cache(maxsize=1)
def _secure_context() -> ssl.SSLContext:
    import ssl  # noqa: PLC0415 - a local stack speaks plainly

    return ssl.create_default_context()


def _number(digits: bytes, base: int) -> int:
    """Return a length or status of a head. Raises OSError for what is none."""
    try:
        number = int(digits, base) if len(digits) <= _BYTES_OF_LENGTH else -1
    except ValueError:
        number = -1
    if number < 0:
        raise OSError("the answer is no HTTP")
    return number
