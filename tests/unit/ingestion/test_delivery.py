import json

import pytest
from streamgauge.ingestion.delivery import ATTEMPTS, PATIENCE, read_spilled
from streamgauge.store import kinesis

from tests.support.ingest_door import NOW, Door

EVENTS = [{"event_type": "signup", "event_id": str(n)} for n in range(10)]


def test_what_the_stream_refuses_is_spilled_before_the_answer(door: Door) -> None:
    door.refuse = lambda record: (
        None if json.loads(record[1])["receipt"][2] % 2 else "ProvisionedThroughputExceededException"
    )
    answer = door.send(EVENTS)
    assert (answer.status, answer.json["accepted"]) == (202, 10)
    ((key, body),) = door.spilled.items()
    assert key.startswith("spill/2026/05/28/20/")
    spilled = read_spilled(body)
    assert [json.loads(data)["id"] for _, data in spilled] == ["0", "2", "4", "6", "8"]
    assert [event.id for event in door.events] == ["1", "3", "5", "7", "9"]
    assert b"203.0.113.7" not in body


def test_nothing_is_promised_when_no_store_takes_it(door: Door) -> None:
    door.refuse = lambda _record: "Away"
    door.spill_away = True
    door.send({"event_type": "a"})
    answer = door.send(EVENTS)
    assert answer.status == 503
    assert int(answer.headers["retry-after"]) > 0
    door.refuse = lambda _record: None
    door.send(EVENTS)
    assert [event.receipt.n for event in door.events] == list(range(10)), "a new writer: no hole that never fills"


def test_a_dead_letter_that_cannot_be_kept_stops_the_request(door: Door, environment: pytest.MonkeyPatch) -> None:
    from streamgauge.store import dead_letters
    from streamgauge.store.errors import StoreAwayError

    def away(_letters: object) -> None:
        raise StoreAwayError("A store is away at the moment; please try again.")

    environment.setattr(dead_letters, "record", away)
    assert door.send([{"event_type": "good"}, {"event_type": 5}]).status == 503
    assert not door.records, "else a retry would count the good one twice"
    assert door.send("nonsense").status == 503


def test_once_the_stream_failed_one_try_must_do(door: Door, environment: pytest.MonkeyPatch) -> None:
    tries: list[int] = []

    def put(_stream: str, records: list[object], *, attempts: int) -> list[str]:
        tries.append(attempts)
        return ["Away"] * len(records)

    environment.setattr(kinesis, "put_records", put)
    for now in (NOW, NOW + 1, NOW + 2 * PATIENCE):
        door.now = now
        assert door.send(EVENTS).status == 202
    assert tries == [ATTEMPTS, 1, ATTEMPTS]
