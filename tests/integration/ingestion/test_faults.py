"""Faults of the stream while requests come in: nothing is lost, and what stands twice is one and the same."""

import json
import random
import sys
from collections import defaultdict
from typing import Any

import msgspec
import pytest
from streamgauge.store import wire
from streamgauge.store.keepalive import Reply

from functions.api import ingest
from functions.schedules import spill_take_up
from tests.support.aws import Aws
from tests.support.requests import request

REFUSED = {"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "Rate exceeded"}


class Stream:
    """PutRecords that refuses a share of entries, or loses a share of its answers."""

    def __init__(self, chance: random.Random) -> None:
        self._exchange = wire.exchange
        self._chance = chance
        self.refuses = 0.0
        self.loses = 0.0

    def exchange(self, service: str, *rest: Any) -> Reply:
        if service != "kinesis":
            return self._exchange(service, *rest)
        *before, body = rest
        sent = msgspec.json.decode(body)
        taken = [self._chance.random() >= self.refuses for _ in sent["Records"]]
        some = [record for record, kept in zip(sent["Records"], taken, strict=True) if kept]
        answers = iter(())
        if some:
            reply = self._exchange(service, *before, msgspec.json.encode({**sent, "Records": some}))
            answers = iter(msgspec.json.decode(reply.body)["Records"])
        if self._chance.random() < self.loses:
            raise wire.TransportError("the answer was lost")
        found = [next(answers) if kept else REFUSED for kept in taken]
        return Reply(200, msgspec.json.encode({"FailedRecordCount": taken.count(False), "Records": found}))


@pytest.mark.parametrize("seed", [random.SystemRandom().randrange(10**6), 1, 2])
def test_no_fault_of_the_stream_loses_an_event(aws: Aws, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    sys.stdout.write(f"seed {seed}\n")
    chance = random.Random(seed)
    stream = Stream(chance)
    monkeypatch.setattr(wire, "exchange", stream.exchange)
    monkeypatch.setattr(wire, "pause", lambda _attempt: None)
    promised: set[str] = set()
    for number in range(60):
        stream.refuses = (0.3, 1.0, 0.0)[number // 20]
        stream.loses = 0.3 if number >= 40 else 0.0
        events = [{"event_type": "x", "event_id": f"{number}-{n}"} for n in range(chance.randrange(1, 30))]
        sent = request("POST", "/api/events", body=events, headers={"authorization": "Bearer s"})
        answer = ingest.handler(sent, None)
        assert answer["statusCode"] == 202
        assert json.loads(answer["body"])["accepted"] == len(events)
        promised |= {str(event["event_id"]) for event in events}
    while aws.objects("spill/"):
        spill_take_up.run()
    copies = defaultdict(set)
    for data in aws.on_stream():
        copies[json.loads(data)["id"]].add(data)
    assert set(copies) == promised
    assert all(len(found) == 1 for found in copies.values()), "with the same receipt, so that it counts once"
