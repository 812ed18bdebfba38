"""The sample requests of ingest, as files."""

import json
from pathlib import Path

import pytest
from streamgauge.settings import settings

from functions.api import ingest
from tests.support.ingest_door import Door

SAMPLES = Path(__file__).parents[4] / "events" / "http" / "ingest"


@pytest.fixture
def door(environment: pytest.MonkeyPatch) -> Door:
    environment.delenv("ORIGIN_SECRET", raising=False)
    door = Door()
    door.install(environment)
    return door


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.json")), ids=lambda path: path.stem)
def test_samples(door: Door, path: Path) -> None:
    sample = json.loads(path.read_text("utf-8"))
    expected = {"preflight": 204, "mixed_batch": 207, "refused_event": 422, "without_key": 401}
    # Clients of most other tools take 200 alone for an answer.
    usual = 200 if path.stem.startswith(("segment", "rudderstack", "posthog", "umami")) else 202
    answer = ingest.respond(sample, door.pipeline, door.now)
    assert answer["statusCode"] == expected.get(path.stem, usual), answer


def test_the_handler_keeps_one_pipeline(door: Door) -> None:
    sample = json.loads((SAMPLES / "page_view.json").read_text("utf-8"))
    ingest.pipeline_of_container.cache_clear()
    settings.cache_clear()
    for _ in range(2):
        assert ingest.handler(sample, None)["statusCode"] == 202
    assert [event.receipt.n for event in door.events] == [0, 1]
