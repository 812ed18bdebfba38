"""Poison among good records: each is kept as a dead letter with its reason, and the rest is stored."""

from __future__ import annotations

import json
import time
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from streamgauge.clock import MICROSECONDS
from streamgauge.events.models import Receipt, StampedEvent, encode
from streamgauge.store import archive, dead_letters, dynamo

from infra.local.event_source import Mapping
from tests.support.seeds import seeded
from tests.support.simulator import Faults, Simulator, stream
from tests.support.stamped import stamped
from tests.support.warehouse import accounted, assert_counters_equal, invoke, traffic

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg

    from tests.support.faulty_aws import FaultyAws

_DAY = 86_400 * MICROSECONDS
_WRITER = 99
"""The writer of the poison's receipts: none of the good ones is its."""


def base(site: str, n: int) -> dict[str, Any]:
    """Return a good event as plain JSON, to be spoilt."""
    now = time.time_ns() // 1000
    event = stamped("page_view", now, site=site, id=f"poison-{n}", received=now)
    event = msgspec.structs.replace(event, receipt=Receipt(_WRITER, 0, n))
    return json.loads(encode(event))


def spoilt(**changes: Any) -> Callable[[dict[str, Any]], bytes]:
    def spoil(event: dict[str, Any]) -> bytes:
        return json.dumps(event | changes).encode()

    return spoil


def video(**fields: Any) -> Callable[[dict[str, Any]], bytes]:
    return spoilt(kind="video_progress", page=None, video={"video_id": "v"} | fields)


def _raw(body: bytes) -> Callable[[dict[str, Any]], bytes]:
    return lambda _: body


def _deep(event: dict[str, Any]) -> bytes:
    return (
        json.dumps(event | {"metadata": 0})
        .replace('"metadata": 0', '"metadata": ' + "[" * 10_000 + "]" * 10_000)
        .encode()
    )


def _late(event: dict[str, Any]) -> bytes:
    return json.dumps(event | {"time": event["received"] - 31 * _DAY}).encode()


def _expired(event: dict[str, Any]) -> bytes:
    return json.dumps(event | {"time": event["time"] - 38 * _DAY, "received": event["received"] - 38 * _DAY}).encode()


def _number(text: str) -> Callable[[dict[str, Any]], bytes]:
    return lambda event: json.dumps(event | {"properties": {"n": 0}}).replace('{"n": 0}', f'{{"n": {text}}}').encode()


