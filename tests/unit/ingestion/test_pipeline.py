import base64
import gzip
import json
from datetime import date

import pytest
from streamgauge.events.models import Acquisition
from streamgauge.ids import keyed_number

from tests.support.ingest_door import CHROME, NOW, Door

VIEW = {"event_type": "page_view", "url": "https://example.org/a/?x=1#top", "anonymous_id": "ann"}
SECOND = 1_000_000


def batch(*events: object) -> dict[str, object]:
    return {"events": list(events)}


def test_a_page_view_is_stamped_whole(door: Door) -> None:
    sent = {
        **VIEW,
        "event_id": "e1",
        "user_id": "u",
        "session_id": "s",
        "title": "A page",
        "referrer": "https://www.google.co.uk/search?q=secret",
        "screen": "1920x1080",
        "language": "de-CH",
        "timestamp": "2026-05-28T20:26:30Z",
        "properties": {"plan": "pro", "n": 1.5},
        "metadata": {"a": [1, {"b": None}]},
    }
    answer = door.send(sent)
    assert answer.status == 202
    assert answer.json == {
        "accepted": 1,
        "duplicates": 0,
        "rejected": [],
        "results": [{"index": 0, "event_id": "e1", "status": "accepted"}],
    }
    (event,) = door.events
    assert (event.site, event.zone, event.id, event.kind, event.name) == (
        "blog",
        "Europe/Berlin",
        "e1",
        "page_view",
        None,
    )
    assert (event.time, event.received) == (NOW - 10 * SECOND, NOW)
    assert (event.anonymous_id, event.user_id, event.session_id) == ("ann", "u", "s")
    assert event.page is not None
    assert (event.page.url, event.page.path, event.page.title) == (sent["url"], "/a", "A page")
    assert event.acquisition == Acquisition("Google", "search", "www.google.co.uk/search")
    assert (event.surroundings.browser, event.surroundings.os, event.surroundings.device) == (
        "Chrome",
        "Windows",
        "desktop",
    )
    assert (event.surroundings.screen, event.surroundings.language) == ("1920x1080", "de-CH")
    assert event.properties == {"plan": "pro", "n": 1.5}
    assert event.metadata == {"a": [1, {"b": None}]}
    assert event.hash == keyed_number(b"blog 2026-05-28", "blog", "203.0.113.7", CHROME)
    assert event.prev_hash == keyed_number(b"blog 2026-05-27", "blog", "203.0.113.7", CHROME)
    assert (event.address_hash, event.prev_address_hash) == (None, None)
    assert event.touches_visit
    assert event.interactive
    assert (event.bot, event.historical, event.clock_corrected) == (False, False, False)
    assert event.receipt.n == 0
    assert event.receipt.hour == 1_779_998_400


def test_no_address_and_no_agent_goes_on(door: Door) -> None:
    door.send(batch(VIEW, VIEW), path="/api/v1/analytics/event/batch")
    for _, data in door.records:
        assert b"203.0.113.7" not in data
        assert b"Mozilla" not in data


def test_the_order_of_a_batch_is_kept(door: Door) -> None:
    answer = door.send([{**VIEW, "anonymous_id": str(n)} for n in range(500)])
    assert answer.json["accepted"] == 500
    events = door.events
    assert [event.anonymous_id for event in events] == [str(n) for n in range(500)]
    assert [event.id for event in events] == sorted(event.id for event in events), "ids made here sort as the events"
    assert [event.receipt.n for event in events] == list(range(500))
    assert len({event.receipt.writer for event in events}) == 1


def test_a_mixed_batch_tells_each_event_what_became_of_it(door: Door) -> None:
    answer = door.send(
        batch({**VIEW, "event_id": "a"}, {**VIEW, "event_id": "b", "user_id": 5}, {**VIEW, "event_id": "a"}),
        path="/api/v1/analytics/event/batch/",
    )
    assert answer.status == 207
    refused = {
        "index": 1,
        "event_id": "b",
        "status": "rejected",
        "code": "invalid",
        "detail": "Expected `str | null`, got `int`",
    }
    assert answer.json == {
        "accepted": 1,
        "duplicates": 1,
        "rejected": [refused],
        "results": [
            {"index": 0, "event_id": "a", "status": "accepted"},
            refused,
            {"index": 2, "event_id": "a", "status": "duplicate"},
        ],
    }
    (letter,) = door.letters
    assert (letter.site, letter.reason, letter.stage, letter.event_id) == ("blog", "invalid", "ingest", "b")
    assert json.loads(letter.body) == {**VIEW, "event_id": "b", "user_id": 5}
    assert (letter.received_at, letter.version, letter.position) == (NOW, 1, 1)
    assert b"203.0.113.7" not in (letter.derived or b"")


