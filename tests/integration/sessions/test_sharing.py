"""Sharing detection from the call about a session to the alert that leaves: real Postgres, DynamoDB by moto."""

from __future__ import annotations

import hmac
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from streamgauge.access import registry, sites
from streamgauge.ingestion import spots
from streamgauge.jobs import sharing as job
from streamgauge.jobs.slots import Slot
from streamgauge.places.lookup import NOWHERE, Place, Position
from streamgauge.sharing import sending
from streamgauge.store import dynamo, topics, webhooks
from streamgauge.warehouse import pending

from functions.api import admin, sharing
from functions.streams import alert_sender
from tests.integration.sessions.conftest import A
from tests.support.requests import key, request

BERLIN, TOKYO, YORK = "192.0.2.1", "192.0.2.2", "192.0.2.3"
PLACES = {BERLIN: Place("DE", None, "Berlin"), TOKYO: Place("JP", None, "Tokyo"), YORK: Place("US", None, "New York")}
POSITIONS = {
    BERLIN: Position(52.52, 13.4, 50.0),
    TOKYO: Position(35.68, 139.69, 50.0),
    YORK: Position(40.71, -74.0, 50.0),
}


@pytest.fixture(autouse=True)
def world(server, monkeypatch):
    monkeypatch.setattr(spots, "place_of", lambda address: PLACES.get(address, NOWHERE))
    monkeypatch.setattr(spots, "position_of", POSITIONS.get)
    monkeypatch.setattr(sharing, "time", server.clock)
    monkeypatch.setattr(job.time, "sleep", lambda _: None)


def slot(server, *, by_hand=True):
    return Slot(datetime.fromtimestamp(server.clock.now, UTC), by_hand=by_hand)


def detect(server, **how):
    server.settle()
    return job.detect_sharing(slot(server, **how))


def ask(method, path, *, scope="read", body=None, query=""):
    event = request(method, f"{A}/sharing/{path}", caller=key("blog", scope), body=body, query=query)
    answer = sharing.handler(event, None)
    return answer["statusCode"], json.loads(answer["body"])


def alerts(query=""):
    status, body = ask("GET", "alerts", query=query)
    assert status == 200, body
    return body["results"]


def begin(server, device, address=BERLIN, user="anna"):
    status, body = server.start(user_id=user, device_id=device, content_id=f"film-{device}", ip_address=address)
    assert status == 201, body
    return body["id"]


def watch(server, *sessions, minutes=2):
    for _ in range(minutes):
        server.after(60)
        for session in sessions:
            assert server.call("PUT", f"sessions/{session}", {})[0] == 200


def share(server, user="anna"):
    """Two devices play at once, on two continents."""
    there = [begin(server, f"{user}-tv", BERLIN, user), begin(server, f"{user}-tablet", TOKYO, user)]
    watch(server, *there)
    return there


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


@pytest.mark.parametrize(
    "trusted",
    [{"devices": ["anna-tablet"]}, {"networks": [f"{TOKYO}/32"]}, {"networks": ["192.0.2.0/24"]}, {"users": ["anna"]}],
)
def test_what_is_trusted_is_left_out(server, trusted):
    status, answer = ask("PUT", "trusted", scope="admin", body=trusted)
    assert status == 200
    assert ask("GET", "trusted", scope="admin") == (200, answer)
    share(server)
    share(server, "ben")
    detect(server)
    left = "networks" in trusted
    assert [one["user_id"] for one in alerts()] == ([] if left else ["ben"])


def test_alerts_are_listed_by_user_and_status_page_by_page(server):
    for user in ("anna", "ben", "cleo"):
        share(server, user)
    detect(server)
    assert [one["user_id"] for one in alerts("user_id=ben")] == ["ben"]
    assert alerts("user_id=nobody") == []
    _, page = ask("GET", "alerts", query="limit=2")
    _, rest = ask("GET", "alerts", query=f"limit=2&cursor={page['next_cursor']}")
    assert {one["user_id"] for one in page["results"] + rest["results"]} == {"anna", "ben", "cleo"}
    assert rest["next_cursor"] is None


