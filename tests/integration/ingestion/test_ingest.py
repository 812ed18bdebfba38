"""Ingest over real requests: registry, salts, stream, dead letters, spill, and both ways back."""

import base64
import json
import time
from pathlib import Path
from typing import Any

import pytest
from streamgauge.access.registry import KeyRecord, key_hash, project_key
from streamgauge.events.models import Receipt, StampedEvent, decode, encode
from streamgauge.events.reasons import Reason, Stage
from streamgauge.ingestion import catalogue
from streamgauge.settings import settings
from streamgauge.store import archive, dead_letters, dynamo, wire
from streamgauge.store.dead_letters import DeadLetter
from streamgauge.store.keepalive import Reply

from functions.api import dead_letters as api
from functions.api import ingest
from functions.schedules import failure_replay, spill_take_up
from tests.support.aws import BUCKET, Aws
from tests.support.requests import key, request

VIEW = {"event_type": "page_view", "url": "https://example.org/a", "anonymous_id": "ann"}
ADMIN = key("*", "admin")
SAMPLES = Path(__file__).parents[3] / "events" / "http" / "dead_letters"


def send(body: object, raw_key: str = "w", path: str = "/api/events", **more: Any) -> dict[str, Any]:
    sent = request("POST", path, body=body, headers={"authorization": f"Bearer {raw_key}", "user-agent": "Mozilla/5.0"})
    return ingest.handler({**sent, **more}, None)


def view(video: str, raw_key: str = "all", site: str = "shop") -> dict[str, Any]:
    sent = {"pathParameters": {"videoId": video}, "queryStringParameters": {"website_id": site}}
    return send(None, raw_key, f"/api/analytics/view/{video}", **sent)


def on_stream(aws: Aws) -> list[StampedEvent]:
    return sorted((decode(data) for data in aws.on_stream()), key=lambda event: event.id)


def listed(query: str = "", caller: dict[str, str] = ADMIN) -> dict[str, Any]:
    answer = api.handler(request("GET", "/api/v1/dead-letters", query=query, caller=caller), None)
    assert answer["statusCode"] == 200, answer
    return json.loads(answer["body"])


