"""A service in memory behind the command's own HTTP client."""

import gzip
import json

import httpx
import pytest
from streamgauge_cli.connection import Connection
from typer.testing import CliRunner

URL = "http://service.test"


class FakeService:
    """Keeps events by id, as the real one counts them; `answers` maps (method, path) to what other calls get."""

    def __init__(self):
        self.events = {}
        self.views = []
        self.sessions = []
        self.calls = []
        self.answers = {}
        self.batches = 0
        self.refuse = lambda _: None
        self.fail_after = None

    def __call__(self, request):
        path = request.url.path
        if path == "/api/v1/analytics/event/batch":
            return self._batch(request)
        if path.startswith("/api/analytics/view/"):
            self.views.append((path.rpartition("/")[2], json.loads(request.content)))
            return httpx.Response(202, json={"message": "View tracked successfully", "accepted": 1})
        body = json.loads(request.content) if request.content else None
        if path.startswith("/api/v1/analytics/sessions"):
            self.sessions.append((request.method, path, body))
            return httpx.Response(204 if request.method == "DELETE" else 201, json=None)
        self.calls.append((request.method, path, dict(request.url.params), body, request.headers.get("authorization")))
        answer = self.answers.get((request.method, path))
        if isinstance(answer, list):
            answer = answer.pop(0)
        if answer is None:
            return httpx.Response(404, json={"title": "Not Found", "detail": "There is no such thing."})
        status, said = answer
        return httpx.Response(status, json=said) if said is not None else httpx.Response(status)

    def _batch(self, request):
        self.batches += 1
        if self.fail_after is not None and self.batches > self.fail_after:
            return httpx.Response(403, json={"title": "Forbidden", "detail": "No."})
        events = json.loads(gzip.decompress(request.content))["events"]
        results = []
        for index, event in enumerate(events):
            reason = self.refuse(event)
            if reason is None:
                self.events[event["event_id"]] = event
            results.append(
                {"index": index, "event_id": event["event_id"], "status": "accepted"}
                if reason is None
                else {
                    "index": index,
                    "event_id": event["event_id"],
                    "status": "rejected",
                    "code": reason,
                    "detail": "Why.",
                }
            )
        accepted = sum(result["status"] == "accepted" for result in results)
        said = {"accepted": accepted, "duplicates": 0, "rejected": [], "results": results}
        return httpx.Response(202 if accepted == len(events) else 207, json=said)


@pytest.fixture
def service(monkeypatch, tmp_path):
    """Return the service that every command of this test talks to; the working directory is empty."""
    fake = FakeService()
    make = Connection.client
    monkeypatch.setattr(Connection, "client", lambda self: make(self, httpx.MockTransport(fake)))
    for name in ("STREAMGAUGE_HOME", "STREAMGAUGE_URL", "STREAMGAUGE_KEY", "STREAMGAUGE_SITE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("streamgauge_cli.connection.CHECKOUT", tmp_path)
    monkeypatch.chdir(tmp_path)
    return fake


@pytest.fixture
def local_stack(service, monkeypatch, tmp_path):
    """Return the state folder of a local stack at the service's address."""
    home = tmp_path / "home"
    home.mkdir()
    said = {
        "base_url": URL,
        "site_id": "main",
        "keys": {"write": "sgw_1", "server": "sgs_1", "read": "sgr_1", "admin": "sga_1"},
    }
    (home / "endpoints.json").write_text(json.dumps(said))
    monkeypatch.setenv("STREAMGAUGE_HOME", str(home))
    return home


@pytest.fixture
def run():
    """Run the command with arguments; the outcome has exit_code, stdout, stderr and exception."""
    from streamgauge_cli.main import app

    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])