KINDS: dict[str, tuple[Callable[[dict[str, Any]], bytes], str]] = {
    "nothing": (_raw(b""), "poison"),
    "no JSON": (_raw(b"\x00\x01 not json"), "poison"),
    "a list": (_raw(b"[]"), "poison"),
    "bytes that are no UTF-8": (
        lambda event: json.dumps(event | {"name": "?"}).encode().replace(b"?", b"\xff\xfe"),
        "poison",
    ),
    "NUL in a text": (spoilt(page={"url": "a\0b", "path": "/"}), "poison"),
    "a lone surrogate": (spoilt(page={"url": "\ud800", "path": "/"}), "poison"),
    "a wrong type": (spoilt(time="yesterday"), "poison"),
    "10 000 levels": (_deep, "poison"),
    "the year 9999": (spoilt(time=253_370_764_800 * MICROSECONDS), "poison"),
    "a text of 1 MB": (spoilt(page={"url": "u" * 1_000_000, "path": "/"}), "poison"),
    "more than a record": (spoilt(page={"url": "u" * 1_100_000, "path": "/"}), "too_large"),
    "an unknown kind": (spoilt(kind="dance"), "unknown_kind"),
    "another version": (spoilt(v=2), "unknown_kind"),
    "an unknown field": (spoilt(colour="red"), "poison"),
    "a page view without a page": (spoilt(page=None), "poison"),
    "an endless id": (spoilt(session_id="s" * 5000), "poison"),
    "5 000 digits": (_number("9" * 5000), "poison"),
    "a number beyond a double": (_number("1e999"), "poison"),
    "NaN": (_number("NaN"), "poison"),
    "a site that nobody has": (spoilt(site="nobody's"), "unknown_site"),
    "NUL in the site": (spoilt(site="a\0b"), "poison"),
    "NUL in the site of an unknown kind": (spoilt(site="a\0b", kind="dance"), "unknown_kind"),
    "an endless site": (spoilt(site="\U0001f600" * 1000), "poison"),
    "no site": (spoilt(site=""), "poison"),
    "an endless id of an unknown kind": (spoilt(id="i" * 500_000, kind="dance"), "unknown_kind"),
    "a time of receipt out of this world": (spoilt(kind="dance", received=2**62), "unknown_kind"),
    "31 days old": (_late, "too_late"),
    "received 38 days ago": (_expired, "expired_id"),
    "received tomorrow": (spoilt(received=(time.time_ns() // 1000) + _DAY), "poison"),
    "a receipt beyond an integer": (spoilt(receipt=[_WRITER, 0, 2**40, 0]), "poison"),
    "a buffering beyond a double's millionths": (video(buffer_seconds=1e305), "poison"),
    "a buffering beyond a bigint": (video(buffer_seconds=1e18), "poison"),
    "a bitrate beyond a double": (video(bitrate=1.7e308, position=5.0), "poison"),
    "a position beyond all": (video(position=-1.7e308), "poison"),
}


def letters(sites: list[str]) -> dict[str, list[dict[str, Any]]]:
    """Return the index entries by the raw body that they lead to."""
    found: dict[str, list[dict[str, Any]]] = {}
    for site in sites:
        for item in dynamo.query_all("dead-letters", "pk = :pk", values={":pk": f"site#{site}"}):
            body = archive.get("archive", item["object"], item["start"], item["length"]) if item["length"] else b""
            assert body is not None
            found.setdefault(body.hex(), []).append(item)
    return found


def poisoned(connection: psycopg.Connection[Any], *, seed: int, size: int) -> None:
    chance = seeded(seed)
    made = traffic(connection, f"poisoned {seed}", seed, size, people=max(6, size // 50))
    poison = {kind: spoil(base(made.site, n)) for n, (kind, (spoil, _)) in enumerate(KINDS.items())}
    records = made.payloads + [("key", body) for body in poison.values()]
    chance.shuffle(records)
    mapping = Mapping(batch_size=50, bisect=True, max_retries=100)
    faults = Faults(lost_acknowledgement=0.1, twice=0.1)
    report = Simulator(stream(records, 1, chance), mapping, invoke, chance, faults).run()
    assert not report.given_up
    found = letters([made.site, dead_letters.UNKNOWN_SITE, "nobody's"])
    wrong = []
    for kind, body in poison.items():
        entries = found.pop(body.hex(), [])
        if [entry["reason"] for entry in entries] != [KINDS[kind][1]]:
            wrong.append(f"{kind}: {[entry['reason'] for entry in entries]}")
    assert not wrong
    assert not found
    rows = connection.execute("SELECT count(*) FROM event_ids WHERE site_no = %s", [made.site_no]).fetchall()[0][0]
    assert rows == len(made.events)
    amounts = accounted(connection, made.site_no)
    assert (amounts["stored"], amounts["duplicates"]) == (len(made.events), made.repeats)
    assert amounts["stored"] + amounts["duplicates"] + amounts["dead_lettered"] <= len(records)
    assert_counters_equal(connection, [made], f"seed {seed}")


@pytest.mark.usefixtures("lanes")
def test_the_rest_is_stored(connection: psycopg.Connection[Any]) -> None:
    poisoned(connection, seed=81, size=200)


@pytest.mark.torture
@pytest.mark.timeout(1800)
@pytest.mark.usefixtures("lanes")
def test_the_rest_of_ten_thousand_is_stored(connection: psycopg.Connection[Any]) -> None:
    poisoned(connection, seed=82, size=10_000)


@pytest.mark.usefixtures("lanes")
def test_a_batch_whose_dead_letter_cannot_be_kept_comes_again(
    connection: psycopg.Connection[Any], aws: FaultyAws
) -> None:
    made = traffic(connection, "unkept", 83, 20)
    records = [*made.payloads, ("key", b"poison")]
    failures = 0

    def invoke_until_back(event: dict[str, Any]) -> Any:
        nonlocal failures
        try:
            return invoke(event)
        except Exception:
            failures += 1
            aws.heal()
            raise

    aws.away = {"s3"}
    chance = seeded(83)
    Simulator(stream(records, 1, chance), Mapping(batch_size=100), invoke_until_back, chance).run()
    assert failures == 1
    assert [[item["reason"] for item in items] for items in letters(["-"]).values()] == [["poison"]]
    assert accounted(connection, made.site_no)["stored"] == len(made.events)


def test_a_receipt_of_a_letter_is_accounted_for_once(connection: psycopg.Connection[Any], lanes: object) -> None:
    made = traffic(connection, "lost", 84, 10, retries=0.0)
    today = datetime.now(UTC).date() - timedelta(31)
    late: StampedEvent = stamped("page_view", f"{date(today.year, today.month, today.day)} 12:00", site=made.site)
    now = time.time_ns() // 1000
    late = msgspec.structs.replace(late, received=now, receipt=Receipt(_WRITER, 0, 0))
    records = [*made.payloads, ("key", encode(late))]
    chance = seeded(84)
    Simulator(stream(records, 1, chance), Mapping(batch_size=4), invoke, chance, Faults(twice=1.0)).run()
    assert accounted(connection, made.site_no) == {
        "received": len(records),
        "stored": len(made.events),
        "duplicates": 0,
        "dead_lettered": 1,
    }
