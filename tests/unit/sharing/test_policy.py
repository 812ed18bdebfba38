"""Whether and by what a site is looked at: its own settings, else the stage's, else the defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from streamgauge.access.registry import SiteRecord
from streamgauge.settings import settings
from streamgauge.sharing.models import Thresholds
from streamgauge.sharing.policy import is_enabled, thresholds_of

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def read_anew() -> Iterator[None]:
    settings.cache_clear()
    yield
    settings.cache_clear()


def site(**own: Any) -> SiteRecord:
    return SiteRecord("s", 1, "S", "UTC", (), own, b"secret")


def test_the_defaults_are_those_of_the_definitions():
    assert thresholds_of({}) == Thresholds(concurrent_streams=3, geo_distance_km=500, geo_speed_kmh=900, device_spike=5)
    assert is_enabled(site())


def test_a_stage_sets_others_and_a_site_its_own(monkeypatch):
    for name, value in (
        ("CONCURRENT_STREAMS_THRESHOLD", "4"),
        ("GEO_DISTANCE_THRESHOLD_KM", "800"),
        ("GEO_SPEED_THRESHOLD_KMH", "1000"),
        ("DEVICE_SPIKE_THRESHOLD", "7"),
    ):
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    assert thresholds_of({"device_spike_threshold": 9}) == Thresholds(
        concurrent_streams=4, geo_distance_km=800, geo_speed_kmh=1000, device_spike=9
    )


def test_a_stage_turns_it_off_and_a_site_on_again(monkeypatch):
    monkeypatch.setenv("ANALYTICS_SHARING_DETECTION_ENABLED", "false")
    settings.cache_clear()
    assert not is_enabled(site())
    assert is_enabled(site(sharing_detection_enabled=True))
