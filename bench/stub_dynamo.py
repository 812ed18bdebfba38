"""A local endpoint that takes every DynamoDB write and finds nothing, in a process of its own: only the caller's CPU is measured."""

from __future__ import annotations

import socket
import sys
import threading

_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: 2\r\n\r\n{}"


def serve(connection: socket.socket) -> None:
    """Answer every request of a connection."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    held = b""
    while data := connection.recv(1 << 20):
        held += data
        while b"\r\n\r\n" in held:
            head, _, rest = held.partition(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
            if len(rest) < length:
                break
            held = rest[length:]
            connection.sendall(_ANSWER)


if __name__ == "__main__":
    listener = socket.create_server(("127.0.0.1", 0))
    sys.stdout.write(f"{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