@pytest.mark.parametrize(
    ("method", "path", "scope", "body", "query", "status"),
    [
        ("GET", "alerts", "read", None, "status=closed", 422),
        ("GET", "alerts", "read", None, "cursor=x", 422),
        ("POST", "alerts/nothing/dismiss", "admin", {}, "", 404),
        ("POST", "alerts/0b9c2f60-3a53-4f0e-9d5e-1f1c2d3e4f50/dismiss", "admin", None, "", 404),
        ("POST", "alerts/0b9c2f60-3a53-4f0e-9d5e-1f1c2d3e4f50/dismiss", "read", None, "", 403),
        ("GET", "trusted", "read", None, "", 403),
        ("PUT", "trusted", "admin", {"networks": ["home"]}, "", 422),
        ("PUT", "trusted", "admin", {"devices": ["a\u0000b"]}, "", 422),
        ("POST", "dry-run", "read", {}, "", 403),
        ("POST", "dry-run", "admin", {"thresholds": {"concurrent_streams_threshold": 0}}, "", 422),
        ("POST", "dry-run", "admin", {"startDate": "2026-05-02", "endDate": "2026-05-01"}, "", 422),
    ],
)
def test_what_cannot_be_asked(server, method, path, scope, body, query, status):
    assert ask(method, path, scope=scope, body=body, query=query)[0] == status


def test_a_dry_run_says_what_other_thresholds_would_have_raised_and_raises_nothing(server):
    playing = [begin(server, f"d{n}") for n in range(3)]
    watch(server, *playing)
    share(server, "ben")
    detect(server)
    assert [one["user_id"] for one in alerts()] == ["ben"]
    server.after(3600)
    _, own = ask("POST", "dry-run", scope="admin", body={})
    assert (own["total"], own["by_type"]) == (1, {"geo_impossible": 1})
    assert own["results"][0]["evidence"] == alerts()[0]["evidence"]
    _, tried = ask("POST", "dry-run", scope="admin", body={"thresholds": {"concurrent_streams_threshold": 1}})
    assert tried["by_type"] == {"concurrent_streams": 2, "geo_impossible": 1}
    assert tried["users"] == [{"user_id": "anna", "alerts": 1}, {"user_id": "ben", "alerts": 2}]
    assert len(alerts()) == 1


def test_a_site_that_wants_no_detection_has_none(server):
    set_site(server, sharing_detection_enabled=False)
    share(server)
    detect(server)
    assert alerts() == []


def test_a_sites_own_threshold_counts(server):
    set_site(server, geo_distance_threshold_km=20_000)
    share(server)
    detect(server)
    assert alerts() == []


def test_no_address_is_in_an_alert_and_alerts_outlive_the_addresses(server):
    playing = share(server)
    detect(server)
    (before,) = alerts()
    assert BERLIN not in json.dumps(before)
    server.connection.execute("UPDATE sessions SET ip_address = NULL")
    watch(server, *playing, minutes=1)
    detect(server)
    (after,) = alerts()
    assert after["id"] == before["id"]


def set_site(server, **settings):
    change = sites.SiteChange(settings=settings)
    sites.change_site(server.connection, "blog", change)
    site = registry._read_site("blog")
    registry.project_site(registry.SiteRecord(**{**as_fields(site), "settings": {**site.settings, **settings}}))
    registry.forget()


def as_fields(site):
    return {name: getattr(site, name) for name in registry.SiteRecord.__dataclass_fields__}


def outbox():
    return dynamo.scan("outbox").items


def leaving():
    """Return the event that the outbox's stream starts the sender with."""
    records = []
    for number, item in enumerate(outbox()):
        image = {name: {"N": str(value)} if name == "expires" else {"S": value} for name, value in item.items()}
        records.append({"eventName": "INSERT", "dynamodb": {"SequenceNumber": str(number), "NewImage": image}})
    return {"Records": records}


class Hook:
    """A webhook that answers what it is told to."""

    def __init__(self, *answers):
        self.answers, self.got = list(answers), []
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                hook.got.append((dict(self.headers), body))
                status = hook.answers.pop(0) if hook.answers else 200
                self.send_response(status)
                if status == 302:
                    self.send_header("location", f"http://127.0.0.1:{hook.server.server_port}/elsewhere")
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}/alerts?for=blog"


SECRET = "a-secret-of-sixteen-characters"


@pytest.fixture
def raised(server, monkeypatch):
    """An alert in the outbox, and a stage that may send to this machine."""
    monkeypatch.setenv("STREAMGAUGE_STAGE", "local")
    monkeypatch.setattr(sending, "PAUSE_SECONDS", 0)
    share(server)
    detect(server)
    return server


