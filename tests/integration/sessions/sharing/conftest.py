"""A media server whose users share, and the detection that looks at them."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from streamgauge.access import registry, sites
from streamgauge.ingestion import spots
from streamgauge.jobs import sharing as job
from streamgauge.jobs.slots import Slot
from streamgauge.places.lookup import NOWHERE, Place, Position
from streamgauge.store import dynamo

from functions.api import sharing
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


def set_site(server, **settings):
    change = sites.SiteChange(settings=settings)
    sites.change_site(server.connection, "blog", change)
    site = registry.read_site("blog")
    registry.project_site(registry.SiteRecord(**{**as_fields(site), "settings": {**site.settings, **settings}}))
    registry.forget()


def as_fields(site):
    return {name: getattr(site, name) for name in registry.SiteRecord.__dataclass_fields__}


def outbox():
    return dynamo.scan("outbox").items
