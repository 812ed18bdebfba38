"""The sample events in `events/http` are answered by their functions."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from streamgauge.access import registry
from streamgauge.store import dynamo

from functions.api import goals, journeys, video, views, web

FUNCTIONS = {"web": web, "journeys": journeys, "goals": goals, "video": video, "views": views}
HTTP = Path(__file__).parents[3] / "events" / "http"
SAMPLES = sorted(path for name in FUNCTIONS for path in (HTTP / name).glob("*.json"))


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_sample(site, monkeypatch, path):
    public = replace(site, settings={"public_view_stats": True})
    monkeypatch.setattr(registry, "find_site", {"blog": public}.get)
    monkeypatch.setattr(dynamo, "batch_get", lambda _, keys: [{**key, "n": 1} for key in keys])
    answer = FUNCTIONS[path.parent.name].handler(json.loads(path.read_text("utf-8")), None)
    assert answer["statusCode"] in (200, 201, 204)
    assert answer["body"] or answer["statusCode"] == 204
