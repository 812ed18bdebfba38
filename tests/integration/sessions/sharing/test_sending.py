"""Alerts that leave: signed webhooks and the topic, from the outbox to who is told."""

from __future__ import annotations

import hmac
import json
import threading
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from streamgauge.access import registry
from streamgauge.jobs import sharing as job
from streamgauge.sharing import sending
from streamgauge.store import topics, webhooks

from functions.api import admin
from functions.streams import alert_sender
from tests.integration.sessions.sharing.conftest import (
    BERLIN,
    alerts,
    begin,
    detect,
    outbox,
    set_site,
    share,
    slot,
    watch,
)
from tests.support.requests import key, request


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
    sending.forget()
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
        sending.forget()
        hook.answers = [500] * 3
        assert alert_sender.handler(leaving(), None) == {"batchItemFailures": [{"itemIdentifier": "0"}]}
        ids = {headers["streamgauge-id"] for headers, _ in hook.got}
        assert len(ids) == 1


def test_a_webhook_that_stays_away_keeps_back_neither_the_mail_nor_the_alerts_behind_it(raised, monkeypatch):
    told = []
    monkeypatch.setenv("ALERT_TOPIC_ARN", "arn:aws:sns:eu-central-1:123456789012:alerts")
    sending.settings.cache_clear()
    monkeypatch.setattr(topics, "publish", lambda *said: told.append(said))
    playing = [begin(raised, f"more{n}", BERLIN) for n in range(4)]
    watch(raised, *playing, minutes=1)
    detect(raised)
    event = leaving()
    assert len(event["Records"]) == 3
    with Hook(*[500] * 3, 200, 200, *[500] * 3, 200) as hook:
        set_site(raised, alert_webhook_url=hook.url, alert_webhook_secret=SECRET)
        first_fails = {"batchItemFailures": [{"itemIdentifier": "0"}]}
        assert alert_sender.handler(event, None) == first_fails
        assert len(told) == 3
        assert alert_sender.handler(event, None) == first_fails
        assert alert_sender.handler(event, None) == {"batchItemFailures": []}
        assert len({headers["streamgauge-id"] for headers, _ in hook.got}) == 3
        assert len(hook.got) == 9, "what a webhook has taken is not sent again"
    assert len(told) == 3, "nor is a mail"


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


@pytest.mark.parametrize(
    "address",
    [
        *("10.0.0.1", "127.0.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "::1", "fd00::1"),
        "fe80::1%eth0",
        # IPv4 in the clothes of IPv6: mapped, compatible, translated (twice), by 6to4 and Teredo.
        *("::ffff:10.0.0.1", "::10.0.0.1", "64:ff9b::a00:1", "64:ff9b:1::a00:1", "2002:a00:1::1", "2001:0:a00:1::1"),
    ],
)
def test_an_address_that_leads_or_may_lead_inside_is_not_public(address):
    assert not webhooks.is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_other_addresses_are(address):
    assert webhooks.is_public(address)


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
    assert registry.read_site("blog").settings["alert_webhook_secret"] == SECRET
