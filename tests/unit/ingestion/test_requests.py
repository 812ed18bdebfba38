"""Requests as HTTP brings them: encodings, preflights, paths, the front door, and failures of ours."""

import base64
import gzip
import json

import pytest
from streamgauge.ids import keyed_number

from tests.support.ingest_door import CHROME, Door

VIEW = {"event_type": "page_view", "url": "https://example.org/a/?x=1#top", "anonymous_id": "ann"}


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


def test_a_failure_of_ours_is_a_bare_500(door: Door, environment: pytest.MonkeyPatch, capsys) -> None:
    environment.setattr("streamgauge.ingestion.pipeline.identify", lambda _call: 1 / 0)
    answer = door.send(VIEW)
    assert answer.status == 500
    assert "division" not in answer.text
    assert "ZeroDivisionError" in capsys.readouterr().out


def test_silent_on_success(door: Door, capsys) -> None:
    door.send(VIEW)
    assert capsys.readouterr().out == ""
