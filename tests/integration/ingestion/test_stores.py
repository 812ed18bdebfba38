import time

import pytest
from streamgauge.errors import OutOfBoundsError
from streamgauge.events.models import Receipt
from streamgauge.events.reasons import Reason, Stage
from streamgauge.store import archive, dead_letters, dynamo, kinesis
from streamgauge.store.dead_letters import DeadLetter

from tests.support.aws import BUCKET, Aws

NOW = 1_780_000_000_000_000
SECOND = 1_000_000


def letter(number: int, site: str = "blog", **changes: object) -> DeadLetter:
    known = {"received_at": NOW + number * SECOND, "position": number, **changes}
    return DeadLetter(site, Reason.INVALID, Stage.INGEST, b"body %d" % number, **known)


def test_records_arrive(aws: Aws) -> None:
    sent = [(f"key {n}", b"\xff\0%d" % n) for n in range(700)]
    assert kinesis.put_records("events", sent) == [None] * 700
    assert sorted(aws.on_stream()) == sorted(data for _, data in sent)
    assert kinesis.put_records("no such stream", sent[:1], attempts=1) == ["ResourceNotFoundException"]


def test_items(aws: Aws) -> None:
    key = {"pk": "a", "sk": "b"}
    assert dynamo.put_item(
        "status", {**key, "n": 1, "raw": b"\0", "l": [None, True]}, condition="attribute_not_exists(pk)"
    )
    assert not dynamo.put_item("status", key, condition="attribute_not_exists(pk)")
    assert dynamo.get_item("status", key, consistent=True) == {**key, "n": 1, "raw": b"\0", "l": [None, True]}
    changed = dynamo.update_item(
        "status", key, "SET #n = #n + :one", values={":one": 2}, names={"#n": "n"}, returning="ALL_NEW"
    )
    assert changed is not None
    assert changed["n"] == 3
    stale = {"values": {":v": 9}, "names": {"#n": "n"}, "condition": "#n > :v"}
    assert dynamo.update_item("status", key, "SET #n = :v", **stale) is None
    assert dynamo.delete_item("status", key)
    assert dynamo.get_item("status", key) is None


def test_queries_and_batches(aws: Aws) -> None:
    items = [{"pk": "p", "sk": f"{n:03}", "n": n} for n in range(250)]
    dynamo.batch_write("status", puts=items)
    page = dynamo.query("status", "pk = :p", values={":p": "p"}, limit=100)
    assert page.items == items[:100]
    assert page.next_start == {"pk": "p", "sk": "099"}
    assert list(dynamo.query_all("status", "pk = :p", values={":p": "p"}, limit=100)) == items
    last = dynamo.query("status", "pk = :p AND sk < :s", values={":p": "p", ":s": "200"}, forward=False, limit=2)
    assert [item["n"] for item in last.items] == [199, 198]
    assert dynamo.query("status", "pk = :p", values={":p": "p"}, count_only=True).matched == 250
    found = dynamo.batch_get("status", [{"pk": "p", "sk": f"{n:03}"} for n in range(0, 300, 2)])
    assert sorted(item["n"] for item in found) == list(range(0, 250, 2))
    dynamo.batch_write("status", deletes=[{"pk": item["pk"], "sk": item["sk"]} for item in items])
    assert dynamo.scan("status").items == []


def test_objects(aws: Aws) -> None:
    for number in range(12):
        archive.put(BUCKET, f"x/é {number:02}+.json", b"content %d" % number, "application/json")
    archive.put(BUCKET, "y", b"")
    listed = archive.list_objects(BUCKET, "x/", limit=10)
    assert [stored.key for stored in listed] == [f"x/é {number:02}+.json" for number in range(10)]
    assert listed[0].size == 9
    assert abs(listed[0].modified.timestamp() - time.time()) < 60
    assert archive.get(BUCKET, "x/é 03+.json", 8, 1) == b"3"
    archive.delete(BUCKET, "x/é 03+.json")
    assert archive.get(BUCKET, "x/é 03+.json") is None
    assert archive.get(BUCKET, "y") == b""