def test_a_batch_of_which_all_is_refused_is_207(door: Door) -> None:
    answer = door.send([{"event_type": ""}])
    assert answer.status == 207
    assert answer.json["accepted"] == 0


def test_a_refused_single_event_is_a_problem_that_names_the_field(door: Door) -> None:
    answer = door.send({**VIEW, "event_id": "a", "properties": {"a": 1}, "user_id": ["x"]})
    assert answer.status == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json["errors"] == [{"loc": ["body", "user_id"], "msg": "Expected `str | null`, got `array`"}]
    assert answer.json["accepted"] == 0
    assert answer.json["results"][0]["event_id"] == "a"


def test_the_first_that_goes_on_counts_its_repeats(door: Door) -> None:
    bad = {**VIEW, "event_id": "a", "timestamp": "2020-01-01T00:00:00Z"}
    good = {**VIEW, "event_id": "a"}
    answer = door.send([bad, good, good, bad, good, {**good, "event_id": "b"}])
    assert [result["status"] for result in answer.json["results"]] == [
        "rejected",
        "accepted",
        "duplicate",
        "rejected",
        "duplicate",
        "accepted",
    ]
    assert (answer.json["accepted"], answer.json["duplicates"], len(answer.json["rejected"])) == (2, 2, 2)
    assert [(event.id, event.receipt.repeats) for event in door.events] == [("a", 2), ("b", 0)]
    assert [letter.reason for letter in door.letters] == ["too_late", "too_late"]
    assert len({letter.position for letter in door.letters}) == 2


def test_the_same_id_on_two_sites_is_two_events(door: Door) -> None:
    answer = door.send(
        [{**VIEW, "event_id": "a", "website_id": "blog"}, {**VIEW, "event_id": "a", "website_id": "shop"}], key="all"
    )
    assert answer.json["accepted"] == 2


@pytest.mark.parametrize(
    ("sent", "kind", "name"),
    [
        ({"event_type": "pageview", "url": "/"}, "page_view", None),
        ({"event_type": "signup"}, "custom", "signup"),
        ({"event_type": "view"}, "custom", "view"),
        ({"event_type": "custom"}, "custom", "custom"),
        ({"event_type": "seek", "content_id": "v"}, "seek", None),
    ],
)
def test_kinds(door: Door, sent: dict[str, str], kind: str, name: str | None) -> None:
    assert door.send(sent).status == 202
    assert (door.events[0].kind, door.events[0].name) == (kind, name)


def test_a_video_event(door: Door) -> None:
    properties = {
        "position": 12,
        "duration": 60.5,
        "quality": "720p",
        "bitrate": 3000,
        "from": 1,
        "to": 2,
        "buffer_seconds": 0.5,
        "startup_time": 1.5,
        "fatal": False,
        "device_type": "tv",
        "browser": "Player",
        "mine": [1],
    }
    sent = {"event_type": "video_error", "video_id": "v", "session_id": "s", "properties": properties}
    assert door.send(sent, headers={"user-agent": ""}).status == 202
    (event,) = door.events
    video = event.video
    assert video is not None
    assert (video.video_id, video.position, video.duration, video.quality, video.bitrate) == (
        "v",
        12,
        60.5,
        "720p",
        3000,
    )
    assert (video.seek_from, video.seek_to, video.buffer_seconds, video.startup_time, video.fatal) == (
        1,
        2,
        0.5,
        1.5,
        False,
    )
    assert event.properties == {"device_type": "tv", "browser": "Player", "mine": [1]}
    assert (event.surroundings.device, event.surroundings.browser) == ("tv", "Player"), "where no agent says better"


def test_an_agent_says_better_than_the_player(door: Door) -> None:
    door.send({"event_type": "video_start", "video_id": "v", "properties": {"browser": "chrome", "device_type": "x"}})
    assert (door.events[0].surroundings.device, door.events[0].surroundings.browser) == ("desktop", "Chrome")


