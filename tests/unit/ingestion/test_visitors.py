from pathlib import Path

import pytest
from streamgauge.ingestion import places
from streamgauge.ingestion.agents import Agent, read_agent
from streamgauge.ingestion.places import NOWHERE, Place, normal, place_of
from streamgauge.settings import settings

# MaxMind's own test database, which is not part of the project.
DATABASE = Path(__file__).resolve().parents[4] / "shared" / "data" / "geoip" / "GeoLite2-City-Test.mmdb"


@pytest.fixture
def database(environment: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    if not DATABASE.exists():
        pytest.skip("the test database of places is not beside this checkout")
    forget()
    environment.setenv("ANALYTICS_GEOIP_DB_PATH", str(DATABASE))
    yield environment
    environment.undo()
    forget()


def forget() -> None:
    settings.cache_clear()
    place_of.cache_clear()


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("81.2.69.142", Place("GB", "England", "London")),
        ("::ffff:81.2.69.142", Place("GB", "England", "London")),
        ("2001:218::1", Place("JP", None, None)),
        ("8.8.8.8", NOWHERE),
        ("127.0.0.1", NOWHERE),
        ("10.1.2.3", NOWHERE),
        ("", NOWHERE),
        ("nonsense", NOWHERE),
    ],
)
def test_places_of_nested_records(database: pytest.MonkeyPatch, address: str, place: Place) -> None:
    assert place_of(address) == place


def test_a_folder_of_databases(database: pytest.MonkeyPatch) -> None:
    database.setenv("ANALYTICS_GEOIP_DB_PATH", str(DATABASE.parent))
    forget()
    assert place_of("81.2.69.142").city == "London"


class Flat:
    """A database with flat records, of one family of addresses."""

    def __init__(self, version: int, records: dict[str, dict[str, object]]) -> None:
        self.ip_version = version
        self.records = records

    def metadata(self) -> "Flat":
        return self

    def get(self, address: str) -> dict[str, object] | None:
        if self.ip_version == 4 and ":" in address:
            raise ValueError("a database of IPv4 knows no IPv6")
        return self.records.get(address)


def test_places_of_flat_records(database: pytest.MonkeyPatch) -> None:
    four = Flat(
        4, {"8.8.8.8": {"country_code": "US", "state1": "California", "city": "Mountain View", "latitude": 37.4}}
    )
    six = Flat(6, {"2001:4860::8888": {"country_code": "US", "state1": None, "city": ""}})
    database.setattr(places, "_readers", lambda _path: (four, six))
    assert place_of("8.8.8.8") == Place("US", "California", "Mountain View")
    assert place_of("2001:4860::8888") == Place("US", None, None)
    assert place_of("2001:4860::1") == NOWHERE


@pytest.mark.parametrize("path", ["/nowhere.mmdb", __file__])
def test_without_a_database_there_is_no_place(database: pytest.MonkeyPatch, path: str, capsys) -> None:
    database.setenv("ANALYTICS_GEOIP_DB_PATH", path)
    forget()
    assert place_of("81.2.69.142") == NOWHERE
    assert "no geographic database" in capsys.readouterr().out


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


@pytest.mark.parametrize(
    ("text", "agent"),
    [
        ("", Agent()),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15",
            Agent("Safari", "Mac OS X", "desktop"),
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
            Agent("Mobile Safari", "iOS", "mobile"),
        ),
        (
            "Mozilla/5.0 (iPad; CPU OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Mobile/15E148 Safari/604.1",
            Agent("Mobile Safari", "iOS", "tablet"),
        ),
        (
            "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36",
            Agent("Chrome Mobile", "Android", "mobile"),
        ),
        (
            "Mozilla/5.0 (Linux; Android 13; SM-X906C) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
            Agent("Chrome", "Android", "tablet"),
        ),
        (
            "Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) AppleWebKit/537.36 (KHTML, like Gecko) Version/6.0 TV Safari/537.36",
            Agent("Samsung Internet", "Tizen", "tv"),
        ),
    ],
)
def test_agents(text: str, agent: Agent) -> None:
    found = read_agent(text)
    if agent.device == "tv":
        assert (found.device, found.bot) == ("tv", False)
    else:
        assert found == agent


@pytest.mark.parametrize(
    "text",
    [
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
        "python-requests/2.32.3",
        "curl/8.5.0",
    ],
)
def test_bots(text: str) -> None:
    found = read_agent(text)
    assert found.bot
    assert found.device is None