def test_letters_are_kept_in_one_object_and_found(aws: Aws) -> None:
    letters = [letter(n, site="blog" if n % 3 else "-") for n in range(100)]
    dead_letters.record(letters)
    assert len(aws.objects("dead-letters/")) == 1
    assert sorted(dead_letters.sites_with_letters()) == ["-", "blog"]
    sites = ["-", "blog"]
    assert dead_letters.total(sites, now=NOW) == 100
    found: list[str] = []
    cursor = None
    while True:
        page, cursor = dead_letters.find(sites, limit=30, cursor=cursor, now=NOW)
        found += [body.decode() for body in dead_letters.bodies(page)]
        if cursor is None:
            break
    assert found == [f"body {n}" for n in reversed(range(100))], "latest first, over all sites"


def test_a_letter_that_comes_again_is_the_same(aws: Aws) -> None:
    for receipt in (None, Receipt(1, 2, 3)):
        for sequence in ("1", "2") if receipt else ("1", "1"):
            dead_letters.record([letter(0, shard="s", sequence=sequence, receipt=receipt)])
    dead_letters.record([letter(1), letter(1)])
    assert dead_letters.total(["blog"], now=NOW) == 3


def test_letters_by_reason_age_and_hour(aws: Aws) -> None:
    late = DeadLetter("blog", Reason.TOO_LATE, Stage.WAREHOUSE, b"late", NOW + 3600 * SECOND)
    dead_letters.record([letter(0), letter(1), late])
    page, _ = dead_letters.find(["blog"], reason=Reason.TOO_LATE, limit=5, now=NOW)
    assert [entry.reason for entry in page] == ["too_late"]
    assert dead_letters.total(["blog"], reason=Reason.TOO_LATE, now=NOW) == 1
    assert dead_letters.total(["blog"], now=NOW + 91 * 86_400 * SECOND) == 0, "gone after 90 days, deleted or not"
    counts = dead_letters.count_by_hour("blog", NOW - SECOND, NOW + 7200 * SECOND, "Europe/Berlin")
    assert counts == {
        1_779_998_400: {("ingest", "invalid"): 2},
        1_780_002_000: {("warehouse", "too_late"): 1},
    }


def test_closed_letters_are_listed_no_more_until_they_fail_again(aws: Aws) -> None:
    dead_letters.record([letter(0), letter(1)])
    entries, _ = dead_letters.find(["blog"], limit=5, now=NOW)
    dead_letters.record([letter(1)])
    dead_letters.mark_replayed(entries, NOW)
    left, _ = dead_letters.find(["blog"], limit=5, now=NOW)
    assert [entry.id for entry in left] == [entries[0].id], "it was written anew in between"
    assert sum(dead_letters.count_by_hour("blog", NOW, NOW + 9 * SECOND)[1_779_998_400].values()) == 1
    assert len(dead_letters.get_many(["blog", "shop"], [entry.id for entry in entries])) == 2


@pytest.mark.parametrize("identity", ["", "x", "1-", "1-a/b", "9" * 30 + "-abc", "1780000000000000-zz#", "²-a"])
def test_what_is_no_id_is_not_found(aws: Aws, identity: str) -> None:
    assert dead_letters.get_many(["blog"], [identity]) == []
    if identity:
        with pytest.raises(OutOfBoundsError):
            dead_letters.find(["blog"], limit=1, cursor=identity, now=NOW)


def test_500_letters_take_few_requests(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    from streamgauge.store import wire

    requests: list[str] = []
    exchange = wire.exchange

    def counted(service: str, *rest: object) -> object:
        requests.append(service)
        return exchange(service, *rest)

    monkeypatch.setattr(wire, "exchange", counted)
    dead_letters.record([letter(n) for n in range(500)])
    assert requests.count("s3") == 1
    assert len(requests) <= 22
