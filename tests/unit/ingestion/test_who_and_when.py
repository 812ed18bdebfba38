"""Of whom an event is, and of when: addresses, agents, history, and clocks that are wrong."""

from datetime import date

import pytest
from streamgauge.ids import keyed_number

from tests.support.ingest_door import CHROME, NOW, Door

VIEW = {"event_type": "page_view", "url": "https://example.org/a/?x=1#top", "anonymous_id": "ann"}
SECOND = 1_000_000


def test_a_write_key_cannot_speak_for_others(door: Door) -> None:
    door.send({**VIEW, "context": {"ip": "198.51.100.1", "user_agent": "Googlebot/2.1"}})
    door.send({**VIEW, "context": {"ip": 5, "user_agent": []}})
    assert [event.hash for event in door.events] == [
        keyed_number(b"blog 2026-05-28", "blog", "203.0.113.7", CHROME)
    ] * 2
    assert not door.events[0].bot


def test_a_server_key_speaks_for_its_visitors(door: Door) -> None:
    context = {"ip": "198.51.100.1", "user_agent": CHROME}
    door.send([{**VIEW, "context": context}, VIEW], key="s", headers={"user-agent": "Googlebot/2.1"})
    known, unknown = door.events
    assert known.hash == keyed_number(b"blog 2026-05-28", "blog", "198.51.100.1", CHROME)
    assert known.surroundings.browser == "Chrome"
    assert known.touches_visit
    assert (unknown.hash, unknown.prev_hash, unknown.surroundings.browser) == (None, None, None)
    assert not unknown.bot, "none given is no bot, whatever the caller's own agent"
    assert not unknown.touches_visit


@pytest.mark.parametrize("context", [{"ip": "1.2.3"}, {"ip": 5}, {"ip": ""}, {"ip": "x" * 9000}, {"user_agent": 5}])
def test_a_server_key_must_speak_clearly(door: Door, context: dict[str, object]) -> None:
    answer = door.send({**VIEW, "context": context}, key="s")
    assert answer.status == 422
    assert answer.json["errors"][0]["loc"][:2] == ["body", "context"]


def test_addresses_have_one_form(door: Door) -> None:
    for ip in ("::ffff:198.51.100.1", "198.51.100.1"):
        door.send({**VIEW, "context": {"ip": ip}}, key="s")
    for ip in ("2001:DB8::1", "2001:db8:0:0::1"):
        door.send({**VIEW, "context": {"ip": ip}}, key="s")
    hashes = [event.hash for event in door.events]
    assert hashes[0] == hashes[1] != hashes[2] == hashes[3]


def test_bots_are_flagged(door: Door) -> None:
    door.send(VIEW, headers={"user-agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"})
    door.send({**VIEW, "context": {"user_agent": "curl/8.0"}}, key="s")
    assert [event.bot for event in door.events] == [True, True]


def test_history(door: Door) -> None:
    sent = {
        **VIEW,
        "historical": True,
        "timestamp": "2015-05-17T10:05:03+02:00",
        "context": {"ip": "198.51.100.1", "user_agent": CHROME},
    }
    assert door.send(sent, key="s").status == 202
    assert door.send(sent, key="s").status == 202
    first, again = door.events
    assert (first.historical, first.time) == (True, 1_431_849_903_000_000)
    assert first.hash == again.hash, "the salt of the site's secret stays"
    assert first.hash != first.prev_hash
    assert door.send(sent, key="w").json["results"][0]["code"] == "not_allowed"
    for wrong in ({"timestamp": None}, {"timestamp": "2026-06-28T00:00:00Z"}, {"timestamp": "1969-12-31T23:59:59Z"}):
        assert door.send({**sent, **wrong}, key="s").json["results"][0]["code"] == "invalid"


def test_the_salt_of_the_day_of_receipt_stands_in(door: Door) -> None:
    door.lost_salts = {date(2026, 5, 20), date(2026, 5, 19)}
    door.send({**VIEW, "timestamp": "2026-05-20T12:00:00Z"})
    expected = keyed_number(b"blog 2026-05-28", "blog", "203.0.113.7", CHROME)
    assert (door.events[0].hash, door.events[0].prev_hash) == (expected, expected)


def test_a_wrong_clock_is_put_right(door: Door) -> None:
    door.send({**VIEW, "timestamp": "1999-01-01T00:00:00Z", "sent_at": "1999-01-01T00:01:00Z"})
    door.send({**VIEW, "timestamp": "2030-01-01T00:00:00Z"})
    door.send({**VIEW, "timestamp": "9999-12-31T23:59:59-23:59"})
    assert [(event.time - NOW, event.clock_corrected) for event in door.events] == [
        (-60 * SECOND, False),
        (0, True),
        (0, True),
    ]


def test_only_the_gateway_says_the_address(door: Door) -> None:
    for forged in ({}, {"x-forwarded-for": "192.0.2.1"}, {"x-viewer-ip": "192.0.2.1"}, {"forwarded": "for=192.0.2.1"}):
        door.send(VIEW, headers=forged)
    assert {event.hash for event in door.events} == {keyed_number(b"blog 2026-05-28", "blog", "203.0.113.7", CHROME)}


def test_an_odd_agent_is_no_failure(door: Door) -> None:
    for agent in ("\ud800", "\x00", "x" * 100_000, "ü", "Mozilla/5.0 " + "(" * 2000):
        assert door.send(VIEW, headers={"user-agent": agent}).status == 202
