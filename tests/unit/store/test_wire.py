# ruff: noqa: ARG002 - the fake takes what the real one takes
"""The stores above a transport that answers what a test says."""

from collections.abc import Callable, Iterator

import msgspec
import pytest
from streamgauge.store import archive, dynamo, kinesis, wire
from streamgauge.store.errors import StoreAwayError, StoreRefusedError
from streamgauge.store.keepalive import Endpoint, Reply
from streamgauge.store.signature import Credentials, sign
from streamgauge.store.wire import TransportError

Answers = Callable[[bytes], Reply]


class Transport:
    """Answers each request by the next of `answers` (the last one stays); an exception is raised."""

    def __init__(self) -> None:
        self.answers: list[object] = []
        self.requests: list[tuple[str, str, str, str, bytes]] = []
        self.together: list[Reply | None] = []
        self.pauses = 0

    def exchange_each(self, service: str, headers: dict[str, str], bodies: list[bytes]) -> list[Reply | None]:
        return self.together

    def exchange(self, service: str, method: str, path: str, query: str, headers: dict[str, str], body: bytes) -> Reply:
        self.requests.append((service, method, path, query, body))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer(body) if callable(answer) else answer

    def pause(self, _attempt: int) -> None:
        self.pauses += 1


@pytest.fixture
def transport(monkeypatch: pytest.MonkeyPatch) -> Iterator[Transport]:
    fake = Transport()
    monkeypatch.setattr(wire, "exchange", fake.exchange)
    monkeypatch.setattr(wire, "exchange_each", fake.exchange_each)
    monkeypatch.setattr(wire, "pause", fake.pause)
    return fake


def ok(content: object) -> Reply:
    return Reply(200, msgspec.json.encode(content))


def error(status: int, code: str) -> Reply:
    return Reply(status, msgspec.json.encode({"__type": f"com.amazonaws#{code}", "message": "no"}))


def kinesis_answer(refuse: Callable[[int], str | None]) -> Answers:
    def answer(body: bytes) -> Reply:
        records = msgspec.json.decode(body)["Records"]
        codes = [refuse(int(record["PartitionKey"])) for record in records]
        found = [{"ErrorCode": code, "ErrorMessage": "no"} if code else {"SequenceNumber": "1"} for code in codes]
        return ok({"FailedRecordCount": sum(code is not None for code in codes), "Records": found})

    return answer


def records(number: int) -> list[tuple[str, bytes]]:
    return [(str(n), b"x" * 10) for n in range(number)]


def test_records_are_put_in_chunks_and_order(transport: Transport) -> None:
    transport.answers = [kinesis_answer(lambda _n: None)]
    assert kinesis.put_records("events", records(1200)) == [None] * 1200
    sizes = [len(msgspec.json.decode(request[4])["Records"]) for request in transport.requests]
    assert sizes == [500, 500, 200]
    assert kinesis.put_records("events", []) == []


def test_large_records_are_put_apart(transport: Transport) -> None:
    transport.answers = [kinesis_answer(lambda _n: None)]
    assert kinesis.put_records("events", [("1", b"x" * 1_000_000)] * 9) == [None] * 9
    assert len(transport.requests) == 3


def test_only_what_was_refused_is_put_again(transport: Transport) -> None:
    transport.answers = [
        kinesis_answer(lambda n: "ProvisionedThroughputExceededException" if n % 3 == 0 else None),
        kinesis_answer(lambda n: "InternalFailure" if n == 3 else None),
        kinesis_answer(lambda _n: None),
    ]
    assert kinesis.put_records("events", records(10)) == [None] * 10
    keys = [[record["PartitionKey"] for record in msgspec.json.decode(r[4])["Records"]] for r in transport.requests]
    assert keys == [[str(n) for n in range(10)], ["0", "3", "6", "9"], ["3"]]
    assert transport.pauses == 2


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (TransportError("gone"), kinesis.AWAY),
        (Reply(200, b"<html>"), kinesis.AWAY),
        (ok({"FailedRecordCount": 1, "Records": []}), kinesis.AWAY),
        (error(400, "ResourceNotFoundException"), "ResourceNotFoundException"),
        (Reply(503, b""), "503"),
    ],
)
def test_records_that_stay_refused_say_why(transport: Transport, answer: object, code: str) -> None:
    transport.answers = [answer]
    assert kinesis.put_records("events", records(3), attempts=2) == [code] * 3
    assert len(transport.requests) == 2


def test_groups_are_whole_or_not(transport: Transport) -> None:
    transport.answers = [kinesis_answer(lambda n: "InternalFailure" if n == 4 else None)]
    found = records(6)
    assert kinesis.put_groups("events", [found[:2], [], found[2:5], found[5:]]) == [True, True, False, True]


def test_values_go_to_dynamo_and_back(transport: Transport) -> None:
    item = {
        "s": "é",
        "n": -5,
        "b": b"\0\xff",
        "t": True,
        "z": None,
        "l": [1, "a", [False]],
        "m": {"x": {}},
        "ss": {"a", "b"},
    }
    transport.answers = [lambda body: ok({"Item": msgspec.json.decode(body)["Item"]}), ok({})]
    assert dynamo.put_item("t", item)
    sent = msgspec.json.decode(transport.requests[0][4])["Item"]
    transport.answers = [ok({"Item": sent})]
    assert dynamo.get_item("t", {"pk": "a"}) == item
    with pytest.raises(TypeError):
        dynamo.put_item("t", {"f": 1.5})


