"""Webhooks through their function: sessions as readers see them, repetition and order, keys, and dead letters."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from streamgauge.erasure import live_state
from streamgauge.ingestion.webhooks.receiving import calls_of_container
from streamgauge.store import dead_letters as letters

from functions.api import dead_letters, webhooks
from tests.integration.sessions.conftest import NOON, Server
from tests.support.requests import key, request
from tests.support.seeds import seeded

DATA = Path(__file__).parents[4] / "shared" / "data" / "media-server"


def at(seconds: float) -> str:
    return datetime.fromtimestamp(NOON + seconds, UTC).isoformat()


def jellyfin(kind: str, position: float, seconds: float, **more: Any) -> dict[str, Any]:
    return {
        "NotificationType": f"Playback{kind}",
        "UtcTimestamp": at(seconds),
        "Name": "Film",
        "ItemId": "f1",
        "ItemType": "Movie",
        "RunTimeTicks": 60_000_000_000,
        "PlaybackPositionTicks": round(position * 1e7),
        "IsPaused": False,
        "DeviceId": "tv",
        "DeviceName": "TV",
        "ClientName": "Web",
        "UserId": "anna",
    } | more


def plex(event: str, position: float | None = None, **metadata: Any) -> dict[str, Any]:
    offset = {} if position is None else {"viewOffset": round(position * 1000)}
    return {
        "event": f"media.{event}",
        "Account": {"id": 7, "title": "anna"},
        "Player": {"publicAddress": "203.0.113.5", "title": "Phone", "uuid": "p"},
        "Metadata": {"ratingKey": "9", "type": "movie", "title": "Film", "duration": 6_000_000, **offset, **metadata},
    }


class Door:
    """Where media servers send their webhooks."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def send(self, name: str, body: object, query: str = "key=w", **rest: Any) -> tuple[int, str]:
        event = request("POST", f"/api/webhooks/{name}", body=body, query=query, **rest)
        return self.answer(event)

    def form(self, body: object) -> tuple[int, str]:
        """Send as Plex does: parts with a picture beside, in base64 as a gateway hands binary bodies on."""
        parts = (
            b'--b\r\nContent-Disposition: form-data; name="payload"\r\nContent-Type: application/json\r\n\r\n'
            + json.dumps(body).encode()
            + b'\r\n--b\r\nContent-Disposition: form-data; name="thumb"; filename="t.jpg"\r\n\r\n\xff\xd8\r\n--b--\r\n'
        )
        event = request(
            "POST", "/api/webhooks/plex/", query="key=w", headers={"content-type": "multipart/form-data; boundary=b"}
        )
        return self.answer(event | {"body": b64encode(parts).decode(), "isBase64Encoded": True})

    def answer(self, event: dict[str, Any]) -> tuple[int, str]:
        answer = webhooks.handler(event, None)
        said = json.loads(answer["body"])
        return answer["statusCode"], said.get("status") if answer["statusCode"] == 200 else said["detail"]

    def stored(self, user: str) -> list[dict[str, Any]]:
        self.server.settle()
        return self.server.read(f"sessions/user/{user}")["results"]

    def letters(self) -> list[dict[str, Any]]:
        answer = dead_letters.handler(request("GET", "/api/v1/dead-letters", caller=key("blog", "admin")), None)
        return json.loads(answer["body"])["results"]


@pytest.fixture
def door(server, monkeypatch):
    for module in (webhooks, dead_letters):
        monkeypatch.setattr(module, "time", server.clock)
    calls_of_container.cache_clear()
    letters._listed.clear()
    yield Door(server)
    calls_of_container.cache_clear()


@pytest.mark.parametrize("wrap", [json.dumps, lambda body: urlencode({"data": json.dumps(body)})])
def test_emby_sends_json_or_a_form(door, wrap):
    """Also with the content type of the other."""
    for content_type in ("application/json", "application/x-www-form-urlencoded", "text/plain"):
        body = wrap(
            {
                "Event": "playback.start",
                "Date": at(0),
                "User": {"Name": "anna", "Id": "anna"},
                "Item": {"Name": "Salt + Pepper & more", "Id": "7", "Type": "Movie"},
                "Session": {"DeviceId": "tv", "Client": "Emby Web"},
            }
        )
        assert door.send("emby", body, headers={"content-type": content_type}) == (200, "accepted")
    assert [one["title"] for one in door.server.active()] == ["Salt + Pepper & more"]


