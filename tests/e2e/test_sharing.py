"""A password that is shared, on the running stack: from the calls about sessions to the webhook that is told, by schedule alone."""

from __future__ import annotations

import hmac
import json
import threading
import time
import uuid
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer

import boto3
import pytest

from infra.building import ROOT

pytestmark = pytest.mark.e2e

A = "/api/v1/analytics"
SECRET = "a-secret-of-sixteen-characters"


@pytest.fixture
def hook():
    """Return a webhook: its address, and what it got."""
    got = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            got.append((dict(self.headers), self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/alerts", got
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def site(stack, hook):
    settings = {"concurrent_streams_threshold": 2, "alert_webhook_url": hook[0], "alert_webhook_secret": SECRET}
    body = {"name": "Home", "site_id": f"home-{uuid.uuid4().hex[:10]}", "settings": settings}
    made = stack.ask("POST", "/api/v1/sites", "admin", json=body)
    assert made.status_code == 201, made.text
    return made.json()


def test_an_alert_is_raised_by_schedule_told_to_the_webhook_and_dismissed(stack, site, hook, eventually):
    def call(method, path, scope="server", **request):
        headers = {"authorization": f"Bearer {site['keys'][scope]}"}
        return stack.ask(method, f"{A}/{path}", headers=headers, **request)

    began = time.time()
    said = {"user_id": "anna", "content_type": "movie", "ip_address": "203.0.113.7"}
    sessions = [
        call("POST", "sessions", json={**said, "content_id": f"film-{n}", "device_id": f"d{n}"}) for n in range(3)
    ]
    assert {one.status_code for one in sessions} == {201}, [one.text for one in sessions]

    def beat_and_look():
        for one in sessions:
            assert call("PUT", f"sessions/{one.json()['id']}", json={}).status_code == 200
        time.sleep(2)
        return bool(call("GET", "sharing/alerts", "read").json()["results"])

    eventually(beat_and_look, 120)
    print(f"raised {time.time() - began:.0f} s after the first start")
    (alert,) = call("GET", "sharing/alerts?status=open", "read").json()["results"]
    assert (alert["alert_type"], alert["severity"], alert["user_id"]) == ("concurrent_streams", "low", "anna")

    eventually(lambda: bool(hook[1]), 30)
    headers, body = hook[1][0]
    told = {name.lower(): value for name, value in headers.items()}
    moment, made = (part.partition("=")[2] for part in told["streamgauge-signature"].split(","))
    assert made == hmac.new(SECRET.encode(), f"{moment}.".encode() + body, sha256).hexdigest()
    assert json.loads(body)["payload"]["id"] == alert["id"]

    dismissed = call("POST", f"sharing/alerts/{alert['id']}/dismiss", "admin", json={"note": "ours"})
    assert dismissed.json()["status"] == "dismissed"
    done = stack.invoke("sharing_detection", {})
    assert done.status_code == 200, done.text
    assert "FunctionError" not in str(done.headers), done.text
    assert call("GET", "sharing/alerts?status=open", "read").json()["results"] == []
    assert len(hook[1]) == 1


def test_what_stands_in_the_outbox_after_a_stop_is_sent_too(stack, site, hook, eventually):
    def put(name):
        sample = json.loads((ROOT / "events/table/alert_sender/alert.json").read_text())
        item = sample["Records"][0]["dynamodb"]["NewImage"]
        message = json.loads(item["message"]["S"]) | {"id": name, "site_id": site["site_id"]}
        item |= {"pk": {"S": site["site_id"]}, "sk": {"S": name}, "message": {"S": json.dumps(message)}}
        dynamodb = boto3.Session("test", "test", region_name="us-east-1").client(
            "dynamodb", endpoint_url=stack.endpoints["aws_endpoint_url"]
        )
        dynamodb.put_item(TableName=stack.endpoints["resources"]["outbox_table"], Item=item)

    def told():
        return [json.loads(body)["id"] for _, body in hook[1]]

    put("before")
    eventually(lambda: told() == ["before"], 30)
    stack.run("down")
    stack.run("up")
    put("after")
    eventually(lambda: told() == ["before", "after"], 30)