def test_a_webhook_gets_the_alert_signed(raised):
    with Hook() as hook:
        set_site(raised, alert_webhook_url=hook.url, alert_webhook_secret=SECRET)
        assert alert_sender.handler(leaving(), None) == {"batchItemFailures": []}
    ((headers, body),) = hook.got
    time, made = (part.partition("=")[2] for part in headers["streamgauge-signature"].split(","))
    assert made == hmac.new(SECRET.encode(), f"{time}.".encode() + body, sha256).hexdigest()
    message = json.loads(body)
    assert (message["type"], message["site_id"], message["id"]) == ("sharing_alert", "blog", headers["streamgauge-id"])
    assert message["payload"] == alerts()[0]


def test_a_webhook_that_fails_is_tried_again_and_one_that_stays_away_makes_lambda_come_back(raised):
    with Hook(500, 503, 200) as hook:
        set_site(raised, alert_webhook_url=hook.url, alert_webhook_secret=SECRET)
        assert alert_sender.handler(leaving(), None) == {"batchItemFailures": []}
        assert len(hook.got) == 3
        hook.answers = [500] * 3
        assert alert_sender.handler(leaving(), None) == {"batchItemFailures": [{"itemIdentifier": "0"}]}
        ids = {headers["streamgauge-id"] for headers, _ in hook.got}
        assert len(ids) == 1


@pytest.mark.parametrize("status", [302, 400, 410])
def test_a_redirect_is_not_followed_and_a_refusal_is_an_answer(raised, status):
    with Hook(status) as hook:
        set_site(raised, alert_webhook_url=hook.url, alert_webhook_secret=SECRET)
        assert alert_sender.handler(leaving(), None) == {"batchItemFailures": []}
        assert len(hook.got) == 1


def test_outside_a_laptop_nothing_private_and_nothing_plain_is_sent_to(raised, monkeypatch):
    with Hook() as hook:
        for address in (
            hook.url,
            hook.url.replace("http:", "https:"),
            "https://localhost/",
            "https://169.254.169.254/x",
        ):
            with pytest.raises(webhooks.RefusedAddressError):
                webhooks.post(address, b"{}", {})
        assert hook.got == []


def test_an_alert_leaves_again_only_when_it_became_worse(raised):
    job.detect_sharing(slot(raised))
    assert len(outbox()) == 1
    playing = [begin(raised, f"more{n}", BERLIN) for n in range(4)]
    watch(raised, *playing, minutes=1)
    detect(raised)
    assert sorted(item["sk"].partition("#")[2] for item in outbox()) == ["high", "high", "medium"]


def test_a_topic_gets_words(raised, monkeypatch):
    told = []
    monkeypatch.setenv("ALERT_TOPIC_ARN", "arn:aws:sns:eu-central-1:123456789012:alerts")
    sending.settings.cache_clear()
    monkeypatch.setattr(topics, "publish", lambda *said: told.append(said))
    alert_sender.handler(leaving(), None)
    ((topic, subject, text),) = told
    assert topic.endswith(":alerts")
    assert subject == "Streamgauge: medium geo_impossible on blog"
    assert "Places: Berlin DE, Tokyo JP" in text
    assert "confidence low" in text


def test_publishing_reaches_sns(raised):
    import boto3

    client = boto3.client("sns", endpoint_url=raised.aws.url, region_name="eu-central-1")
    topic = client.create_topic(Name="alerts")["TopicArn"]
    topics.publish(topic, "Grüße", "text")
    client.close()


def test_the_secret_of_a_webhook_is_taken_and_never_shown(server):
    change = {"settings": {"alert_webhook_url": "https://hooks.example.org/x", "alert_webhook_secret": SECRET}}
    for method, body in (("PATCH", change), ("GET", None)):
        event = request(method, "/api/v1/sites/blog", caller=key("blog", "admin"), body=body)
        answer = admin.handler(event, None)
        assert answer["statusCode"] == 200, answer
        assert SECRET not in answer["body"]
        assert json.loads(answer["body"])["settings"]["alert_webhook_secret"] == "(set)"
    assert registry._read_site("blog").settings["alert_webhook_secret"] == SECRET
