"""Sending: batches, retries, refusals, order. The service is a function behind httpx's MockTransport."""

import gzip
import json
from dataclasses import dataclass
from threading import Lock

import httpx
import pytest
from streamgauge_cli.errors import AnswerError, CommandError
from streamgauge_cli.sending import BATCH_PATH, Answer, Sender, batches, read_answer, retry_after, to_json


@dataclass
class Item:
    body: bytes


def item(number, filling=""):
    return Item(to_json({"event_type": "page_view", "event_id": f"e{number:05d}", "url": "/" + filling}))


def accepted(events):
    return {
        "accepted": len(events),
        "duplicates": 0,
        "rejected": [],
        "results": [{"index": i, "event_id": e["event_id"], "status": "accepted"} for i, e in enumerate(events)],
    }


class Service:
    """Answers what `plan` says in turn (a status, a response or an exception), then takes everything."""

    def __init__(self, *plan):
        self.plan = list(plan)
        self.taken = []
        self.requests = []
        self._lock = Lock()

    def __call__(self, request):
        with self._lock:
            self.requests.append(request)
            planned = self.plan.pop(0) if self.plan else None
            if isinstance(planned, Exception):
                raise planned
            if isinstance(planned, int):
                return httpx.Response(planned, json={"title": "T", "detail": "Something is away."})
            if planned is not None:
                return planned
            events = json.loads(gzip.decompress(request.content))["events"]
            self.taken += events
            return httpx.Response(202, json=accepted(events))


def sender(service, **options):
    client = httpx.Client(base_url="http://service.test", transport=httpx.MockTransport(service))
    return Sender(client, **options)


def no_pause(_):
    return None


def test_batches_keep_both_limits_and_the_order():
    made = list(batches([item(n) for n in range(1201)]))
    assert [len(batch) for batch in made] == [500, 500, 201]
    assert [i.body for batch in made for i in batch] == [item(n).body for n in range(1201)]
    big = list(batches([item(n, "x" * 30_000) for n in range(100)]))
    assert all(sum(len(i.body) + 1 for i in batch) <= 999_000 for batch in big)
    assert sum(len(batch) for batch in big) == 100
    assert list(batches([])) == []


def test_one_post_is_gzip_json_for_the_batch_path():
    service = Service()
    answer = sender(service).post([item(1), item(2)])
    request = service.requests[0]
    assert (request.method, request.url.path) == ("POST", BATCH_PATH)
    assert request.headers["content-encoding"] == "gzip"
    assert [event["event_id"] for event in service.taken] == ["e00001", "e00002"]
    assert answer == Answer(accepted=2)


def test_passing_trouble_is_tried_again_with_growing_pauses():
    pauses, told = [], []
    service = Service(503, 500, httpx.ConnectError("refused"), 429)
    answer = sender(service, pause=pauses.append, on_retry=told.append).post([item(1)])
    assert answer.accepted == 1
    assert len(service.requests) == 5
    assert len(pauses) == len(told) == 4
    assert 0.25 <= pauses[0] <= 0.5 <= pauses[1] <= 1.0 <= pauses[2] <= 2.0 <= pauses[3] <= 4.0
    assert "cannot reach" in told[2]


def test_retry_after_is_honoured():
    pauses = []
    service = Service(
        httpx.Response(429, headers={"retry-after": "17"}), httpx.Response(503, headers={"retry-after": "0"})
    )
    sender(service, pause=pauses.append).post([item(1)])
    assert pauses[0] == 17
    assert pauses[1] < 2


def test_retry_after_as_a_date():
    assert retry_after("Wed, 21 Oct 2015 07:28:10 GMT", now=1445412480.0) == 10
    assert retry_after("Wed, 21 Oct 2015 07:28:10 GMT", now=1545412480.0) == 0
    assert retry_after("soon") is None
    assert retry_after(None) is None


def test_trouble_that_lasts_ends_the_sending():
    clock = [0.0]

    def pause(seconds):
        clock[0] += seconds

    service = Service(*[503] * 1000)
    with pytest.raises(CommandError, match=r"Something is away.*Given up after"):
        sender(service, pause=pause, now=lambda: clock[0], patience=60).post([item(1)])
    assert 30 < clock[0] <= 60


