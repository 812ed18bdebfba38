"""Sending events to `POST /api/v1/analytics/event/batch`: batches, retries, several requests in flight, answers in order."""

from __future__ import annotations

import email.utils
import gzip
import json
import random
import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

import httpx

from streamgauge_cli.connection import explain
from streamgauge_cli.errors import AnswerError, CommandError, StoppedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

BATCH_PATH: Final = "/api/v1/analytics/event/batch"
MOST_EVENTS: Final = 500
MOST_BYTES: Final = 1_000_000 - 1_000  # of the request, decompressed, with room for the envelope
MOST_EVENT_BYTES: Final = 32_000
IN_FLIGHT: Final = 4
PATIENCE_SECONDS: Final = 300.0
_LONGEST_PAUSE: Final = 30.0
_LONGEST_RETRY_AFTER: Final = 120.0
_TRY_AGAIN: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_TOO_LARGE: Final = 413


class Item(Protocol):
    """What can be sent: its JSON."""

    @property
    def body(self) -> bytes:
        """The event as JSON."""


_Item = TypeVar("_Item", bound=Item)


@dataclass(frozen=True, slots=True)
class Refusal:
    """One event that the service did not take; `index` counts within its batch."""

    index: int
    event_id: str
    code: str
    detail: str


@dataclass
class Answer:
    """What the service said to one batch."""

    accepted: int = 0
    duplicates: int = 0
    refused: list[Refusal] = field(default_factory=list)


def batches(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    """Cut a stream of items, each at most MOST_EVENT_BYTES, into batches within the limits of one request."""
    batch: list[_Item] = []
    weight = 0
    for item in items:
        cost = len(item.body) + 1
        if batch and (len(batch) >= MOST_EVENTS or weight + cost > MOST_BYTES):
            yield batch
            batch, weight = [], 0
        batch.append(item)
        weight += cost
    if batch:
        yield batch


class Sender:
    """Posts batches through one client from a few threads.

    `pause` waits that many seconds and may raise StoppedError; a request that keeps failing for `patience` seconds ends the
    sending with a CommandError.
    """

    def __init__(
        self,
        client: httpx.Client,
        *,
        in_flight: int = IN_FLIGHT,
        patience: float = PATIENCE_SECONDS,
        pause: Callable[[float], None] | None = None,
        now: Callable[[], float] = time.monotonic,
        on_retry: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._client = client
        self._in_flight = in_flight
        self._patience = patience
        self._stopped = Event()
        self._pause = pause or self._wait
        self._now = now
        self._on_retry = on_retry

    def send_all(self, made: Iterable[list[_Item]], on_answer: Callable[[list[_Item], Answer], None]) -> None:
        """Send every batch; `on_answer` is called in the order of the batches, in the caller's thread.

        When something stops it (an error, Ctrl-C), the answers of the requests that are under way are still waited for
        and handed over, as long as no earlier batch is missing, before the exception goes on.
        """
        waiting: deque[tuple[list[_Item], Future[Answer]]] = deque()
        pool = ThreadPoolExecutor(self._in_flight, thread_name_prefix="send")

        def hand_over() -> None:
            batch, future = waiting[0]
            answer = future.result()
            waiting.popleft()
            on_answer(batch, answer)

        try:
            for batch in made:
                waiting.append((batch, pool.submit(self.post, batch)))
                while waiting and (len(waiting) >= self._in_flight or waiting[0][1].done()):
                    hand_over()
            while waiting:
                hand_over()
        except BaseException:
            self._stopped.set()
            pool.shutdown(wait=True)
            while waiting and waiting[0][1].exception() is None:
                hand_over()
            raise
        finally:
            pool.shutdown(wait=True)

    def post(self, batch: list[_Item]) -> Answer:
        """Send one batch, again and again while the trouble may pass. Raises CommandError when it will not."""
        body = b'{"events":[' + b",".join(item.body for item in batch) + b"]}"
        packed = gzip.compress(body, 5, mtime=0)
        headers = {"content-type": "application/json", "content-encoding": "gzip"}
        answer = self.request(BATCH_PATH, packed, headers)
        if answer.status_code == _TOO_LARGE and len(batch) > 1:
            half = len(batch) // 2
            first, second = self.post(batch[:half]), self.post(batch[half:])
            moved = [Refusal(r.index + half, r.event_id, r.code, r.detail) for r in second.refused]
            return Answer(first.accepted + second.accepted, first.duplicates + second.duplicates, first.refused + moved)
        return read_answer(answer)

    def request(self, path: str, content: bytes, headers: dict[str, str], method: str = "POST") -> httpx.Response:
        """Send a body and return the first answer that is final, good or bad. Raises CommandError when patience ends."""
        began = self._now()
        tries = 0
        while True:
            tries += 1
            try:
                answer = self._client.request(method, path, content=content, headers=headers)
            except httpx.TransportError as error:
                trouble = f"cannot reach {self._client.base_url}: {error or type(error).__name__}"
                asked = None
            else:
                if answer.status_code not in _TRY_AGAIN:
                    return answer
                trouble = explain(answer)
                asked = retry_after(answer.headers.get("retry-after"))
            pause = random.uniform(0.5, 1.0) * min(_LONGEST_PAUSE, 0.5 * 2 ** min(tries - 1, 10))
            if asked is not None:
                pause = max(pause, min(asked, _LONGEST_RETRY_AFTER))
            if self._now() - began + pause > self._patience:
                raise CommandError(f"{trouble} Given up after {tries} tries.")
            self._on_retry(f"{trouble} Trying again in {pause:.0f} s.")
            self._pause(pause)

    def _wait(self, seconds: float) -> None:
        if self._stopped.wait(seconds):
            raise StoppedError


def read_answer(answer: httpx.Response) -> Answer:
    """Read the answer to a batch. Raises AnswerError when the batch as a whole was refused."""
    if answer.status_code not in {200, 202, 207}:
        raise AnswerError(explain(answer), answer.status_code)
    try:
        said = answer.json()
        accepted, results = int(said["accepted"]), said.get("results") or []
        refused = [
            Refusal(
                int(result["index"]),
                str(result.get("event_id") or ""),
                str(result.get("code") or result["status"]),
                str(result.get("detail") or ""),
            )
            for result in results
            if str(result["status"]) not in {"accepted", "duplicate"}
        ]
        return Answer(accepted, int(said.get("duplicates") or 0), refused)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CommandError("the service does not answer as Streamgauge does; is the address right?") from error


def retry_after(header: str | None, now: float | None = None) -> float | None:
    """Return the seconds that a Retry-After header asks for, written as seconds or as a date; None when it says nothing."""
    if not header:
        return None
    if header.strip().isdigit():
        return float(header)
    try:
        moment = email.utils.parsedate_to_datetime(header)
    except ValueError:
        return None
    return max(0.0, moment.timestamp() - (time.time() if now is None else now))


def to_json(event: dict[str, object]) -> bytes:
    """Return an event as compact JSON."""
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")
