"""Sharing detection from the calls about sessions to the alerts: real Postgres, DynamoDB by moto."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from streamgauge.jobs import sharing as job
from streamgauge.sharing import reading
from streamgauge.store import dynamo
from streamgauge.warehouse import pending

from tests.integration.sessions.sharing.conftest import (
    BERLIN,
    TOKYO,
    YORK,
    alerts,
    ask,
    begin,
    detect,
    outbox,
    share,
    slot,
    watch,
)


def test_an_alert_grows_while_it_lasts_and_is_dismissed_once(server):
    playing = share(server)
    detect(server)
    (first,) = alerts()
    assert first["alert_type"] == "geo_impossible"
    assert (first["severity"], first["status"], first["user_id"]) == ("medium", "open", "anna")
    assert first["evidence"]["confidence"]["level"] == "low"
    assert {place["city"] for place in first["evidence"]["places"]} == {"Berlin", "Tokyo"}
    watch(server, *playing, minutes=5)
    detect(server)
    (grown,) = alerts()
    assert (grown["id"], grown["created_at"]) == (first["id"], first["created_at"])
    assert grown["updated_at"] > first["updated_at"]
    status, dismissed = ask("POST", f"alerts/{first['id']}/dismiss", scope="admin", body={"note": "on holiday"})
    assert (status, dismissed["status"], dismissed["note"]) == (200, "dismissed", "on holiday")
    watch(server, *playing, minutes=3)
    detect(server)
    (same,) = alerts("status=dismissed")
    assert (same["id"], same["note"]) == (first["id"], "on holiday")
    assert same["updated_at"] > grown["updated_at"]
    assert alerts("status=open") == []
    # The next evening is an episode of its own.
    server.after(26 * 3600)
    share(server)
    detect(server)
    (new,) = alerts("status=open")
    assert new["id"] != first["id"]


def test_four_streams_within_a_minute_of_the_last_start(server):
    playing = [begin(server, f"d{n}") for n in range(4)]
    watch(server, *playing, minutes=1)
    server.settle()
    pending.mark_sessions("blog", "Europe/Berlin")
    assert detect(server, by_hand=False)["alerts"] == 1
    (alert,) = alerts()
    assert (alert["alert_type"], alert["severity"]) == ("concurrent_streams", "low")
    assert alert["evidence"]["findings"][0]["streams"] == 4
    assert pending.waiting(pending.SHARING) == []


def test_sessions_younger_than_half_a_minute_say_nothing_yet(server):
    home = begin(server, "tv", BERLIN)
    watch(server, home, minutes=1)
    begin(server, "tablet", TOKYO)
    server.after(20)
    detect(server)
    assert alerts() == []
    server.after(15)
    detect(server)
    assert len(alerts()) == 1


def test_the_scheduled_run_waits_for_a_session_that_brings_news(server):
    home = begin(server, "tv", BERLIN)
    watch(server, home, minutes=1)
    begin(server, "tablet", TOKYO)
    server.after(20)
    pending.mark_sessions("blog", "Europe/Berlin")
    detect(server, by_hand=False)
    assert len(alerts()) == 1
    # It has to be looked at again, for it was young.
    assert len(pending.waiting(pending.SHARING)) == 1


def test_nothing_changed_nothing_asked_of_postgres(server, monkeypatch):
    monkeypatch.setattr(job.runs.postgres, "connect", lambda: pytest.fail("Postgres was asked"))
    assert job.detect_sharing(slot(server, by_hand=False)) == {"due": 0}


def test_a_slot_that_is_done_is_not_done_again_and_ten_at_once_raise_one_alert(server):
    share(server)
    server.settle()
    pending.mark_sessions("blog", "Europe/Berlin")
    at = slot(server, by_hand=False)
    with ThreadPoolExecutor(10) as pool:
        results = [done.result() for done in [pool.submit(job.detect_sharing, at) for _ in range(10)]]
    assert sum("done_before" not in one and one["due"] > 0 for one in results) == 1
    assert len(alerts()) == 1
    assert len(outbox()) == 1


def test_a_run_that_dies_after_writing_leaves_the_same_for_the_next(server, monkeypatch):
    share(server)
    server.settle()
    pending.mark_sessions("blog", "Europe/Berlin")
    put = dynamo.put_item

    def dies(*arguments, **rest):
        raise KeyboardInterrupt

    monkeypatch.setattr(dynamo, "put_item", dies)
    with pytest.raises(KeyboardInterrupt):
        job.detect_sharing(slot(server, by_hand=False))
    monkeypatch.setattr(dynamo, "put_item", put)
    before = alerts()
    server.after(60)
    job.detect_sharing(slot(server, by_hand=False))
    assert [one["id"] for one in alerts()] == [one["id"] for one in before]
    assert len(outbox()) == 1


def history(server, name, device, address, hour, hours=2):
    began = datetime.fromtimestamp(server.clock.now, UTC).replace(hour=0, minute=0).timestamp() - 400 * 86400
    said = {"started_at": began + hour * 3600, "ended_at": began + (hour + hours) * 3600, "id": name}
    given = {"device_id": device, "ip_address": address, "historical": True, "content_id": f"film-{name}"}
    status, body = server.start(
        **given,
        **{
            name: datetime.fromtimestamp(value, UTC).isoformat() if name.endswith("_at") else value
            for name, value in said.items()
        },
    )
    assert status in {200, 201}, body


STORY = [
    ("a", "tv", BERLIN, 0),
    ("b", "tablet", TOKYO, 1),
    ("c", "tv", BERLIN, 22),
    ("d", "tablet", TOKYO, 23),
    ("e", "tv", BERLIN, 100),
    ("f", "tablet", YORK, 101),
]


@pytest.mark.parametrize("order", [range(6), reversed(range(6)), (3, 0, 5, 1, 4, 2), (2, 3, 4, 5, 0, 1)])
def test_history_in_any_order_and_twice_raises_the_same_alerts_as_of_its_own_time(server, order):
    for number in order:
        history(server, *STORY[number])
        detect(server)
        server.after(60)
    history(server, *STORY[0])
    detect(server)
    found = alerts()
    assert [(one["severity"], one["evidence"]["findings_total"]) for one in found] == [("medium", 1), ("medium", 2)]
    assert all(one["created_at"] < "2026" for one in found)
    assert found[0]["created_at"] == found[0]["evidence"]["first_at"]
    # Nobody is told of what was long ago.
    assert outbox() == []


def raised_and_would_be(server):
    # What changed in the last minutes is looked at twice.
    for _ in range(2):
        detect(server.after(600))
    return alerts(), ask("POST", "dry-run", scope="admin", body={"startDate": "2020-01-01"})[1]["results"]


def test_history_that_comes_later_says_which_devices_were_new(server):
    history(server, "first", "tv", BERLIN, -2000)
    for number in range(6):
        history(server, f"new{number}", f"d{number}", BERLIN, number)
    found, would_be = raised_and_would_be(server)
    assert [one["alert_type"] for one in found] == ["device_spike"]
    assert found == would_be
    # One of them was used forty days before.
    history(server, "known", "d3", BERLIN, -960)
    assert raised_and_would_be(server) == ([], [])


def test_history_that_comes_later_says_since_when_a_user_is_there(server):
    for number in range(6):
        history(server, f"new{number}", f"d{number}", BERLIN, number)
    assert raised_and_would_be(server) == ([], [])
    history(server, "first", "tv", BERLIN, -4000)
    found, would_be = raised_and_would_be(server)
    assert [one["alert_type"] for one in found] == ["device_spike"]
    assert found == would_be


def test_of_a_user_with_many_sessions_none_is_forgotten(server, monkeypatch):
    monkeypatch.setattr(reading, "MOST_A_DAY", 4)
    for name, *rest in STORY:
        history(server, name, *rest)
    for number in range(9):
        history(server, f"later{number}", "tv", BERLIN, 200 + 5 * number, hours=1)
    found, would_be = raised_and_would_be(server)
    assert [one["evidence"]["findings_total"] for one in found] == [1, 2]
    assert found == would_be


def test_a_late_call_takes_evidence_back(server):
    home = begin(server, "tv", BERLIN)
    server.after(60)
    paused_at = datetime.fromtimestamp(server.clock.now, UTC).isoformat()
    server.after(195)
    there = begin(server, "tablet", TOKYO)
    server.after(25)
    # So far that is almost five minutes of playing at home.
    assert server.call("PUT", f"sessions/{home}", {})[0] == 200
    watch(server, there)
    detect(server)
    (alert,) = alerts()
    assert alert["evidence"]["findings"][0]["overlap"] is True
    # A call that was long under way says that it was paused all the while.
    assert server.call("PUT", f"sessions/{home}", {"paused": True, "timestamp": paused_at})[0] == 200
    detect(server.after(1))
    (after,) = alerts()
    assert after["evidence"]["findings"][0]["overlap"] is False


def test_alerts_that_rest_on_what_is_trusted_now_are_withdrawn_at_the_next_look(server):
    _, there = share(server)
    share(server, "ben")
    detect(server)
    (ben,) = alerts("user_id=ben")
    ask("POST", f"alerts/{ben['id']}/dismiss", scope="admin", body={"note": "known"})
    ask("PUT", "trusted", scope="admin", body={"devices": ["anna-tablet", "ben-tablet"]})
    watch(server, there, minutes=1)
    detect(server)
    # What was dismissed stays on record.
    assert [(one["user_id"], one["status"]) for one in alerts()] == [("ben", "dismissed")]
