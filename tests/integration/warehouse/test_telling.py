"""What the warehouse tells of a batch: metrics in CloudWatch's embedded format, and lines that lead from a letter to its batch."""

from __future__ import annotations

import json
import time
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest
from streamgauge.errors import UnavailableError
from streamgauge.events.models import Receipt, encode
from streamgauge.operations.progress import lag_seconds, progress_items
from streamgauge.store import dead_letters
from streamgauge.warehouse.consumer import Consumer
from streamgauge.warehouse.directory import Directory

from functions.consumers import warehouse
from tests.support.container import forget
from tests.support.stamped import session_call, stamped
from tests.support.warehouse import add_site, invoke

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from tests.support.aws import Aws

Told = tuple[dict[str, Any], list[dict[str, Any]]]


@pytest.fixture(autouse=True)
def container(empty_aws: Aws, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A container that begins anew."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    consumer = Consumer(Directory())
    monkeypatch.setattr(warehouse, "_consumer", lambda: consumer)
    forget()
    yield
    forget()


def store(records: list[bytes], capsys: pytest.CaptureFixture[str]) -> Told:
    """Return the metrics and the lines of one invocation."""
    event = {
        "Records": [
            {
                "eventID": f"shardId-000000000000:{n:056d}",
                "kinesis": {
                    "sequenceNumber": f"{n:056d}",
                    "approximateArrivalTimestamp": time.time(),
                    "data": b64encode(data).decode(),
                },
            }
            for n, data in enumerate(records)
        ]
    }
    invoke(event)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    measured = [line for line in lines if "_aws" in line]
    assert len(measured) <= 1, "a batch is one line of metrics"
    return measured[0] if measured else {}, [line for line in lines if "_aws" not in line]


def test_what_was_stored_and_how_long_it_waited(
    connection: psycopg.Connection[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    add_site(connection, "told")
    now = time.time_ns() // 1000
    events = [
        stamped("page_view", now - 8_000_000, site="told"),
        stamped("video_start", now - 2_000_000, site="told", session_id="s"),
        session_call("start", now - 1_000_000, site="told"),
    ]
    told, lines = store([encode(event) for event in events], capsys)
    assert told["EventsStored"] == [3.0]
    assert told["PlaybacksStarted"] == [2.0]
    assert 8 <= told["StoringDelay"][0] < 60
    assert lines == []
    again, _ = store([encode(event) for event in events], capsys)
    assert "EventsStored" not in again, "a repetition stores nothing"
    assert "PlaybacksStarted" not in again


def test_a_database_that_is_away_lets_the_lag_grow_until_it_is_back(
    connection: psycopg.Connection[Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    add_site(connection, "stuck")
    events = [encode(stamped("page_view", time.time_ns() // 1000, site="stuck"))]
    with monkeypatch.context() as away:
        away.setattr(warehouse, "_LOCAL_WAIT_SECONDS", 0.0)
        away.setenv("DATABASE_URL", "postgresql://127.0.0.1:1/nowhere")
        forget()
        with pytest.raises(UnavailableError):
            store(events, capsys)
    forget()
    assert lag_seconds(progress_items(), time.time() + 600) >= 599
    store(events, capsys)
    assert lag_seconds(progress_items(), time.time() + 600) < 60


def test_a_letter_is_measured_and_its_line_leads_to_batch_and_receipt(
    connection: psycopg.Connection[Any], capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    add_site(connection, "letters")
    now = time.time_ns() // 1000
    late = stamped("page_view", now - 60 * 86_400_000_000, site="letters", received=now, receipt=Receipt(7, 900, 3))
    told, _ = store([encode(late), b"no event"], capsys)
    assert told["EventsRefused"] == [2.0]
    (line,) = [vars(record) for record in caplog.records]
    assert line["total"] == 2
    assert ("too_late", "letters", (7, 900, 3, 0)) in line["events"]
    letter = next(letter for letter in dead_letters.of_site("letters"))
    assert letter.receipt == Receipt(7, 900, 3)
    assert letter.sequence == f"{0:056d}"
