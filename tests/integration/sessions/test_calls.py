"""The five calls about sessions, as a media server and a reader make them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from streamgauge.sessions import live
from streamgauge.store import archive, kinesis
from streamgauge.store.errors import StoreAwayError

from tests.integration.sessions.conftest import NOON


def at(seconds: float) -> str:
    return datetime.fromtimestamp(NOON + seconds, UTC).isoformat()


def _away(*_, **__):
    raise StoreAwayError("It is away.")


class TestStart:
    def test_makes_a_session_that_is_read_at_once(self, server):
        status, made = server.start(client_name="web", ip_address="192.0.2.1", bitrate_kbps=4000, resolution="1080p")
        assert status == 201
        assert server.active() == [made]
        assert (made["status"], made["ended_at"], made["duration_seconds"]) == ("playing", None, 0)
        assert (made["started_at"], made["ip_address"], made["bitrate_kbps"]) == (at(0), "192.0.2.1", 4000)

    def test_takes_an_empty_text_as_none(self, server):
        said = dict.fromkeys(
            ("id", "ip_address", "status", "timestamp", "resolution", "client_name", "device_name"), ""
        )
        status, made = server.start(**said)
        assert (status, made["ip_address"], made["status"]) == (201, "", "playing")
        assert made["id"]
        assert server.after(10).call("PUT", f"sessions/{made['id']}", {**made, "timestamp": ""})[0] == 200

    def test_takes_any_sane_id(self, server):
        status, made = server.start(id="plex:1ß 2")
        assert (status, made["id"]) == (201, "plex:1ß 2")
        assert server.after(5).call("PUT", "sessions/plex:1ß 2", {})[0] == 200

    def test_takes_a_session_as_it_is_shown(self, server):
        _, made = server.start()
        assert (made["ip_address"], made["client_name"], made["title"]) == ("", "", None)
        assert server.start(**made) == (200, made)
        assert server.start(client_name=None, device_name=None)[0] == 200

    def test_goes_on_with_the_live_one_of_user_item_and_device(self, server):
        _, first = server.start()
        status, second = server.after(100).start()
        assert (status, second["id"], second["duration_seconds"]) == (200, first["id"], 100)
        for other in ({"user_id": "ben"}, {"content_id": "other"}, {"device_id": "phone"}):
            assert server.start(**other)[0] == 201
        assert len(server.active()) == 4

    def test_goes_on_within_a_minute_of_the_end(self, server):
        _, first = server.start()
        server.after(60).call("DELETE", f"sessions/{first['id']}")
        status, again = server.after(59).start()
        assert (status, again["id"], again["status"]) == (200, first["id"], "playing")
        server.call("DELETE", f"sessions/{first['id']}")
        assert server.after(61).start()[0] == 201

    def test_calls_stamped_before_it_find_their_place(self, server):
        server.start(id="x", position_seconds=120)
        for before in (60, 120, 30):
            status, known = server.call(
                "PUT", "sessions/x", {"timestamp": at(-before), "position_seconds": 120 - before}
            )
            assert status == 200
        assert (known["started_at"], known["duration_seconds"], known["position_seconds"]) == (at(-120), 120, 120)
        assert server.active() == [known]
        server.settle()
        assert server.read("sessions/user/anna")["results"] == [known]

    def test_another_id_of_the_same_stands_for_the_one_that_goes_on(self, server):
        server.start(id="a")
        status, second = server.after(10).start(id="b")
        assert (status, second["id"]) == (200, "a")
        assert server.after(10).call("PUT", "sessions/b", {"position_seconds": 20})[1]["duration_seconds"] == 20
        assert server.call("DELETE", "sessions/b")[0] == 204
        assert server.active() == []

    def test_the_same_id_is_the_same_session(self, server):
        assert server.start(id="a", device_id=None)[0] == 201
        assert server.start(id="a", device_id=None)[0] == 200
        assert server.start(id="a", user_id="ben")[0] == 409
        server.call("DELETE", "sessions/a")
        assert server.after(61).start(id="a")[0] == 409

    def test_without_a_device_each_is_its_own(self, server):
        ids = {server.start(device_id=None)[1]["id"] for _ in range(2)}
        assert len(ids) == 2

    def test_two_at_once_make_one(self, server):
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: server.start(), range(8)))
        assert len({made["id"] for _, made in answers}) == 1
        assert sorted(status for status, _ in answers) == [200] * 7 + [201]

    def test_is_refused_where_nothing_takes_its_event(self, server, monkeypatch):
        with monkeypatch.context() as patch:
            patch.setattr(kinesis, "put_records", lambda _, records, **__: ["Away"] * len(records))
            patch.setattr(archive, "put", _away)
            assert server.start()[0] == 503
        assert server.active() == []
        assert server.start()[0] == 201
        assert len(server.active()) == 1

    def test_a_retry_repairs_the_half_that_is_missing(self, server, monkeypatch):
        with monkeypatch.context() as patch:
            patch.setattr(live, "record", _away)
            assert server.start(started_at=at(0))[0] == 503
        assert server.after(1).start(started_at=at(0))[0] == 201
        first, second = server.events()
        assert first.id == second.id
        assert [one["started_at"] for one in server.active()] == [at(0)]


class TestHeartbeat:
    def test_says_how_it_fares(self, server):
        _, made = server.start()
        said = {"position_seconds": 61.5, "paused": True, "bitrate_kbps": 900, "transcoded": True, "resolution": "480p"}
        status, found = server.after(60).call("PUT", f"sessions/{made['id']}", said | {"ip_address": "192.0.2.9"})
        assert status == 200
        assert {name: found[name] for name in said} == said
        assert (found["status"], found["duration_seconds"], found["ip_address"]) == ("paused", 60, "192.0.2.9")
        assert server.after(60).call("PUT", f"sessions/{made['id']}", {"paused": False})[1]["duration_seconds"] == 60

    def test_may_come_without_a_body(self, server):
        _, made = server.start()
        assert server.after(30).call("PUT", f"sessions/{made['id']}")[1]["duration_seconds"] == 30

    def test_out_of_order_is_exact(self, server):
        _, made = server.start()
        path = f"sessions/{made['id']}"
        server.after(100).call("PUT", path, {"timestamp": at(90), "paused": False})
        found = server.call("PUT", path, {"timestamp": at(30), "paused": True})[1]
        assert found["duration_seconds"] == 30
        assert server.call("PUT", path, {"timestamp": at(30), "paused": True})[1]["duration_seconds"] == 30

    def test_of_an_unknown_session_is_not_found(self, server):
        assert server.call("PUT", "sessions/nobody", {})[0] == 404
        assert server.call("DELETE", "sessions/nobody")[0] == 404

    def test_after_the_end_is_in_conflict_and_before_it_counts(self, server):
        _, made = server.start()
        path = f"sessions/{made['id']}"
        server.after(100).call("DELETE", path)
        assert server.after(1).call("PUT", path, {})[0] == 409
        assert server.call("PUT", path, {"timestamp": at(50), "paused": True})[1]["duration_seconds"] == 50

    def test_after_silence_brings_it_back(self, server):
        _, made = server.start()
        assert server.after(299).active() != []
        assert server.after(1).active() == []
        found = server.after(100).call("PUT", f"sessions/{made['id']}", {})[1]
        assert (found["status"], found["duration_seconds"]) == ("playing", 300)
        assert len(server.active()) == 1


class TestEnd:
    def test_may_be_told_later(self, server):
        _, made = server.start()
        query = f"timestamp={at(40).replace('+00:00', 'Z')}"
        assert server.after(100).call("DELETE", f"sessions/{made['id']}", query=query)[0] == 204
        assert server.call("DELETE", f"sessions/{made['id']}", query="timestamp=later")[0] == 422
        server.settle()
        (one,) = server.read("sessions/user/anna")["results"]
        assert (one["duration_seconds"], one["ended_at"]) == (40, at(40))

    def test_is_the_same_again(self, server):
        _, made = server.start()
        path = f"sessions/{made['id']}"
        assert server.after(120).call("DELETE", path)[0] == 204
        assert server.after(120).call("DELETE", path)[0] == 204
        assert server.active() == []
        assert sum(event.session.call == "stop" for event in server.events()) == 1


class TestCallers:
    @pytest.mark.parametrize(("key", "status"), [("r", 403), ("x", 401), ("w", 201), ("s", 201)])
    def test_need_a_key_that_writes(self, server, key, status):
        assert server.start(as_key=key)[0] == status

    def test_speak_for_their_own_address_unless_with_a_server_key(self, server):
        assert server.start(as_key="w", ip_address="192.0.2.1")[1]["ip_address"] == "203.0.113.7"
        assert server.start(user_id="ben", ip_address="192.0.2.1")[1]["ip_address"] == "192.0.2.1"
        assert server.start(user_id="cleo")[1]["ip_address"] == ""

    def test_with_a_key_of_all_sites_name_the_site(self, server):
        body = {"user_id": "anna", "content_id": "film"}
        assert server.call("POST", "sessions", body, as_key="all")[0] == 422
        assert server.call("POST", "sessions", body, as_key="all", query="website_id=blog")[0] == 201
        assert server.call("POST", "sessions", body, query="website_id=other")[0] == 403

    @pytest.mark.parametrize(
        "said",
        [
            {"user_id": ""},
            {"content_id": None},
            {"id": "a/b"},
            {"id": "x" * 201},
            {"position_seconds": -1},
            {"bitrate_kbps": 1e12},
            {"ip_address": "nowhere"},
            {"timestamp": "yesterday"},
            {"timestamp": at(-40 * 86_400)},
            {"title": "\u0007"},
            {"historical": True},
        ],
    )
    def test_hear_what_is_out_of_bounds(self, server, said):
        status, problem = server.start(**said)
        assert (status, problem["status"]) == (422, 422)
        assert problem["errors"][0]["loc"]

    def test_read_no_unreadable_body(self, server):
        assert server.call("POST", "sessions", "{")[0] == 400


SAID = {"started_at": at(-86_400), "ended_at": at(-80_400), "duration_seconds": 5000, "historical": True}


class TestHistory:
    def test_is_kept_and_never_live(self, server):
        status, made = server.start(**SAID)
        assert (status, made["status"], made["duration_seconds"], made["ended_at"]) == (201, "ended", 5000, at(-80_400))
        assert server.active() == []
        server.settle()
        assert server.read("sessions/user/anna")["results"] == [made]

    def test_told_twice_is_one(self, server):
        ids = {server.start(**SAID)[1]["id"] for _ in range(2)}
        server.settle()
        assert [one["id"] for one in server.read("sessions/user/anna")["results"]] == list(ids)

    def test_needs_a_server_key(self, server):
        assert server.start(as_key="w", **SAID)[0] == 403

    def test_is_read_of_history_alone(self, server):
        made = server.start(duration_seconds=9999, status="ended", ended_at=at(5))[1]
        assert (made["duration_seconds"], made["status"], made["ended_at"]) == (0, "playing", None)


class TestReading:
    def test_a_users_sessions_are_those_stored_and_those_that_go_on(self, server):
        _, first = server.start()
        server.after(120).call("DELETE", f"sessions/{first['id']}")
        server.settle()
        _, second = server.after(120).start(content_id="other")
        server.start(user_id="ben")
        found = server.read("sessions/user/anna")["results"]
        assert [(one["id"], one["status"]) for one in found] == [(second["id"], "playing"), (first["id"], "ended")]
        assert found[1]["duration_seconds"] == 120
        one = server.read("sessions/user/anna", "limit=1")
        assert len(one["results"]) == 1
        two = server.read("sessions/user/anna", f"limit=1&cursor={one['next_cursor']}")
        assert ([row["id"] for row in two["results"]], two["next_cursor"]) == ([first["id"]], None)

    def test_days_add_up_their_sessions(self, server):
        _, first = server.start(bitrate_kbps=8000)
        server.after(270).call("PUT", f"sessions/{first['id']}", {"transcoded": True})
        server.after(280).call("DELETE", f"sessions/{first['id']}")
        server.start(user_id="ben", transcoded=False)
        server.settle()
        day = server.read("stats/daily", "start=2026-05-27&end=2026-05-28")
        assert [row["total_sessions"] for row in day["results"]] == [0, 2]
        assert day["results"][1] == {
            "date": "2026-05-28",
            "total_sessions": 2,
            "total_duration_minutes": 9,
            "unique_users": 2,
            "total_bandwidth_gb": 0.55,
            "transcoded_sessions": 1,
        }

    def test_the_live_state_equals_history(self, server):
        _, made = server.start(client_name="web", runtime_seconds=600, bitrate_kbps=100)
        path = f"sessions/{made['id']}"
        for n in range(50):
            server.after(10).call("PUT", path, {"position_seconds": n * 10, "paused": n % 7 == 3})
        server.after(5).call("DELETE", path)
        known = server.read("sessions/user/anna")["results"]
        server.settle()
        assert server.read("sessions/user/anna")["results"] == known


class TestHistories:
    def test_many_are_taken_at_once_and_bad_ones_are_named(self, server):
        good = {"user_id": "anna", "content_id": "film", "started_at": at(-7200), "ended_at": at(-3600), "id": "h1"}
        sent = [good, good | {"id": "h2", "user_id": ""}, good | {"id": "h3", "ended_at": at(9000)}, {}]
        status, said = server.call("POST", "sessions/batch", {"sessions": sent})
        assert (status, said["accepted"], said["rejected"]) == (207, 1, [1, 2, 3])
        assert [one["status"] for one in said["results"]] == ["accepted", "rejected", "rejected", "rejected"]
        assert said["results"][1]["detail"].startswith("user_id: ")
        server.settle()
        assert [one["duration_seconds"] for one in server.read("sessions/user/anna")["results"]] == [3600]

    def test_told_again_they_are_the_same(self, server):
        sent = [
            {"user_id": "anna", "content_id": "f", "started_at": at(-90 * n), "duration_seconds": 60} for n in (9, 5)
        ]
        for _ in range(2):
            assert server.call("POST", "sessions/batch", {"sessions": sent})[0] == 202
        server.settle()
        assert len(server.read("sessions/user/anna")["results"]) == 2

    def test_need_a_server_key(self, server):
        assert server.call("POST", "sessions/batch", {"sessions": [{}]}, as_key="w")[0] == 403
        assert server.call("POST", "sessions/batch", {"sessions": []})[0] == 422
