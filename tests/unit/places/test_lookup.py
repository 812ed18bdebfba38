from pathlib import Path

import pytest
from streamgauge.places import lookup
from streamgauge.places.attribution import attribution
from streamgauge.places.lookup import NOWHERE, Place, Position, normal, place_of, position_of
from streamgauge.settings import settings

from tests.support.mmdb import write_database

# MaxMind's own test database, which is not part of the project.
MAXMIND = Path(__file__).resolve().parents[4] / "shared" / "data" / "geoip" / "GeoLite2-City-Test.mmdb"

MOUNTAIN_VIEW = {
    "country_code": "US",
    "state1": "California",
    "city": "Mountain View",
    "latitude": 37.5,
    "longitude": -122.0,
}


@pytest.fixture
def told(environment: pytest.MonkeyPatch):
    def tell(path: object, attributed: str = "") -> None:
        environment.setenv("ANALYTICS_GEOIP_DB_PATH", str(path))
        environment.setenv("PLACES_ATTRIBUTION", attributed)
        forget()

    yield tell
    forget()


def forget() -> None:
    settings.cache_clear()
    place_of.cache_clear()
    lookup._readers.cache_clear()


@pytest.fixture
def flat(told, tmp_path: Path):
    """Two databases with flat records, a file for each family of addresses, as the free ones are."""
    four = {
        "8.8.8.0/24": MOUNTAIN_VIEW,
        "9.9.9.0/24": {"country_code": "CH", "state1": None, "city": "", "latitude": 47.0, "longitude": 8.0},
        "9.9.8.0/24": {"country_code": "CH", "city": "Bern", "latitude": "46.9", "longitude": "7.4"},
        "9.9.7.0/24": {"country_code": "CH", "city": "Bern", "latitude": 146.9, "longitude": 7.4},
        "10.0.0.0/8": MOUNTAIN_VIEW,
        "100.64.0.0/10": MOUNTAIN_VIEW,
    }
    write_database(tmp_path / "b-v4.mmdb", four)
    write_database(tmp_path / "a-v6.mmdb", {"2001:4860::/32": MOUNTAIN_VIEW | {"city": "Ü" * 40}}, version=6)
    told(tmp_path)


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("8.8.8.8", Place("US", "California", "Mountain View")),
        ("::ffff:8.8.8.8", Place("US", "California", "Mountain View")),
        ("2001:4860::8888", Place("US", "California", "Ü" * 40)),
        ("2001:4861::1", NOWHERE),
        ("9.9.9.9", Place("CH", None, None)),
        ("10.1.2.3", NOWHERE),
        ("100.64.0.1", NOWHERE),
        ("127.0.0.1", NOWHERE),
        ("", NOWHERE),
        ("nonsense", NOWHERE),
    ],
)
def test_places_of_flat_records(flat: None, address: str, place: Place) -> None:
    assert place_of(address) == place


@pytest.mark.parametrize(
    ("address", "position"),
    [
        ("8.8.8.8", Position(37.5, -122.0, 50)),
        ("9.9.8.1", Position(46.9, 7.4, 50)),
        ("9.9.9.9", None),  # a country alone is no place to measure from
        ("9.9.7.1", None),
        ("100.64.0.1", None),
        ("10.0.0.1", None),
        ("1.2.3.4", None),
    ],
)
def test_positions(flat: None, address: str, position: Position | None) -> None:
    assert position_of(address) == position


def test_the_radius_is_the_databases(told, tmp_path: Path) -> None:
    point = {"latitude": 1.0, "longitude": 2.0, "accuracy_radius": 1000}
    told(write_database(tmp_path / "x.mmdb", {"8.0.0.0/8": {"country": {"iso_code": "US"}, "location": point}}))
    assert position_of("8.8.8.8") == Position(1, 2, 1000)
    assert place_of("8.8.8.8") == Place("US")


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("81.2.69.142", Place("GB", "England", "London")),
        ("::ffff:81.2.69.142", Place("GB", "England", "London")),
        ("2001:218::1", Place("JP", None, None)),
        ("8.8.8.8", NOWHERE),
    ],
)
def test_places_of_maxminds_records(told, address: str, place: Place) -> None:
    if not MAXMIND.exists():
        pytest.skip("the test database of places is not beside this checkout")
    told(MAXMIND)
    assert place_of(address) == place


@pytest.mark.parametrize("path", ["/nowhere.mmdb", __file__])
def test_without_a_database_there_is_no_place(told, path: str, capsys: pytest.CaptureFixture[str]) -> None:
    told(path)
    assert place_of("81.2.69.142") == NOWHERE
    assert position_of("81.2.69.142") is None
    assert "no geographic database" in capsys.readouterr().out


def test_the_attribution_is_the_stages(told) -> None:
    told("", "IP Geolocation by DB-IP (https://db-ip.com)")
    assert attribution() == "IP Geolocation by DB-IP (https://db-ip.com)"
    told("")
    assert attribution() is None


@pytest.mark.parametrize(
    ("address", "form"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::FFFF:203.0.113.7", "203.0.113.7"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("203.0.113.7:443", None),
        ("203.0.113.007", None),
        ("", None),
        ("\uff11.2.3.4", None),
    ],
)
def test_addresses_have_one_form(address: str, form: str | None) -> None:
    assert normal(address) == form