def test_a_condition_that_fails_is_no_error(transport: Transport) -> None:
    transport.answers = [error(400, "ConditionalCheckFailedException")]
    assert not dynamo.put_item("t", {"pk": "a"}, condition="attribute_not_exists(pk)")
    assert not dynamo.delete_item("t", {"pk": "a"}, condition="attribute_exists(pk)")
    assert dynamo.update_item("t", {"pk": "a"}, "SET n = :n", values={":n": 1}, condition="n < :n") is None


def test_throttling_is_tried_again_then_the_store_is_away(transport: Transport) -> None:
    transport.answers = [
        error(400, "ProvisionedThroughputExceededException"),
        Reply(500, b""),
        TransportError("x"),
        ok({}),
    ]
    assert dynamo.get_item("t", {"pk": "a"}) is None
    assert transport.pauses == 3
    transport.answers = [error(400, "ThrottlingException")]
    with pytest.raises(StoreAwayError):
        dynamo.get_item("t", {"pk": "a"})


def test_each_update_says_whether_it_was_made(transport: Transport) -> None:
    updates = [dynamo.Update({"pk": str(n)}, "SET n = :n", "n < :n", {":n": n}) for n in range(5)]
    # Of the third nothing is known, and the fourth is throttled: both are made again on their own.
    transport.together = [
        ok({}),
        error(400, "ConditionalCheckFailedException"),
        None,
        error(400, "ThrottlingException"),
        ok({}),
    ]
    transport.answers = [error(400, "ConditionalCheckFailedException"), Reply(503, b""), ok({})]
    assert dynamo.update_each("t", updates) == [True, False, False, True, True]
    again = [msgspec.json.decode(request[-1])["Key"]["pk"]["S"] for request in transport.requests]
    assert again == ["2", "3", "3"]
    transport.together = [error(400, "ValidationException")] * 5
    with pytest.raises(StoreRefusedError):
        dynamo.update_each("t", updates)


def test_a_wrong_request_is_ours_to_mend(transport: Transport) -> None:
    transport.answers = [error(400, "ValidationException")]
    with pytest.raises(StoreRefusedError):
        dynamo.get_item("t", {"pk": "a"})
    assert len(transport.requests) == 1


def test_what_a_batch_left_out_is_asked_again(transport: Transport) -> None:
    def half(body: bytes) -> Reply:
        sent = msgspec.json.decode(body)["RequestItems"]["t"]
        return ok({"UnprocessedItems": {"t": sent[len(sent) // 2 :]} if len(sent) > 1 else {}})

    transport.answers = [half]
    dynamo.batch_write("t", puts=[{"pk": str(n)} for n in range(60)])
    transport.answers = [lambda body: ok({"UnprocessedItems": {"t": msgspec.json.decode(body)["RequestItems"]["t"]}})]
    with pytest.raises(StoreAwayError):
        dynamo.batch_write("t", puts=[{"pk": "a"}])


def test_objects(transport: Transport) -> None:
    transport.answers = [Reply(404, b"<Code>NoSuchKey</Code>")]
    assert archive.get("b", "k") is None
    archive.delete("b", "k")
    transport.answers = [Reply(404, b"<Code>NoSuchBucket</Code>")]
    with pytest.raises(StoreRefusedError):
        archive.list_objects("b", "x/")
    with pytest.raises(StoreRefusedError):
        archive.put("b", "k", b"")
    transport.answers = [Reply(503, b"<Code>SlowDown</Code>"), Reply(200, b"")]
    archive.put("b", "a b/é+?.json", b"x")
    assert transport.requests[-1][2] == "/b/a%20b/%C3%A9%2B%3F.json"


def test_a_signature_of_the_documentation() -> None:
    """The example `get-vanilla-query-order-key-case` of AWS' signature test suite."""
    signed = sign(
        "service",
        "us-east-1",
        "GET",
        "/",
        "Param1=value1&Param2=value2",
        {"host": "example.amazonaws.com"},
        b"",
        keys=Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", ""),
        now=1440938160,
    )
    assert signed["x-amz-date"] == "20150830T123600Z"
    assert signed["authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, "
        "Signature=b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"
    )


def test_a_token_is_signed_too() -> None:
    keys = Credentials("a", "b", "token")
    signed = sign("s3", "eu-central-1", "PUT", "/b/k", "", {"host": "h"}, b"x", keys=keys)
    assert signed["x-amz-security-token"] == "token"
    assert "host;x-amz-content-sha256;x-amz-date;x-amz-security-token" in signed["authorization"]


def test_where_services_are(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_KINESIS", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    assert wire.endpoint("kinesis") == Endpoint(
        "kinesis.eu-central-1.amazonaws.com", None, secure=True, region="eu-central-1"
    )
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566/")
    assert wire.endpoint("kinesis") == Endpoint("127.0.0.1", 4566, secure=False, region="eu-central-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_KINESIS", "https://localhost:1")
    assert wire.endpoint("kinesis") == Endpoint("localhost", 1, secure=True, region="eu-central-1")
    assert wire.endpoint("s3").port == 4566
