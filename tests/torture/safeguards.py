"""Each safeguard of counting taken away: something that the tests look at must then go wrong.

A safeguard is a sentence of SQL or a step of code. `removed` takes one away for a while; the scenarios provoke the very
thing that it guards against and return what went wrong (nothing, as long as the safeguard stands).
"""

from __future__ import annotations

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import psycopg
from msgspec.structs import replace
from streamgauge.events.facts import fact_of
from streamgauge.events.models import StampedEvent, decode, encode
from streamgauge.store import dead_letters, dynamo
from streamgauge.store.postgres import columns
from streamgauge.views import projection
from streamgauge.warehouse import batch, locks, receipts, rollups, visit_state
from streamgauge.warehouse.dictionaries import Dictionaries
from streamgauge.warehouse.directory import Directory
from streamgauge.warehouse.site_batch import SiteBatch
from streamgauge.web.contributing import contribute_events

from infra.local.event_source import Mapping
from tests.oracle.counting import count
from tests.oracle.stored import differences, stored
from tests.support.seeds import seeded
from tests.support.simulator import Faults, Simulator, stream
from tests.support.stamped import ZONE, instant, stamped
from tests.support.warehouse import Traffic, add_site, invoke, store_stamped, traffic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pytest

    from tests.support.faulty_aws import FaultyAws

Database = psycopg.Connection[Any]


# What is taken away


def no_conflict_clause(monkeypatch: pytest.MonkeyPatch) -> None:
    """`event_ids` takes every id for new."""
    monkeypatch.setattr(receipts, "_INSERT", "SELECT %(digest)s")