def replayed(order: object, caller: dict[str, str] = ADMIN) -> dict[str, Any]:
    answer = api.handler(request("POST", "/api/v1/dead-letters/replay", body=order, caller=caller), None)
    assert answer["statusCode"] == 200, answer
    return json.loads(answer["body"])


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return a dict from service to what it does: an answer, or an exception."""
    exchange, faults = wire.exchange, {}

    def faulty(service: str, *rest: Any) -> Reply:
        fault = faults.get(service)
        if isinstance(fault, Exception):
            raise fault
        return fault or exchange(service, *rest)

    monkeypatch.setattr(wire, "exchange", faulty)
    monkeypatch.setattr(wire, "pause", lambda _attempt: None)
    return faults


def test_events_reach_the_stream(aws: Aws) -> None:
    answer = send([{**VIEW, "event_id": f"e{n}"} for n in range(3)])
    assert answer["statusCode"] == 202, answer
    events = on_stream(aws)
    assert [event.id for event in events] == ["e0", "e1", "e2"]
    assert len({event.hash for event in events}) == 1
    salts = dynamo.query("registry", "pk = :p", values={":p": "salt#blog"}).items
    assert len(salts) == 2, "today's and yesterday's"


def test_a_key_is_found_in_the_registry(aws: Aws) -> None:
    project_key(key_hash("r"), KeyRecord("key_r", "blog", "read"))
    assert send(VIEW, "nobody")["statusCode"] == 401
    assert send(VIEW, "r")["statusCode"] == 403


def test_a_strict_catalogue(aws: Aws) -> None:
    dynamo.put_item("registry", {"pk": "catalog#shop", "sk": "known"})
    assert view("known")["statusCode"] == 202
    assert view("other")["statusCode"] == 404
    dynamo.put_item("registry", {"pk": "catalog#shop", "sk": "other"})
    (letter,) = listed()["results"]
    assert letter["reason"] == "unknown_video"
    catalogue.forget()
    for _ in range(2):
        assert replayed({"ids": [letter["id"]]})["accepted"] == 1
    events = [event for event in on_stream(aws) if event.video and event.video.video_id == "other"]
    assert len({event.id for event in events}) == 1, "deterministic, however often"
    assert len({(event.receipt.writer, event.receipt.n) for event in events}) == 1
    assert len(events) == 2
    assert events[0].kind == "view"


def test_refused_events_are_listed_with_their_bytes(aws: Aws) -> None:
    raw = '{"event_type": "page_view",  "url":"/x", "user_id": 5, "event_id": "bad"}'
    assert send(f'[{raw}, {json.dumps(VIEW)}, {{"event_type": "x", "a": NaN}}]')["statusCode"] == 207
    assert send("nonsense")["statusCode"] == 400
    found = listed()
    assert found["total"] == 3
    assert {(one["reason"], one["body"], one.get("event_id")) for one in found["results"]} == {
        ("invalid", raw, "bad"),
        ("unreadable", '{"event_type": "x", "a": NaN}', None),
        ("unreadable", "nonsense", None),
    }
    assert {one["stage"] for one in found["results"]} == {"ingest"}
    assert listed("reason=invalid")["total"] == 1
    assert listed("reason=invalid&website_id=blog", key("blog", "admin"))["total"] == 1
    assert listed("", key("shop", "admin"))["total"] == 0
    pages, cursor = [], ""
    while cursor is not None:
        page = listed(f"limit=1&cursor={cursor}" if cursor else "limit=1")
        pages += [one["id"] for one in page["results"]]
        cursor = page.get("next_cursor")
    assert sorted(pages) == sorted(one["id"] for one in found["results"])


@pytest.mark.parametrize(
    ("caller", "query", "status"),
    [
        (None, "", 401),
        (key("blog", "read"), "", 403),
        (key("blog", "write"), "", 403),
        (key("blog", "admin"), "website_id=shop", 403),
        (ADMIN, "reason=nonsense", 422),
        (ADMIN, "limit=0", 422),
        (ADMIN, "limit=1001", 422),
        (ADMIN, "cursor=nonsense", 422),
    ],
)
def test_who_may_list_and_how(aws: Aws, caller: dict[str, str] | None, query: str, status: int) -> None:
    answer = api.handler(request("GET", "/api/v1/dead-letters", query=query, caller=caller), None)
    assert answer["statusCode"] == status


@pytest.mark.parametrize(
    "order", [{}, {"ids": ["a"], "reason": "invalid"}, {"reason": "nonsense"}, {"ids": "a"}, {"ids": ["a"] * 501}, []]
)
def test_orders_that_make_no_sense(aws: Aws, order: object) -> None:
    answer = api.handler(request("POST", "/api/v1/dead-letters/replay", body=order, caller=ADMIN), None)
    assert answer["statusCode"] == 422


def test_unknown_letters_are_not_found(aws: Aws) -> None:
    assert replayed({"ids": ["x", "1-a", "1780000000000000-abc"]})["not_found"] == 3


def test_what_is_wrong_for_good_stays(aws: Aws) -> None:
    send({**VIEW, "timestamp": "2020-01-01T00:00:00Z"})
    send("nonsense")
    send({**VIEW, "user_id": 5})
    for reason, number in (("too_late", 1), ("unreadable", 1), ("invalid", 1)):
        assert replayed({"reason": reason})["refused"] == number
    assert listed()["total"] == 3
    assert on_stream(aws) == []


def test_a_replay_knows_the_visitor_as_he_was(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANALYTICS_CATALOG_STRICT", "true")
    settings.cache_clear()
    viewer = {"pathParameters": {"videoId": "v"}}
    refused = send({"session_id": "s"}, "w", "/api/analytics/view/v", **viewer)
    assert refused["statusCode"] == 404
    monkeypatch.setenv("ANALYTICS_CATALOG_STRICT", "false")
    settings.cache_clear()
    before = time.time_ns() // 1000
    assert send({"session_id": "s"}, "w", "/api/analytics/view/v", **viewer)["statusCode"] == 202
    (direct,) = on_stream(aws)
    dynamo.batch_write("registry", deletes=[{"pk": "salt#blog", "sk": direct_day} for direct_day in _salt_days()])
    assert replayed({"reason": "unknown_video"})["accepted"] == 1
    again = next(event for event in on_stream(aws) if event.id.startswith("dl-"))
    assert (again.hash, again.address_hash, again.session_id) == (direct.hash, direct.address_hash, "s")
    assert again.received < before, "as of its first receipt"
    assert again.time == again.received
    assert listed()["total"] == 0


def _salt_days() -> list[str]:
    return [item["sk"] for item in dynamo.query("registry", "pk = :p", values={":p": "salt#blog"}).items]


def test_letters_of_the_consumer_go_as_they_stood(aws: Aws) -> None:
    now = time.time_ns() // 1000
    event = StampedEvent(
        site="blog", zone="UTC", id="e", kind="custom", name="x", time=now, received=now, receipt=Receipt(7, 0, 3)
    )
    old = now - 31 * 86_400 * 1_000_000
    dead_letters.record(
        [
            DeadLetter("blog", Reason.POISON, Stage.WAREHOUSE, encode(event), now, "e", "shard-1", "1", event.receipt),
            DeadLetter("blog", Reason.POISON, Stage.WAREHOUSE, b"\xff", now, None, "shard-1", "2"),
            DeadLetter("blog", Reason.POISON, Stage.WAREHOUSE, encode(event), old, "old", "shard-1", "3"),
        ]
    )
    assert replayed({"reason": "poison"}) == {
        "accepted": 1,
        "refused": 1,
        "expired": 1,
        "not_found": 0,
        "next_cursor": None,
    }
    assert on_stream(aws) == [event]


def test_a_replay_without_a_stream_leaves_letters_open(aws: Aws, broken: dict[str, Any]) -> None:
    now = time.time_ns() // 1000
    event = StampedEvent(
        site="blog", zone="UTC", id="e", kind="custom", time=now, received=now, receipt=Receipt(7, 0, 3)
    )
    dead_letters.record([DeadLetter("blog", Reason.POISON, Stage.WAREHOUSE, encode(event), now)])
    broken["kinesis"] = Reply(503, b"")
    order = request("POST", "/api/v1/dead-letters/replay", body={"reason": "poison"}, caller=ADMIN)
    assert api.handler(order, None)["statusCode"] == 503
    assert listed()["total"] == 1


def test_an_unreadable_body_that_can_be_read_now(aws: Aws) -> None:
    """As after a mended parser: its good events go on, the others get letters of their own."""
    send("[1,")
    (letter,) = dead_letters.find(["blog"], limit=1, now=0)[0]
    body = json.dumps([VIEW, {"event_type": 5}, VIEW]).encode()
    archive.put(BUCKET, letter.object, body)
    item = dynamo.get_item("dead-letters", {"pk": "site#blog", "sk": _sort_key(letter.id)})
    assert item is not None
    dynamo.put_item("dead-letters", {**item, "length": len(body)})
    assert replayed({"ids": [letter.id]})["accepted"] == 1
    assert [event.id for event in on_stream(aws)] == [f"dl-{letter.id}-0", f"dl-{letter.id}-2"]
    assert [one["reason"] for one in listed()["results"]] == ["invalid"]


def _sort_key(identity: str) -> str:
    from streamgauge.store.dead_letter_items import sort_key

    return sort_key(identity)


@pytest.mark.parametrize("fault", [Reply(500, b""), Reply(400, b"{}"), wire.TransportError("gone")])
def test_the_spill_takes_over_and_is_taken_up(aws: Aws, broken: dict[str, Any], fault: object) -> None:
    broken["kinesis"] = fault
    for number in range(40):
        assert send({**VIEW, "event_id": f"e{number:02}"}, "s")["statusCode"] == 202
    assert len(aws.objects("spill/")) == 40
    assert spill_take_up.run() == {"objects": 0, "records": 0, "unreadable": 0}
    del broken["kinesis"]
    archive.put(BUCKET, "spill/0000/broken.json", b"not ours")
    assert spill_take_up.handler({}, None) == {"objects": 40, "records": 40, "unreadable": 1}
    assert aws.objects("spill/") == ["spill/0000/broken.json"]
    assert [event.id for event in on_stream(aws)] == [f"e{number:02}" for number in range(40)]


def test_a_run_has_its_time(aws: Aws, broken: dict[str, Any]) -> None:
    broken["kinesis"] = Reply(500, b"")
    send(VIEW)
    assert spill_take_up.run(seconds=0)["objects"] == 0


def test_nothing_durable_is_503(aws: Aws, broken: dict[str, Any]) -> None:
    broken["kinesis"] = broken["s3"] = Reply(503, b"")
    answer = send(VIEW)
    assert answer["statusCode"] == 503
    assert "retry-after" in answer["headers"]


def test_a_registry_that_is_away_is_503(aws: Aws, broken: dict[str, Any]) -> None:
    broken["dynamodb"] = wire.TransportError("gone")
    assert send(VIEW)["statusCode"] == 503


def given_up(number: int, *, as_text: bool) -> bytes:
    records = [
        {"kinesis": {"partitionKey": f"k{n}", "data": base64.b64encode(b"%d-%d" % (number, n)).decode()}}
        for n in range(3)
    ]
    payload: object = {"Records": records}
    if as_text:
        payload = json.dumps(payload)
    return json.dumps({"version": "1.0", "KinesisBatchInfo": {}, "payload": payload}).encode()


def test_given_up_batches_go_back_once_the_warehouse_stores_again(aws: Aws) -> None:
    for number in range(3):
        archive.put(BUCKET, f"aws/lambda/mapping/shard/2026/{number}", given_up(number, as_text=number != 1))
    archive.put(BUCKET, "aws/lambda/mapping/shard/2026/9", b"{}")
    now = time.time()
    dynamo.put_item("status", {"pk": "progress", "sk": "shard-1", "at": int(now) - 3600})
    assert failure_replay.run(now)["objects"] == 1, "one may try"
    assert len(aws.on_stream()) == 3
    dynamo.put_item("status", {"pk": "progress", "sk": "shard-2", "at": int(now) + 60})
    assert failure_replay.run(now + 120) == {"objects": 2, "records": 6, "unreadable": 1}
    assert sorted(aws.on_stream()) == [b"%d-%d" % (number, n) for number in range(3) for n in range(3)]
    assert len(aws.objects("aws/lambda/")) == 1, "what cannot be read stays"


def test_without_batches_nothing_is_asked(aws: Aws, broken: dict[str, Any]) -> None:
    broken["dynamodb"] = wire.TransportError("nobody asks")
    assert failure_replay.handler({}, None) == {}


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.json")), ids=lambda path: path.stem)
def test_samples_of_dead_letters(aws: Aws, path: Path) -> None:
    answer = api.handler(json.loads(path.read_text("utf-8")), None)
    assert answer["statusCode"] == 200, answer
