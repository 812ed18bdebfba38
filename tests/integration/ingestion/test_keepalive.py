"""The connection to AWS against servers that do what servers do."""

import socket
import threading
from collections.abc import Callable, Iterator

import pytest
from streamgauge.store import wire
from streamgauge.store.keepalive import Reply
from streamgauge.store.wire import TransportError

Answer = Callable[[socket.socket], None]


class Server:
    """Reads one request after another and lets the next of `answers` write; counts connections."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.connections = 0
        self.requests: list[bytes] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            with connection:
                while self.answers and self._request(connection):
                    answer = self.answers.pop(0)
                    try:
                        answer(connection)
                    except OSError:
                        break
                    if getattr(answer, "closes", False):
                        break

    def _request(self, connection: socket.socket) -> bool:
        data = b""
        while b"\r\n\r\n" not in data or not data.endswith(b"BODY"):
            more = connection.recv(65_536)
            if not more:
                return False
            data += more
        self.requests.append(data)
        return True

    def close(self) -> None:
        self._socket.close()


def says(text: bytes, *, closes: bool = False) -> Answer:
    def answer(connection: socket.socket) -> None:
        connection.sendall(text)

    answer.closes = closes  # type: ignore[attr-defined]
    return answer


def in_pieces(text: bytes) -> Answer:
    def answer(connection: socket.socket) -> None:
        for place in range(len(text)):
            connection.sendall(text[place : place + 1])

    return answer


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    server = Server()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.port}")
    monkeypatch.setitem(wire.TIMEOUT_SECONDS, "kinesis", 0.3)
    yield server
    wire.hang_up()
    server.close()


def send() -> Reply:
    return wire.exchange("kinesis", "POST", "/", "", {"x-amz-target": "x"}, b"BODY")


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: y\r\n\r\nok"


def test_a_connection_is_kept(server: Server) -> None:
    server.answers = [says(OK)] * 3
    assert [send() for _ in range(3)] == [Reply(200, b"ok")] * 3
    assert server.connections == 1
    assert server.requests[0].count(b"authorization: AWS4-HMAC-SHA256") == 1


@pytest.mark.parametrize(
    ("answer", "reply"),
    [
        (in_pieces(OK), Reply(200, b"ok")),
        (says(b"HTTP/1.1 100 Continue\r\n\r\n" + OK), Reply(200, b"ok")),
        (
            in_pieces(
                b"HTTP/1.1 400 Bad\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n1\r\nd\r\n0\r\nTrailer: x\r\n\r\n"
            ),
            Reply(400, b"abcd"),
        ),
        (says(b"HTTP/1.1 204 No Content\r\n\r\n"), Reply(204, b"")),
    ],
)
def test_answers_are_read_whole_and_the_connection_goes_on(server: Server, answer: Answer, reply: Reply) -> None:
    server.answers = [answer, says(OK)]
    assert send() == reply
    assert send() == Reply(200, b"ok")
    assert server.connections == 1


@pytest.mark.parametrize(
    "text",
    [
        b"HTTP/1.0 200 OK\r\n\r\nuntil the end",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end",
        b"HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 13\r\n\r\nuntil the end",
    ],
)
def test_a_connection_that_ends_is_not_kept(server: Server, text: bytes) -> None:
    server.answers = [says(text, closes=True), says(OK)]
    assert send() == Reply(200, b"until the end")
    assert send() == Reply(200, b"ok")
    assert server.connections == 2


def test_a_kept_connection_that_was_closed_is_replaced(server: Server) -> None:
    server.answers = [says(OK, closes=True), says(OK)]
    assert send().body == b"ok"
    assert send().body == b"ok"
    assert server.connections == 2


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"x" * 70_000,
    ],
)
def test_what_is_no_answer_is_a_failure_of_transport(server: Server, text: bytes) -> None:
    server.answers = [says(text, closes=True), says(text, closes=True)]
    with pytest.raises(TransportError):
        send()
    assert not any(wire._idle.values())


def test_silence_is_a_failure_of_transport(server: Server) -> None:
    server.answers = [says(b"HTTP/1.1 200 OK\r\n"), says(OK)]
    with pytest.raises(TransportError, match="TimeoutError"):
        send()


def test_nobody_there_is_a_failure_of_transport(server: Server) -> None:
    server.close()
    with pytest.raises(TransportError):
        send()