class TestJellyfin:
    def test_a_playing_from_start_to_end(self, door):
        assert door.send("jellyfin", jellyfin("Start", 0, 0)) == (200, "accepted")
        (active,) = door.server.active()
        assert (active["user_id"], active["title"], active["source"], active["ip_address"]) == (
            "anna",
            "Film",
            "jellyfin",
            "",
        )
        for second in (10, 20, 30):
            door.server.after(10)
            door.send("jellyfin", jellyfin("Progress", second, second, IsPaused=second == 20))
        assert [one["status"] for one in door.server.active()] == ["playing"]
        door.server.after(10)
        door.send("jellyfin", jellyfin("Stop", 30, 40))
        assert door.server.active() == []
        (found,) = door.stored("anna")
        assert (found["status"], found["duration_seconds"], found["ended_at"]) == ("ended", 30, at(40))

    @pytest.mark.parametrize("seed", range(4))
    def test_no_order_and_no_repetition_changes_a_playing(self, door, seed):
        told = [("Start", 0, 0), *(("Progress", second, second) for second in (10, 20, 30, 40)), ("Stop", 40, 50)]
        bodies = [jellyfin(kind, position, second, IsPaused=second == 20) for kind, position, second in told]
        chance = seeded(seed)
        order = bodies + chance.sample(bodies, 3)
        chance.shuffle(order)
        door.server.after(60)
        assert [door.send("jellyfin", body) for body in order] == [(200, "accepted")] * 9
        assert door.server.active() == []
        (found,) = door.stored("anna")
        assert (found["started_at"], found["ended_at"], found["duration_seconds"]) == (at(0), at(50), 40)

    @pytest.mark.parametrize("order", [(0, 1), (1, 0), (1, 1, 0, 0), (0, 1, 0, 1)])
    def test_a_stop_may_come_long_before_its_start(self, door, order):
        bodies = [jellyfin("Start", 100, 0), jellyfin("Stop", 1900, 2000)]
        door.server.after(2000)
        for number in order:
            assert door.send("jellyfin", bodies[number]) == (200, "accepted")
        assert door.server.active() == []
        (found,) = door.stored("anna")
        assert (found["started_at"], found["ended_at"], found["duration_seconds"]) == (at(0), at(2000), 1800)

    def test_two_playings_of_an_item_told_twice_are_two(self, door):
        first, second = ([jellyfin("Start", 0, n), jellyfin("Stop", 600, n + 600)] for n in (0, 5000))
        door.server.after(6000)
        for body in [*first, *second, *first, *second, first[0], second[0]]:
            assert door.send("jellyfin", body) == (200, "accepted")
        assert door.server.active() == []
        assert [one["duration_seconds"] for one in door.stored("anna")] == [600, 600]

    def test_it_plays_from_where_its_device_signed_in_within_a_day(self, door):
        playing = jellyfin("Start", 0, 0)
        arrived = {name: playing[name] for name in ("UserId", "DeviceId", "DeviceName") if name in playing}
        arrived |= {"NotificationType": "SessionStart", "RemoteEndPoint": "203.0.113.5", "Client": "Jellyfin Web"}
        assert door.send("jellyfin", arrived) == (200, "accepted")
        assert door.send("jellyfin", playing | {"DeviceId": "another"}) == (200, "accepted")
        assert door.send("jellyfin", playing) == (200, "accepted")
        assert {(one["device_id"], one["ip_address"]) for one in door.server.active()} == {
            ("another", ""),
            (playing["DeviceId"], "203.0.113.5"),
        }
        door.server.after(25 * 3600)
        assert door.send("jellyfin", jellyfin("Start", 0, 25 * 3600)) == (200, "accepted")
        assert [one["ip_address"] for one in door.server.active()] == [""]

    def test_where_a_device_signed_in_leaves_with_its_user(self, door):
        playing = jellyfin("Start", 0, 0)
        door.send("jellyfin", {**playing, "NotificationType": "SessionStart", "RemoteEndPoint": "203.0.113.5"})
        assert live_state.remove_sessions("blog", "ben", []) == 0
        assert live_state.remove_sessions("blog", playing["UserId"], []) == 1
        door.send("jellyfin", playing)
        assert [one["ip_address"] for one in door.server.active()] == [""]

    def test_order_and_repetition_change_nothing(self, door):
        bodies = [
            jellyfin("Start", 0, 0),
            jellyfin("Progress", 10, 10),
            jellyfin("Progress", 10, 20, IsPaused=True),
            jellyfin("Progress", 10, 30),
            jellyfin("Stop", 20, 40),
        ]
        door.server.after(50)
        for body in (bodies[4], bodies[2], bodies[0], bodies[3], bodies[1], *bodies):
            assert door.send("jellyfin", body) == (200, "accepted")
        (found,) = door.stored("anna")
        assert (found["started_at"], found["ended_at"], found["duration_seconds"]) == (at(0), at(40), 30)
        assert door.server.active() == []

    def test_a_server_that_never_sends_progress_counts_whole(self, door):
        door.send("jellyfin", jellyfin("Start", 0, 0))
        door.server.after(3000)
        assert len(door.server.active()) == 1
        door.send("jellyfin", jellyfin("Stop", 3000, 3000))
        assert [one["duration_seconds"] for one in door.stored("anna")] == [3000]

    def test_after_progress_silence_is_the_end(self, door):
        door.send("jellyfin", jellyfin("Start", 0, 0))
        door.server.after(10)
        door.send("jellyfin", jellyfin("Progress", 10, 10))
        door.server.after(301)
        assert door.server.active() == []

    def test_watching_again_is_another_session(self, door):
        for start in (0, 500):
            door.send("jellyfin", jellyfin("Start", 0, start))
            door.server.after(100)
            door.send("jellyfin", jellyfin("Stop", 100, start + 100))
            door.server.after(400)
        assert [one["duration_seconds"] for one in door.stored("anna")] == [100, 100]

    def test_a_start_that_was_lost_is_made_up_for(self, door):
        door.send("jellyfin", jellyfin("Progress", 100, 0))
        assert [one["position_seconds"] for one in door.server.active()] == [100]

    def test_a_clock_that_is_wrong_is_not_believed(self, door):
        door.send("jellyfin", jellyfin("Start", 0, -90 * 86_400))
        assert [one["started_at"] for one in door.server.active()] == [at(0)]

    def test_plays_of_one_id_of_the_server_are_one(self, door):
        door.send("jellyfin", jellyfin("Start", 0, 0, PlaySessionId="x", DeviceId="a"))
        door.server.after(30)
        door.send("jellyfin", jellyfin("Stop", 30, 30, PlaySessionId="x", DeviceId="b"))
        (found,) = door.stored("anna")
        assert (found["id"][:9], found["duration_seconds"]) == ("jellyfin:", 30)


