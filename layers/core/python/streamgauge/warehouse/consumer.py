"""What happens to the records of one invocation: store, project, tell the jobs, keep dead letters, then acknowledge.

Nothing is acknowledged before all of that is done; whatever fails raises, and the whole batch comes again.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

import psycopg
from msgspec import to_builtins

from streamgauge import telemetry
from streamgauge.clock import MICROSECONDS
from streamgauge.errors import UnavailableError
from streamgauge.events.models import StampedEvent, encode
from streamgauge.events.reasons import Reason, Stage
from streamgauge.settings import settings
from streamgauge.store import dead_letters, dynamo, postgres
from streamgauge.store.dead_letters import UNKNOWN_SITE, DeadLetter
from streamgauge.store.errors import StoreAwayError
from streamgauge.telemetry import Metric
from streamgauge.views import projection
from streamgauge.warehouse import pending
from streamgauge.warehouse.batch import Lane, Outcome, store_batch
from streamgauge.warehouse.examine import Unstorable, examine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamgauge.events.models import Receipt
    from streamgauge.events.records import StreamRecord
    from streamgauge.store.postgres import Connection
    from streamgauge.warehouse.directory import Directory

LARGEST_TRANSACTION: Final = 2000
"""Events in one transaction; more gains nothing."""

_PAUSE_SECONDS: Final = 0.2
_LOOK_SECONDS: Final = 10.0
"""How long to wait for a connection before it is said that the batch is stuck."""
_MOST_LOGGED: Final = 20


class _Letter(NamedTuple):
    """A record that is given up, with what is known of its event."""

    record: StreamRecord
    reason: Reason
    site: str | None
    event_id: str | None
    received: int | None
    receipt: Receipt | None


class Consumer:
    """The warehouse consumer of one container."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def consume(self, records: Sequence[StreamRecord], deadline: float) -> int:
        """Store records exactly once and return how many were new.

        `deadline` (`time.monotonic`): until then it waits for a store that is away. Raises psycopg.OperationalError,
        UnavailableError or StoreAwayError after that: the batch must come again.
        """
        started = time.monotonic()
        good: list[tuple[StreamRecord, StampedEvent]] = []
        letters: list[_Letter] = []
        now = time.time_ns() // 1000
        for record in records:
            found = examine(record.data, now)
            if isinstance(found, StampedEvent):
                good.append((record, found))
            else:
                letters.append(_letter(record, found))
        stored = 0
        shard = records[0].shard if records else ""
        arrivals = [record.arrived_at for record in records] or [0.0]
        lane = Lane(shard, min(arrivals), max(arrivals), started)
        for start in range(0, max(len(good), 1), LARGEST_TRANSACTION):
            dead = letters if start == 0 else []
            stored += self._store(good[start : start + LARGEST_TRANSACTION], dead, lane, deadline)
        return stored

    def _store(
        self, pairs: list[tuple[StreamRecord, StampedEvent]], letters: list[_Letter], lane: Lane, deadline: float
    ) -> int:
        """Store events and account for letters; a record that Postgres refuses is found by halving."""
        dead = [(letter.site, letter.receipt) for letter in letters if letter.site and letter.receipt]
        try:
            outcome = self._insist([event for _, event in pairs], dead, lane, deadline)
        except (psycopg.DataError, psycopg.errors.ProgramLimitExceeded):
            if len(pairs) > 1:
                middle = len(pairs) // 2
                first = self._store(pairs[:middle], letters, lane, deadline)
                return first + self._store(pairs[middle:], [], lane, deadline)
            if not pairs:
                raise
            record, event = pairs[0]
            poison = Unstorable(Reason.POISON, event.site, event.id, event.received, event.receipt)
            return self._store([], [*letters, _letter(record, poison)], lane, deadline)
        refused: list[_Letter] = []
        if outcome.refused:
            by_receipt = {(event.site, event.receipt): (record, event) for record, event in pairs}
            refused = [
                _refused(*by_receipt[event.site, event.receipt], event, reason) for event, reason in outcome.refused
            ]
        _measure(outcome, [event for _, event in pairs], [*letters, *refused])
        # Awaited: a batch is acknowledged only when everything that was given up is kept.
        dead_letters.record([_dead_letter(letter) for letter in [*letters, *refused]])
        self._follow(outcome, lane)
        return outcome.stored

    def _insist(
        self, events: list[StampedEvent], dead: list[tuple[str, Receipt]], lane: Lane, deadline: float
    ) -> Outcome:
        """Store a batch, again while the database is away, restarting, or gave the transaction up to another."""
        while True:
            try:
                connection = postgres.connection(min(_LOOK_SECONDS, max(0.0, deadline - time.monotonic())))
            except UnavailableError:
                _say_stuck(lane)
                if time.monotonic() >= deadline:
                    raise
                continue
            try:
                return store_batch(connection, self._directory, events, lane, time.time_ns() // 1000, dead)
            except psycopg.errors.ProgramLimitExceeded:
                raise
            except (psycopg.OperationalError, psycopg.errors.CheckViolation, psycopg.InterfaceError):
                # A lost connection tells nothing of the COMMIT: the ids will. A missing partition is made anew.
                self._directory.forget()
                if not _usable(connection):
                    postgres.discard()
                _say_stuck(lane)
                if time.monotonic() + _PAUSE_SECONDS >= deadline:
                    raise
                time.sleep(_PAUSE_SECONDS)

    def _follow(self, outcome: Outcome, lane: Lane) -> None:
        """Bring DynamoDB to what is committed, for every key that the batch touches, repetitions included."""
        for site_id, touched in outcome.touched.items():
            if touched.videos:
                connection = postgres.connection()
                projection.push(connection, touched.site_no, site_id, touched.videos, since=min(touched.view_days))
            pending.mark(
                site_id,
                touched.zone,
                time.time(),
                hours=touched.hours,
                open_days=touched.open_days,
                closed_days=touched.closed_days,
                view_days=touched.view_days,
            )
            if touched.session_days:
                pending.note_sessions(min(touched.session_days))
            if touched.watched:
                pending.mark_sessions(site_id, touched.zone)
        if lane.shard:
            progress = {
                "pk": "progress",
                "sk": lane.shard,
                "events": outcome.progress.events,
                "batches": outcome.progress.batches,
                "busy_seconds": f"{outcome.progress.busy_seconds:.3f}",
                "last_arrival": int(lane.last_arrival),
                "at": int(time.time()),
            }
            dynamo.put_item(settings().text("STATUS_TABLE"), progress)


def _measure(outcome: Outcome, events: Sequence[StampedEvent], letters: Sequence[_Letter]) -> None:
    """Measure what a batch brought, and how long the first of its events had to wait since it was received."""
    if outcome.stored:
        telemetry.measure(Metric.EVENTS_STORED, outcome.stored)
    if outcome.started:
        telemetry.measure(Metric.PLAYBACKS_STARTED, outcome.started)
    if events:
        delay = time.time_ns() // 1000 - min(event.received for event in events)
        telemetry.measure(Metric.STORING_DELAY, max(0, delay) / MICROSECONDS, "Seconds")
    if letters:
        telemetry.measure(Metric.EVENTS_REFUSED, len(letters))
        refused = [
            (letter.reason, letter.site, letter.receipt and tuple(to_builtins(letter.receipt))) for letter in letters
        ]
        # Receipts tell which events: an event's own id may name a person.
        telemetry.logger().warning("events refused", extra={"events": refused[:_MOST_LOGGED], "total": len(refused)})


def _say_stuck(lane: Lane) -> None:
    """Let the lag of /metrics grow from the oldest record on that cannot be stored yet; storing it takes the mark away."""
    key = {"pk": "progress", "sk": lane.shard}
    values = {":since": int(lane.first_arrival)}
    # Where DynamoDB is away too nobody can read the mark, and the batch waits on all the same.
    with suppress(StoreAwayError):
        dynamo.update_item(settings().text("STATUS_TABLE"), key, "SET pending_since = :since", values=values)


def _usable(connection: Connection) -> bool:
    return not connection.closed and not connection.broken


def _refused(record: StreamRecord, sent: StampedEvent, event: StampedEvent, reason: Reason) -> _Letter:
    """Return a refused event as a letter: as it was sent, but for what has been erased of it."""
    if event != sent:
        record = record._replace(data=encode(event))
    return _Letter(record, reason, event.site, event.id, event.received, event.receipt)


def _letter(record: StreamRecord, found: Unstorable) -> _Letter:
    return _Letter(record, found.reason, found.site, found.event_id, found.received, found.receipt)


def _dead_letter(letter: _Letter) -> DeadLetter:
    record = letter.record
    return DeadLetter(
        site=letter.site or UNKNOWN_SITE,
        reason=letter.reason,
        stage=Stage.WAREHOUSE,
        body=record.data,
        received_at=letter.received or round(record.arrived_at * MICROSECONDS),
        event_id=letter.event_id,
        shard=record.shard,
        sequence=record.sequence,
        receipt=letter.receipt,
    )