@pytest.mark.parametrize(("status", "advice"), [(401, "check --key"), (403, "scope and site"), (404, "Something")])
def test_refused_requests_are_final(status, advice):
    service = Service(status)
    with pytest.raises(AnswerError, match=advice):
        sender(service, pause=no_pause).post([item(1)])
    assert len(service.requests) == 1


def test_too_large_requests_are_halved_and_keep_their_indices():
    rejected = {"accepted": 1, "duplicates": 0, "rejected": [], "results": [
        {"index": 0, "event_id": "e00002", "status": "accepted"},
        {"index": 1, "event_id": "e00003", "status": "rejected", "code": "too_late", "detail": "Too old."},
    ]}  # fmt: skip
    first = httpx.Response(202, json={"accepted": 2, "duplicates": 0, "results": []})
    service = Service(413, first, httpx.Response(207, json=rejected))
    answer = sender(service).post([item(n) for n in range(4)])
    assert (answer.accepted, answer.refused[0].index, answer.refused[0].code) == (3, 3, "too_late")


def test_partial_refusals():
    said = {
        "accepted": 1,
        "duplicates": 1,
        "rejected": [],
        "results": [
            {"index": 0, "event_id": "a", "status": "accepted"},
            {"index": 1, "event_id": "a", "status": "duplicate"},
            {"index": 2, "event_id": "b", "status": "rejected", "code": "invalid", "detail": "No url."},
        ],
    }
    answer = read_answer(httpx.Response(207, json=said))
    assert (answer.accepted, answer.duplicates) == (1, 1)
    assert [(r.index, r.event_id, r.code, r.detail) for r in answer.refused] == [(2, "b", "invalid", "No url.")]


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}", b'{"accepted": 1, "results": [3]}'])
def test_another_server_is_told_from_streamgauge(body):
    with pytest.raises(CommandError, match="is the address right"):
        read_answer(httpx.Response(200, content=body))


def test_answers_come_in_the_order_of_the_batches():
    service = Service()
    seen = []
    made = batches([item(n) for n in range(5000)])
    sender(service, in_flight=4).send_all(made, lambda batch, answer: seen.append((batch[0].body, answer.accepted)))
    assert [first for first, _ in seen] == [item(n).body for n in range(0, 5000, 500)]
    assert len({event["event_id"] for event in service.taken}) == 5000


def test_requests_under_way_are_bounded():
    open_now, most, lock = [0], [0], Lock()

    def service(request):
        with lock:
            open_now[0] += 1
            most[0] = max(most[0], open_now[0])
        events = json.loads(gzip.decompress(request.content))["events"]
        with lock:
            open_now[0] -= 1
        return httpx.Response(202, json=accepted(events))

    handed = [0]

    def made():
        for number, batch in enumerate(batches([item(n) for n in range(20_000)])):
            assert number - handed[0] <= 3
            yield batch

    def on_answer(batch, answer):
        handed[0] += 1

    sender(service, in_flight=3).send_all(made(), on_answer)
    assert most[0] <= 3
    assert handed[0] == 40


def test_an_error_hands_over_what_was_answered_before_it():
    service = Service(None, None, 403)
    seen = []
    with pytest.raises(AnswerError):
        sender(service, in_flight=1).send_all(
            batches([item(n) for n in range(2500)]), lambda _, answer: seen.append(answer.accepted)
        )
    assert seen == [500, 500]


def test_an_interrupt_hands_over_what_is_under_way():
    service = Service()
    seen = []

    def made():
        yield [item(1)]
        yield [item(2)]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sender(service, in_flight=8).send_all(made(), lambda _, answer: seen.append(answer.accepted))
    assert seen == [1, 1]


def test_an_interrupt_ends_pauses():
    service = Service(*[503] * 100)

    def made():
        yield [item(1)]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sender(service).send_all(made(), lambda *_: None)
    assert len(service.requests) < 5
