"""Cases of other tools, read as facts: distance, travel, streams, places, addresses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from streamgauge.places import lookup
from streamgauge.sharing.detectors import concurrent_streams, device_spike, geo_impossible
from streamgauge.sharing.geography import distance_km, is_impossible
from streamgauge.sharing.models import DAY, HOUR, Point

from tests.support.watching import NOON, watched

FOLDER = Path(__file__).parents[4] / "shared" / "data" / "sharing"
FILES = sorted(FOLDER.glob("*.json"))
CASES = [case for file in FILES for case in json.loads(file.read_text())["cases"]]

pytestmark = pytest.mark.skipif(not CASES, reason="../shared/data/sharing is not beside the checkout")


def violates(case, found):
    return bool(found) is case["expected"]["violation"]


def distance(case):
    found, expected = distance_km(*case["a"], *case["b"]), case["expected"]
    if "value" in expected:
        return found == expected["value"]
    return found is not None and expected["min"] <= found <= expected["max"]


def travel(case):
    gap = round(case["seconds"] * HOUR / 3600)
    there = distance_km(*case["from"], *case["to"])
    return is_impossible(there, gap, case["max_speed_kmh"]) is case["expected"]


def private(case):
    found = lookup._read(case["ip"])
    return (found is None or not found.is_global) is case["expected"]


def playing(case):
    """Return the sessions of the current one's user that play, at the same time, each on its own device."""
    user = case["current"]["user"]
    told = [one for one in (case["current"], *case["others"]) if one["user"] == user]
    ids = {one["id"]: one for one in told if one["state"] == "playing"}
    return [
        watched(
            name,
            one.get("device") or name,
            0,
            1,
            Point(one["lat"], one["lon"], 0.0) if one.get("lat") is not None and one.get("lon") is not None else None,
        )
        for name, one in sorted(ids.items())
    ]


def streams(case):
    sessions = playing(case)
    return len(sessions) == case["expected"]["count"] and violates(
        case, concurrent_streams(sessions, case["max_streams"])
    )


def locations(case):
    return bool(geo_impossible(playing(case), case["min_distance_km"], 900)) is case["expected"]


def addresses(case):
    """An address stands for a device that was not seen before."""
    told = [*case["sessions"], {"ip": case["current_ip"], "hours_ago": 0}]
    hours = case["window_hours"] / 24
    sessions = sorted(
        (watched(str(n), one["ip"], -one["hours_ago"] / hours, 1) for n, one in enumerate(told)),
        key=lambda one: one.start,
    )
    known = {one.device for one in sessions if one.start > NOON - DAY}
    found = device_spike(sessions, (), NOON - 300 * DAY, case["max_ips"])
    return len(known) == case["expected"]["count"] and violates(case, found)


CHECKS = {
    "distance_km": distance,
    "impossible_travel": travel,
    "private_ip": private,
    "concurrent_streams": streams,
    "simultaneous_locations": locations,
    "unique_ips_in_window": addresses,
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['kind']}-{case.get('id', case.get('ip', ''))}")
def test_a_case_of_another_tool(case):
    assert CHECKS[case["kind"]](case), case
