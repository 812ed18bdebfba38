"""A thousand people before a media server: calls at a steady pace over kept connections, and what each of them has been told."""

from __future__ import annotations

import http.client
import json
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit

SESSIONS = 1_000
HEARTBEAT_SECONDS = 10.0
CALLERS = 16
"""Connections of the made-up server, each of which calls for its share of the sessions."""
SHARED = 20
"""Users of five devices each; whoever is left has one."""
DEVICES = 5
GHOSTS = 10
"""Sessions whose last call was so long ago that they leave the list while it is watched."""
GHOST_SECONDS = 240
CALLS = "/api/v1/analytics/sessions"


@dataclass
class Stream:
    """A session of the made-up server; `answered` are (when its answer was there, the position told), in order."""

    user_id: str
    device: int
    address: str
    session_id: str = ""
    ended: float | None = None
    answered: list[tuple[float, float]] = field(default_factory=list)

    def start(self) -> dict[str, Any]:
        """Return the body of its start."""
        return {
            "user_id": self.user_id,
            "content_id": f"film-{self.user_id}-{self.device}",
            "content_type": "movie",
            "device_id": f"{self.user_id}-{self.device}",
            "client_name": "Jellyfin Web",
            "ip_address": self.address,
            "bitrate_kbps": 8000,
            "runtime_seconds": 7200,
            "position_seconds": 0,
        }


def streams() -> list[Stream]:
    """Return the sessions of all users, the ghosts' included."""
    shared = [(f"shared-{n}", device) for n in range(SHARED) for device in range(DEVICES)]
    others = [(f"user-{n}", 0) for n in range(SESSIONS - len(shared))]
    return [
        Stream(user, device, f"81.2.{n // 250}.{n % 250 + 1}") for n, (user, device) in enumerate([*shared, *others])
    ]


class Caller:
    """One kept connection to the front door."""

    def __init__(self, base_url: str, key: str) -> None:
        self._door = http.client.HTTPConnection(urlsplit(base_url).netloc, timeout=30)
        self._headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._door.close()

    def call(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Return the status and the body of an answer."""
        self._door.request(method, path, None if body is None else json.dumps(body), self._headers)
        answer = self._door.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else None


class Server:
    """The made-up server: starts its sessions, then tells how each fares every ten seconds until it is stopped.

    `late` are the seconds that heartbeats began after their time, `took` those until they were answered; `wrong` what was
    answered otherwise than it should.
    """

    def __init__(self, base_url: str, key: str) -> None:
        self.streams = streams()
        self.wrong: list[str] = []
        self.late: list[float] = []
        self.took: list[float] = []
        self._door = (base_url, key)
        self._over = threading.Event()
        shares = [self.streams[n::CALLERS] for n in range(CALLERS)]
        self._threads = [threading.Thread(target=self._serve, args=(n, share)) for n, share in enumerate(shares)]
        self._started = threading.Barrier(CALLERS + 1)

    def start(self) -> None:
        """Start all sessions and return when they are; heartbeats go on from then."""
        for thread in self._threads:
            thread.start()
        self._started.wait()

    def stop(self) -> None:
        """Stop calling; the sessions stay as they are."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _serve(self, number: int, share: list[Stream]) -> None:
        with Caller(*self._door) as caller:
            self._start_all(caller, share)
            self._started.wait()
            self._beat_all(caller, number, share)

    def _start_all(self, caller: Caller, share: list[Stream]) -> None:
        for one in share:
            status, answer = caller.call("POST", CALLS, one.start())
            if status != 201:
                self.wrong.append(f"start of {one.user_id}: {status} {answer}")
            one.session_id = answer["id"]
            one.answered.append((time.monotonic(), 0.0))

    def _beat_all(self, caller: Caller, number: int, share: list[Stream]) -> None:
        begin = time.monotonic()
        pace = HEARTBEAT_SECONDS / len(share)
        turn = 0
        while not self._over.is_set():
            for place, one in enumerate(share):
                due = begin + turn * HEARTBEAT_SECONDS + (place + number / CALLERS) * pace
                if self._over.wait(max(0.0, due - time.monotonic())):
                    return
                if one.ended is None:
                    self._beat(caller, one, (turn + 1) * HEARTBEAT_SECONDS, due)
            turn += 1

    def _beat(self, caller: Caller, one: Stream, position: float, due: float) -> None:
        began = time.monotonic()
        body = {"position_seconds": position, "paused": False, "bitrate_kbps": 8000 + int(position) % 2}
        status, answer = caller.call("PUT", f"{CALLS}/{one.session_id}", body)
        done = time.monotonic()
        if status != 200:
            self.wrong.append(f"heartbeat of {one.user_id}: {status} {answer}")
            return
        self.late.append(began - due)
        self.took.append(done - began)
        one.answered.append((done, position))