def no_sort(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rollup rows are written in whatever order they come."""
    monkeypatch.setattr(rollups, "_ADD", _unsorted(rollups._ADD))


def _unsorted(sql: str) -> str:
    return "\n".join(
        line for line in sql.split("\n") if not line.strip().startswith("ORDER BY ") or "DESC LIMIT" in line
    )


def no_anchors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody locks the entities of a batch."""
    monkeypatch.setattr(batch, "lock", lambda *_: None)


def no_later_statement(monkeypatch: pytest.MonkeyPatch) -> None:
    """State is read as of the moment before the wait for the anchors, as a statement that locks and reads at once sees it."""
    wanted = threading.local()
    read = visit_state._read_latest

    def note(*arguments: Any) -> None:
        wanted.arguments = arguments

    def read_then_lock(*arguments: Any) -> Any:
        found = read(*arguments)
        locks.lock(*wanted.arguments)
        return found

    monkeypatch.setattr(batch, "lock", note)
    monkeypatch.setattr(visit_state, "_read_latest", read_then_lock)


def no_version_condition(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last push wins, however old what it says."""
    update_each = dynamo.update_each

    def unconditional(table: str, updates: list[dynamo.Update]) -> Any:
        always = "attribute_exists(pk) OR attribute_not_exists(pk)"
        return update_each(table, [one._replace(condition=always) for one in updates])

    monkeypatch.setattr(projection.dynamo, "update_each", unconditional)


def no_awaited_dead_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dead letter that cannot be written is let go."""
    record = dead_letters.record

    def careless(letters: Any) -> None:
        with suppress(Exception):
            record(letters)

    monkeypatch.setattr(dead_letters, "record", careless)


# What is provoked: each returns what went wrong


def redelivery(connection: Database, url: str) -> list[str]:
    """A batch comes twice."""
    made = _made(connection, "redelivery", 301, 60)
    events = [decode(data) for _, data in made.payloads]
    for _ in range(2):
        store_stamped(connection, events)
    return differences(count(made.events), stored(connection, made.site_no))


def hot_rows(connection: Database, url: str) -> list[str]:
    """Lanes add to the same rollup rows at once, each naming them in an order of its own."""
    site = _name("hot rows")
    site_no = add_site(connection, site)
    deadlocks: list[str] = []

    def in_any_order(rows: list[tuple[Any, ...]], count: int) -> list[str]:
        return columns(random.sample(rows, len(rows)), count)

    def lane(_: int) -> None:
        added = SiteBatch(site_no, site, ZONE, view_window=0, dictionaries=Dictionaries(), locked=set())
        views = (stamped("page_view", "2024-11-20 12:00", path=f"/{n}") for n in range(300))
        contribute_events((fact_of(view, ZONE) for view in views), added.contributions)
        with psycopg.connect(url, autocommit=True) as own:
            own.execute("SET deadlock_timeout = '20ms'")
            for _turn in range(8):
                try:
                    with own.transaction():
                        rollups.add(own, [added], [])
                except psycopg.errors.DeadlockDetected as error:
                    deadlocks.append(str(error))

    with patch.object(rollups, "columns", in_any_order), ThreadPoolExecutor(4) as pool:
        list(pool.map(lane, range(4)))
    return deadlocks


def one_visitor_everywhere(connection: Database, url: str) -> list[str]:
    """Lanes store events of one visitor, one video and one viewer at once; a lane that fails tries again."""
    wrong: list[str] = []
    for round_ in range(6):
        site = _name("one visitor")
        site_no = add_site(connection, site)
        begin = instant("2024-11-20 12:00")
        kinds = ("page_view", "video_progress", "view")
        events = [
            stamped(kinds[n % 3], begin + n * 60_000_000, site=site, session_id="s" if n % 3 else None, position=None)
            if n % 3
            else stamped("page_view", begin + n * 60_000_000, site=site)
            for n in range(24)
        ]
        random.Random(round_).shuffle(events)
        store_stamped(
            connection, [replace(events[0], site=site, id=f"warm {round_}", kind="page_view", video=None, page=_page())]
        )
        together = threading.Barrier(4)

        def lane(number: int, events: list[StampedEvent] = events, together: threading.Barrier = together) -> None:
            directory = Directory()
            with psycopg.connect(url, autocommit=True) as own:
                together.wait()
                for event in events[number::4]:
                    for _ in range(50):
                        try:
                            store_stamped(own, [event], directory=directory)
                            break
                        except (psycopg.OperationalError, psycopg.IntegrityError, RuntimeError) as error:
                            last = error
                            time.sleep(0.002)
                    else:
                        raise last

        with ThreadPoolExecutor(4) as pool:
            for future in [pool.submit(lane, number) for number in range(4)]:
                try:
                    future.result()
                except (psycopg.Error, RuntimeError) as error:
                    wrong.append(f"{type(error).__name__}: {error}")
        warm = replace(events[0], id=f"warm {round_}", kind="page_view", video=None, page=_page())
        wrong += differences(count([*events, warm]), stored(connection, site_no))
        if wrong:
            break
    return wrong


def overtaken_push(connection: Database, url: str) -> list[str]:
    """A push reads, is held up, and arrives after a newer one."""
    made = _made(connection, "overtaken", 305, 60, kinds=("view",))
    half = len(made.payloads) // 2
    store_stamped(connection, [decode(data) for _, data in made.payloads[:half]])
    with psycopg.connect(url, autocommit=True) as own:
        held_up, overtaken = threading.Event(), threading.Event()
        late = _Late(own, held_up, overtaken)
        pusher = threading.Thread(target=projection.push, args=(late, made.site_no, made.site))
        pusher.start()
        held_up.wait(10)
        store_stamped(connection, [decode(data) for _, data in made.payloads[half:]])
        projection.push(connection, made.site_no, made.site)
        overtaken.set()
        pusher.join()
    query = "SELECT video_id, bucket, n FROM view_counters WHERE site_no = %s"
    return [
        f"{video} {bucket}: {n}"
        for video, bucket, n in connection.execute(query, [made.site_no]).fetchall()
        if (dynamo.get_item("counters", {"pk": f"{made.site}#view#{video}", "sk": bucket}) or {}).get("n") != n
    ]


class _Late:
    """A connection whose answer is held up."""

    def __init__(self, connection: Database, held_up: threading.Event, overtaken: threading.Event) -> None:
        self._connection, self._held_up, self._overtaken = connection, held_up, overtaken

    def execute(self, *arguments: Any) -> Any:
        found = self._connection.execute(*arguments)
        self._held_up.set()
        self._overtaken.wait(10)
        return found


def poison_while_s3_is_away(connection: Database, url: str, aws: FaultyAws) -> list[str]:
    """A record can neither be stored nor kept, at first."""
    made = _made(connection, "unkept", 306, 10)
    failures = 0

    def until_back(event: dict[str, Any]) -> Any:
        nonlocal failures
        try:
            return invoke(event)
        except Exception:
            failures += 1
            aws.heal()
            raise

    aws.away = {"s3"}
    records = [*made.payloads, ("key", b"poison")]
    chance = seeded(306)
    Simulator(stream(records, 1, chance), Mapping(batch_size=100), until_back, chance, Faults()).run()
    aws.heal()
    letters = list(dynamo.query_all("dead-letters", "pk = :pk", values={":pk": "site#-"}))
    return [] if len(letters) == 1 else [f"{len(letters)} dead letters"]


SAFEGUARDS: dict[str, tuple[Callable[[pytest.MonkeyPatch], None], Callable[..., list[str]]]] = {
    "ON CONFLICT of event_ids": (no_conflict_clause, redelivery),
    "the sort": (no_sort, hot_rows),
    "the anchors": (no_anchors, one_visitor_everywhere),
    "the later statement": (no_later_statement, one_visitor_everywhere),
    "the version condition": (no_version_condition, overtaken_push),
    "the awaited dead letter": (no_awaited_dead_letter, poison_while_s3_is_away),
}
"""Name: (what takes it away, what it guards against)."""

_names: Iterator[int] = iter(range(10**9))


@contextmanager
def removed(monkeypatch: pytest.MonkeyPatch, name: str) -> Iterator[None]:
    """Take a safeguard away for a while."""
    with monkeypatch.context() as own:
        SAFEGUARDS[name][0](own)
        yield


def _name(what: str) -> str:
    return f"{what} {next(_names)}"


def _page() -> Any:
    from streamgauge.events.models import Page

    return Page("https://x.test/", "/")


def _made(connection: Database, what: str, seed: int, size: int, kinds: tuple[str, ...] = ()) -> Traffic:
    print(f"seed {seed}")
    made = traffic(connection, _name(what), seed, size * (12 if kinds else 1))
    if kinds:
        made.events = [event for event in made.events if event.kind in kinds]
        wanted = {event.id for event in made.events}
        made.payloads = [payload for payload in made.payloads if decode(payload[1]).id in wanted]
    assert encode(made.events[0])
    return made
