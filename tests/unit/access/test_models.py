import pytest
from pydantic import ValidationError
from streamgauge.access.models import NewKey, NewSite, SitePatch, change_of, normal_domain, zones
from streamgauge.errors import OutOfBoundsError


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Example.COM", "example.com"),
        ("https://www.example.com/path?x=1#y", "www.example.com"),
        ("example.com:8080", "example.com"),
        ("http://user:secret@example.com", "example.com"),
        ("example.com.", "example.com"),
        (" localhost ", "localhost"),
        ("münchen.example", "xn--mnchen-3ya.example"),
        ("127.0.0.1", "127.0.0.1"),
    ],
)
def test_domains_are_kept_in_one_form(given, kept) -> None:
    assert normal_domain(given) == kept


@pytest.mark.parametrize(
    "given", ["", " ", "a b", "exa mple.com", "-a.example", "a..b", "x" * 300, "[::1]", "a.-b", "é" * 70]
)
def test_what_is_no_domain_is_refused(given) -> None:
    with pytest.raises(ValueError, match=r"example\.com"):
        normal_domain(given)


def test_domains_of_a_site_are_distinct() -> None:
    assert NewSite(name="a", domains=["A.example", "a.example", "b.example"]).domains == ["a.example", "b.example"]


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5"])
def test_zones_of_the_database_are_taken(zone) -> None:
    assert NewSite(name="a", timezone=zone).timezone == zone


@pytest.mark.parametrize(
    "zone", ["", "Mars/Base", "europe/berlin", "../../etc/passwd", "localtime", "UTC\x00", "+02:00", 5]
)
def test_other_zones_are_refused(zone) -> None:
    with pytest.raises(ValidationError):
        NewSite(name="a", timezone=zone)


def test_there_are_the_zones_of_the_world() -> None:
    assert len(zones()) > 400


@pytest.mark.parametrize("site_id", ["blog", "My-Blog_2", "example.com", "6f9a0e8e-1d1c-4b34-a3b0-7a1f2f0f5c5e"])
def test_ids_that_a_site_may_have(site_id) -> None:
    assert NewSite(name="a", site_id=site_id).site_id == site_id


@pytest.mark.parametrize("site_id", ["", "*", "-a", "a#b", "a/b", "a b", "é", "a" * 65, "blog\n", 5])
def test_ids_that_it_may_not_have(site_id) -> None:
    with pytest.raises(ValidationError):
        NewSite(name="a", site_id=site_id)


@pytest.mark.parametrize(
    "wrong", [{}, {"name": ""}, {"name": " "}, {"name": "a" * 201}, {"name": "a", "more": 1}, [], "a", None]
)
def test_bodies_that_are_no_site(wrong) -> None:
    with pytest.raises(ValidationError):
        NewSite.model_validate(wrong)


@pytest.mark.parametrize(
    "body",
    [
        {"settings": {"view_window": "1h", "public_view_stats": True}},
        {"view_window": "1h", "public_view_stats": True},
        {"ANALYTICS_VIEW_WINDOW": "1h", "PUBLIC_VIEW_STATS": True},
        {"settings": {"ANALYTICS_VIEW_WINDOW": "1h"}, "public_view_stats": True},
    ],
)
def test_settings_may_be_written_in_each_way_they_are_named(body) -> None:
    assert change_of(SitePatch.model_validate(body)).settings == {"view_window": "1h", "public_view_stats": True}


@pytest.mark.parametrize(
    "settings",
    [
        {"unknown": 1},
        {"view_window": 5},
        {"view_window": "a day"},
        {"view_window": "99999999d"},
        {"catalog_strict": "yes"},
        {"catalog_strict": 1},
        {"aggregation_time": "24:00"},
        {"aggregation_time": "1:00"},
        {"concurrent_streams_threshold": 0},
        {"concurrent_streams_threshold": True},
        {"concurrent_streams_threshold": 2.5},
        {"geo_distance_threshold_km": -1},
        {"geo_speed_threshold_kmh": "fast"},
        {"play_min_seconds": 10**30},
    ],
)
def test_settings_out_of_bounds_are_named(settings) -> None:
    with pytest.raises(OutOfBoundsError) as refused:
        change_of(SitePatch(settings=settings))
    assert refused.value.errors[0][0] == ["body", "settings", next(iter(settings))]


def test_null_takes_a_setting_back() -> None:
    assert change_of(SitePatch(settings={"view_window": None})).settings == {"view_window": None}


def test_keys_have_a_scope() -> None:
    assert NewKey(scope="read").name == ""
    for wrong in ({}, {"scope": "root"}, {"scope": None}, {"scope": "read", "key": "mine"}):
        with pytest.raises(ValidationError):
            NewKey.model_validate(wrong)