def test_large_and_odd_values_that_json_can_hold_go_through(door: Door) -> None:
    odd = {"digits": int("9" * 4000), "small": 1e-300, "minus": -0.0, "text": "\U0001f600\\u0000", "deep": [[[[[]]]]]}
    assert door.send({"event_type": "x", "properties": odd, "metadata": odd}).status == 202
    assert door.events[0].properties == odd


def test_interactive_and_empty_ids(door: Door) -> None:
    door.send({"event_type": "scroll", "interactive": False, "user_id": "", "anonymous_id": "", "website_id": ""})
    (event,) = door.events
    assert not event.interactive
    assert (event.user_id, event.anonymous_id) == (None, None)


@pytest.mark.parametrize(
    ("headers", "query", "body"),
    [
        ({"authorization": "bearer w"}, {}, {}),
        ({"x-write-key": "w"}, {}, {}),
        ({"authorization": "Basic " + base64.b64encode(b"w:").decode()}, {}, {}),
        ({}, {"key": "w"}, {}),
        ({}, {}, {"writeKey": "w"}),
        ({}, {}, {"api_key": "w"}),
        ({"authorization": "Bearer None", "x-write-key": "w"}, {}, {}),
    ],
)
def test_where_a_key_may_stand(
    door: Door, headers: dict[str, str], query: dict[str, str], body: dict[str, str]
) -> None:
    assert door.send({**VIEW, **body}, key=None, headers=headers, query=query).status == 202
    assert (
        door.send(
            {**batch(VIEW), **body}, key=None, headers=headers, query=query, path="/api/v1/analytics/event/batch"
        ).status
        == 202
    )


@pytest.mark.parametrize(
    ("headers", "query", "body", "status"),
    [
        ({}, {}, VIEW, 401),
        ({"authorization": "Bearer nobody"}, {}, VIEW, 401),
        ({"authorization": "Bearer nobody"}, {"key": "w"}, VIEW, 401),
        ({"authorization": "Bearer \ud800"}, {}, VIEW, 401),
        ({"authorization": "Basic !!"}, {}, VIEW, 401),
        ({"authorization": "Basic /w=="}, {}, VIEW, 401),
        ({"authorization": "Digest w"}, {}, VIEW, 401),
        ({"x-write-key": "w" * 5000}, {}, VIEW, 401),
        ({}, {}, {**VIEW, "writeKey": ["w"]}, 401),
        ({}, {}, '{"writeKey": "w", NaN}', 401),
        ({"authorization": "Bearer r"}, {}, VIEW, 403),
        ({"authorization": "Bearer a"}, {}, VIEW, 403),
        ({"authorization": "Bearer gone"}, {}, VIEW, 403),
    ],
)
def test_who_may_not_send(
    door: Door, headers: dict[str, str], query: dict[str, str], body: object, status: int
) -> None:
    answer = door.send(body, key=None, headers=headers, query=query)
    assert answer.status == status
    assert answer.json["status"] == status
    assert not door.letters, "counted, not kept"
    assert not door.records


def test_sites_of_keys(door: Door) -> None:
    assert door.send({**VIEW, "website_id": "blog"}).status == 202
    foreign = door.send({**VIEW, "website_id": "shop"})
    assert (foreign.status, foreign.json["results"][0]["code"]) == (422, "wrong_site")
    assert door.letters[-1].site == "blog"
    nameless = door.send(VIEW, key="all")
    assert (nameless.status, nameless.json["results"][0]["code"]) == (422, "invalid")
    assert door.letters[-1].site == "-"
    unknown = door.send({**VIEW, "website_id": "nowhere"}, key="all")
    assert unknown.json["results"][0]["code"] == "unknown_site"
    assert door.send(VIEW, key="all", query={"website_id": "shop"}).status == 202
    assert [event.site for event in door.events] == ["blog", "shop"]


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


def test_gzip_is_known_by_its_bytes(door: Door) -> None:
    body = base64.b64encode(gzip.compress(json.dumps([VIEW] * 3).encode())).decode()
    for headers in ({"content-type": "text/plain"}, {"content-encoding": "gzip"}):
        assert door.send(body, encoded=True, headers=headers).json["accepted"] == 3
    assert door.send(VIEW, headers={"content-encoding": "gzip"}).status == 202
    assert door.send(VIEW, headers={"content-encoding": "br"}).status == 415


