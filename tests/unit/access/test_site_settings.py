import pytest
from streamgauge.access.site_settings import flag, merged, view_window_seconds


def test_a_change_merges_and_null_removes() -> None:
    before = {"view_window": "1h", "catalog_strict": True}
    assert merged(before, {"view_window": None, "play_min_seconds": 5}) == {
        "catalog_strict": True,
        "play_min_seconds": 5,
    }


@pytest.mark.parametrize(("own", "seconds"), [("1h", 3600), ("0", 0), ("90", 90), ("30 m", 1800), (None, 7200)])
def test_the_view_window_is_the_sites_else_the_stages(environment, own, seconds) -> None:
    environment.setenv("ANALYTICS_VIEW_WINDOW", "2h")
    assert view_window_seconds({"view_window": own}) == seconds


def test_flags_are_the_sites_else_the_stages_else_the_default(environment) -> None:
    environment.setenv("ANALYTICS_CATALOG_STRICT", "true")
    assert flag({}, "public_view_stats") is False
    assert flag({}, "sharing_detection_enabled") is True
    assert flag({"public_view_stats": True}, "public_view_stats") is True
    assert flag({}, "catalog_strict") is True
    assert flag({"catalog_strict": False}, "catalog_strict") is False
