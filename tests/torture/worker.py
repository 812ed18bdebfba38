"""A container of the consumer as a process of its own, to be killed: it takes invocations from a pipe and answers each."""

from __future__ import annotations

import multiprocessing
import os
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

_START = multiprocessing.get_context("forkserver")
_START.set_forkserver_preload(["tests.torture.worker", "functions.consumers.warehouse", "psycopg"])


class KilledError(Exception):
    """Raised when the container died in an invocation."""


def _serve(pipe: Connection, environment: dict[str, str]) -> None:
    os.environ.update(environment)
    from functions.consumers.warehouse import handler
    from tests.support.warehouse import Context

    while True:
        try:
            event = pipe.recv()
        except EOFError:
            return
        try:
            pipe.send((True, handler(event, Context())))
        except Exception as error:  # noqa: BLE001 - as Lambda: whatever is raised fails the batch
            pipe.send((False, f"{type(error).__name__}: {error}"))


class Container:
    """One process; started anew by the next invocation when it was killed."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None
        self._changing = threading.Lock()
        self.errors: list[str] = []

    def invoke(self, event: dict[str, Any]) -> Any:
        """Hand an event over and wait for the answer. Raises KilledError, or RuntimeError for what the function raised."""
        with self._changing:
            if self._process is None or not self._process.is_alive():
                self._start()
        assert self._pipe is not None
        try:
            self._pipe.send(event)
            worked, answer = self._pipe.recv()
        except (EOFError, BrokenPipeError, ConnectionResetError) as error:
            raise KilledError from error
        if not worked:
            self.errors.append(answer)
            raise RuntimeError(answer)
        return answer

    def kill(self) -> bool:
        """End the process at once (SIGKILL), wherever it is; say whether it was running."""
        with self._changing:
            if self._process is None or not self._process.is_alive():
                return False
            self._process.kill()
            return True

    def close(self) -> None:
        """End the process and let go of it."""
        with self._changing:
            self._end()

    def _end(self) -> None:
        if self._pipe is not None:
            self._pipe.close()
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process.close()
        self._process = self._pipe = None

    def _start(self) -> None:
        self._end()
        self._pipe, other = _START.Pipe()
        self._process = _START.Process(target=_serve, args=(other, self._environment), daemon=True)
        self._process.start()
        other.close()