def test_json_is_read_whatever_it_is_called(door: Door) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        assert door.send(VIEW, headers={"content-type": kind}).status == 202
    assert door.send("\ufeff" + json.dumps(VIEW)).status == 202


def test_preflight_and_origins(door: Door) -> None:
    answer = door.send(None, method="OPTIONS", key=None, headers={"origin": "https://example.org"})
    assert answer.status == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert {"authorization", "content-type", "x-write-key", "content-encoding"} <= set(
        answer.headers["access-control-allow-headers"].split(", ")
    )
    assert int(answer.headers["access-control-max-age"]) > 0
    for answer in (door.send(VIEW), door.send({}), door.send(VIEW, key=None), door.send(VIEW, path="/api/nowhere")):
        assert answer.headers["access-control-allow-origin"] == "*"


def test_paths_and_methods(door: Door) -> None:
    assert door.send(VIEW, path="/api/events/").status == 202
    assert door.send(VIEW, path="/api/nowhere").status == 404
    answer = door.send(VIEW, method="GET")
    assert (answer.status, answer.headers["allow"]) == (405, "POST, OPTIONS")


def test_switched_off(door: Door, environment: pytest.MonkeyPatch) -> None:
    door.install(environment, ANALYTICS_ENABLED="false")
    answer = door.send(VIEW)
    assert answer.status == 503
    assert int(answer.headers["retry-after"]) > 0


def test_the_front_door(door: Door, environment: pytest.MonkeyPatch) -> None:
    door.install(environment, ORIGIN_SECRET="open sesame")
    viewer = {"x-viewer-ip": "198.51.100.9", "x-forwarded-for": "192.0.2.1"}
    assert door.send(VIEW, headers=viewer).status == 403
    assert door.send(VIEW, headers={**viewer, "x-origin-secret": "wrong \ud800"}).status == 403
    assert door.send(VIEW, headers={**viewer, "x-origin-secret": "open sesame"}).status == 202
    assert door.events[0].hash == keyed_number(b"blog 2026-05-28", "blog", "198.51.100.9", CHROME)


def test_only_the_gateway_says_the_address(door: Door) -> None:
    for forged in ({}, {"x-forwarded-for": "192.0.2.1"}, {"x-viewer-ip": "192.0.2.1"}, {"forwarded": "for=192.0.2.1"}):
        door.send(VIEW, headers=forged)
    assert {event.hash for event in door.events} == {keyed_number(b"blog 2026-05-28", "blog", "203.0.113.7", CHROME)}


def test_rates(door: Door, environment: pytest.MonkeyPatch) -> None:
    door.install(environment, ANALYTICS_RATE_LIMIT_PER_IP="3", ANALYTICS_RATE_LIMIT_PER_KEY="5")
    assert [door.send(VIEW).status for _ in range(4)] == [202, 202, 202, 429]
    assert [door.send(VIEW, address="203.0.113.8").status for _ in range(2)] == [202, 202]
    refused = door.send(VIEW, address="203.0.113.9")
    assert refused.status == 429, "five of the key went through; the refused one did not count"
    assert int(refused.headers["retry-after"]) == 61
    assert not door.letters
    assert [door.send(VIEW, key="s").status for _ in range(6)] == [202] * 5 + [429], "addresses count for write keys"
    door.now += 60 * SECOND
    assert door.send(VIEW).status == 202


def test_an_odd_agent_is_no_failure(door: Door) -> None:
    for agent in ("\ud800", "\x00", "x" * 100_000, "ü", "Mozilla/5.0 " + "(" * 2000):
        assert door.send(VIEW, headers={"user-agent": agent}).status == 202


def test_a_failure_of_ours_is_a_bare_500(door: Door, environment: pytest.MonkeyPatch, capsys) -> None:
    environment.setattr("streamgauge.ingestion.pipeline.identify", lambda _call: 1 / 0)
    answer = door.send(VIEW)
    assert answer.status == 500
    assert "division" not in answer.text
    assert "ZeroDivisionError" in capsys.readouterr().out


def test_silent_on_success(door: Door, capsys) -> None:
    door.send(VIEW)
    assert capsys.readouterr().out == ""