class TestPlex:
    def test_pauses_are_left_out_and_the_address_is_the_players(self, door):
        for event, position, wait in (("play", 0, 100), ("pause", 100, 500), ("resume", 100, 100), ("stop", 200, 0)):
            assert door.form(plex(event, position)) == (200, "accepted")
            if event != "stop":
                (active,) = door.server.active()
                assert (active["ip_address"], active["paused"]) == ("203.0.113.5", event == "pause")
            door.server.after(wait)
        (found,) = door.stored("7")
        assert (found["status"], found["duration_seconds"], found["position_seconds"]) == ("ended", 200, 200)

    def test_a_ghost_lives_no_longer_than_what_is_left_to_play(self, door):
        door.form(plex("play", 5700))
        door.server.after(599)
        assert len(door.server.active()) == 1
        door.server.after(1)
        assert door.server.active() == []

    def test_marking_as_watched_leaves_no_ghost(self, door):
        door.form(plex("scrobble"))
        assert door.server.active() == []
        assert [one["duration_seconds"] for one in door.stored("7")] == [0]

    def test_a_scrobble_goes_on_with_what_plays(self, door):
        door.form(plex("play", 0))
        door.server.after(5400)
        door.form(plex("scrobble"))
        (active,) = door.server.active()
        assert (active["duration_seconds"], active["position_seconds"]) == (5400, 5400)

    def test_a_stop_that_comes_again_makes_no_session(self, door):
        door.form(plex("play", 0))
        door.server.after(60)
        for _ in range(2):
            door.form(plex("stop", 60))
            door.server.after(120)
        assert len(door.stored("7")) == 1


