"""How often agents and referrers are read right, on public test cases that lie beside the checkout (`docs/accuracy.md`).

`pytest -s tests/unit/ingestion/test_accuracy.py` prints the figures. The floors leave room for other cases of the same kind.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from streamgauge.ingestion.acquisition import acquisition
from streamgauge.ingestion.agents import read_agent
from streamgauge.ingestion.models import SentEvent

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
CLASSES = {
    "desktop": "desktop",
    "smartphone": "mobile",
    "phablet": "mobile",
    "feature phone": "mobile",
    "tablet": "tablet",
    "tv": "tv",
    "console": "console",
    "wearable": "wearable",
}
CHANNELS = {"chatbot": "ai", "unknown": "referral", "internal": "direct"}


def cases(name: str, key: str) -> list[dict[str, Any]]:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{path} is not beside this checkout")
    return json.loads(path.read_text("utf-8"))[key]


def share(what: str, right: Iterable[bool]) -> float:
    answers = list(right)
    print(f"{what}: {sum(answers)} of {len(answers)} ({sum(answers) / len(answers):.1%})")
    return sum(answers) / len(answers)


def test_families_of_browsers_and_systems() -> None:
    for name, field in (("ua", "browser"), ("os", "os")):
        known = cases(f"user-agents/uap_core_test_{name}.json", "cases")
        right = ((getattr(read_agent(c["user_agent_string"]), field) or "Other") == c["family"] for c in known)
        assert share(f"family of {field}", right) >= 0.99


def test_classes_of_devices() -> None:
    known = [
        (CLASSES[c["device"]["type"]], read_agent(c["user_agent"]).device)
        for c in cases("user-agents/matomo_device_cases.json", "cases")
        if not c["bot"] and c["device"]["type"] in CLASSES
    ]
    assert share("class of device", (wanted == found for wanted, found in known)) >= 0.9
    for kind, floor in (("desktop", 0.85), ("mobile", 0.95), ("tablet", 0.75), ("tv", 0.7)):
        assert share(f"… {kind}", (found == kind for wanted, found in known if wanted == kind)) >= floor


def test_bots() -> None:
    matomo = cases("user-agents/matomo_device_cases.json", "cases")
    listed = cases("user-agents/bot_user_agents.json", "bots")
    assert share("bots of crawler-user-agents", (read_agent(c["ua"]).bot for c in listed)) >= 0.99
    assert share("bots of Matomo", (read_agent(c["user_agent"]).bot for c in matomo if c["bot"])) >= 0.6
    people = (read_agent(c["user_agent"]).bot for c in matomo if not c["bot"])
    assert share("people of Matomo taken for bots", people) <= 0.005


def test_channels_of_referrers() -> None:
    known = cases("referrers/referer_parser_cases.json", "cases")
    found = [
        acquisition(SentEvent(event_type="page_view", referrer=c["uri"]), ("www.snowplowanalytics.com",)) for c in known
    ]
    pairs = list(zip(known, found, strict=True))
    assert share("channel of referrer", (CHANNELS.get(c["medium"], c["medium"]) == f.channel for c, f in pairs)) >= 0.9
    assert share("source of referrer", ((c["source"] or f.source).lower() == f.source.lower() for c, f in pairs)) >= 0.7