class TestDoor:
    def test_a_key_stands_in_the_query_or_a_header(self, door):
        body = jellyfin("Start", 0, 0)
        assert door.send("jellyfin", body, "", headers={"x-write-key": "w"})[0] == 200
        assert door.send("jellyfin", body, "", headers={"authorization": "Bearer s"})[0] == 200
        assert door.send("jellyfin", body, "key=all&website_id=blog")[0] == 200
        assert door.send("jellyfin", body, "")[0] == 401
        assert door.send("jellyfin", body, "key=r")[0] == 403
        assert door.send("jellyfin", body, "key=all")[0] == 422
        assert door.send("kodi", body)[0] == 404

    def test_events_of_other_things_are_ignored_without_a_letter(self, door):
        assert door.send("jellyfin", {"NotificationType": "ItemAdded"}) == (200, "ignored")
        assert door.send("plex", {"event": "library.new"}) == (200, "ignored")
        assert door.send("emby", {"Event": "system.notificationtest"}) == (200, "ignored")
        assert door.letters() == []

    @pytest.mark.parametrize(
        ("name", "body", "reason"),
        [
            ("jellyfin", "Anna plays Film", "unreadable"),
            ("plex", {"event": "media.dance"}, "unknown_kind"),
            ("emby", {"Event": "playback.start", "User": {"Id": "a"}}, "invalid"),
        ],
    )
    def test_what_is_not_understood_is_kept(self, door, name, body, reason):
        assert door.send(name, body) == (200, "rejected")
        (letter,) = door.letters()
        assert (letter["reason"], letter["site_id"]) == (reason, "blog")
        assert letter["body"] == (body if isinstance(body, str) else json.dumps(body))

    def test_a_letter_is_taken_again_once_it_is_understood(self, door, monkeypatch):
        with monkeypatch.context() as patch:
            patch.setattr("streamgauge.ingestion.webhooks.plex._CALLS", {})
            assert door.form(plex("play", 0)) == (200, "rejected")
        (letter,) = door.letters()
        door.server.after(100)
        order = request(
            "POST", "/api/v1/dead-letters/replay", caller=key("blog", "admin"), body={"ids": [letter["id"]]}
        )
        assert json.loads(dead_letters.handler(order, None)["body"])["accepted"] == 1
        assert [one["started_at"] for one in door.server.active()] == [at(0)]


@pytest.mark.skipif(not DATA.is_dir(), reason="the published bodies are not beside this checkout")
@pytest.mark.parametrize(
    ("name", "file", "user", "live"),
    [
        ("jellyfin", "jellyfin_webhook_real_bodies", "9783d2432b0d40a8a716b6aa46xxxxx", True),
        ("plex", "plex_webhook_payloads", "1", True),
        ("plex", "plex_webhook_real_bodies", "31646104", False),
        ("emby", "emby_webhook_real_bodies", "e6a9dd89fd954d689870e7e0e3e72947", False),
    ],
)
def test_published_bodies(door, name, file, user, live):
    body = json.loads((DATA / f"{file}.json").read_text())["payloads"][0]
    assert door.send(name, body.get("payload", body)) == (200, "accepted")
    assert [one["user_id"] for one in door.server.active()] == [user] * live
    assert len(door.stored(user)) == 1
    assert door.letters() == []
