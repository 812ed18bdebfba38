"""Lives of households, each with the alert that it must or must not raise, under the default thresholds."""

from __future__ import annotations

from dataclasses import replace

import pytest
from streamgauge.sharing.detectors import findings
from streamgauge.sharing.episodes import judged
from streamgauge.sharing.models import DAY, Thresholds

from tests.support.watching import BERLIN, MUNICH, NEW_YORK, NOON, PALMA, TOKYO, watched

OLD = NOON - 200 * DAY


def raised(*sessions, thresholds=Thresholds()):  # noqa: B008 - it is frozen
    return {one.episode.rule: one for one in judged(findings(sessions, (), OLD, thresholds), thresholds)}


def level(alert):
    return alert.evidence["confidence"]["level"]


def test_travel_with_a_flight_in_between():
    # Television at home until ten; boarding; eight hours and a half of flight; the tablet in New York.
    assert raised(watched("home", "tv", 0, 2, BERLIN), watched("there", "tablet", 11, 12, NEW_YORK)) == {}


def test_no_flight_is_so_fast():
    alert = raised(watched("home", "tv", 0, 2, BERLIN), watched("there", "tablet", 5, 6, NEW_YORK))["geo_impossible"]
    assert (alert.severity, level(alert)) == ("medium", "low")
    assert alert.evidence["findings"][0]["needed_kmh"] == pytest.approx(2095, abs=20)


def test_two_rooms_of_one_house():
    assert raised(watched("film", "tv", 0, 2, BERLIN), watched("series", "tablet", 1, 3, BERLIN)) == {}


def test_two_rooms_of_one_house_with_privacy_addresses():
    # Both within the /64 of the house; a database may place the two addresses anywhere.
    sessions = (watched("film", "tv", 0, 2, BERLIN, network=7), watched("series", "tablet", 1, 3, TOKYO, network=7))
    assert raised(*sessions) == {}


def test_a_film_that_goes_on_in_another_room():
    three = [watched(f"s{n}", f"d{n}", 0, 2, BERLIN) for n in range(3)]
    assert raised(*three, watched("on", "d3", 2, 3, BERLIN)) == {}


def test_a_phone_that_moves_from_wi_fi_to_mobile():
    # The mobile network's address is somewhere else, or nowhere: the phone is one device.
    assert raised(watched("wifi", "phone", 0, 1, BERLIN), watched("mobile", "phone", 1, 2, MUNICH)) == {}
    assert raised(watched("wifi", "phone", 0, 1, BERLIN), watched("mobile", "phone", 1, 2, NEW_YORK)) == {}


def test_a_carriers_address_has_no_place():
    assert raised(watched("home", "tv", 0, 2, BERLIN), watched("mobile", "phone", 1, 2, None)) == {}


def test_a_vpn_switched_on_in_mid_film():
    assert raised(watched("film", "tv", 0, 1, BERLIN), watched("on", "tv", 1, 2, NEW_YORK)) == {}


def test_a_vpn_of_a_data_centre_has_no_place_even_on_another_device():
    assert raised(watched("film", "tv", 0, 2, BERLIN), watched("tab", "tablet", 1, 2, None, network=5)) == {}


def test_a_family_on_holiday():
    # All leave; the tablet and the phone are used in Palma from the evening on, for days.
    there = [watched(f"p{n}", device, 8 + 24 * n, 9 + 24 * n, PALMA) for n in range(5) for device in ("tablet",)]
    phones = [watched(f"q{n}", "phone", 8.5 + 24 * n, 9.5 + 24 * n, PALMA) for n in range(5)]
    assert raised(watched("home", "tv", 0, 1, BERLIN), *there, *phones) == {}


def test_a_family_of_which_one_stayed_at_home_is_weak_evidence():
    home = [watched(f"h{n}", "tv", 8 + 24 * n, 10 + 24 * n, BERLIN) for n in range(3)]
    there = [watched(f"p{n}", "tablet", 9 + 24 * n, 11 + 24 * n, PALMA) for n in range(3)]
    alert = raised(*home, *there)["geo_impossible"]
    # One pair of networks, however often.
    assert (alert.severity, level(alert)) == ("medium", "low")
    assert alert.evidence["findings_total"] == 3


def test_a_shared_password_in_two_countries():
    home = [watched(f"h{n}", "tv", 24 * n, 3 + 24 * n, BERLIN) for n in range(3)]
    phone = [watched(f"m{n}", "phone", 24 * n + 4, 24 * n + 5, MUNICH) for n in range(3)]
    other = [watched(f"o{n}", f"cousin{n % 2}", 1 + 24 * n, 4.2 + 24 * n, TOKYO) for n in range(3)]
    more = [watched(f"r{n}", "cousin2", 1 + 24 * n, 2 + 24 * n, NEW_YORK) for n in range(3)]
    alert = raised(*home, *phone, *other, *more)["geo_impossible"]
    assert (alert.severity, level(alert)) == ("medium", "high")
    assert {place["country"] for place in alert.evidence["places"]} >= {"DE", "JP", "US"}
    assert alert.episode.last > alert.episode.first + 2 * DAY, "one alert for all three evenings"


def test_a_password_passed_around_raises_two_rules_and_both_are_high():
    sessions = [watched(f"s{n}", f"d{n}", 0, 2, BERLIN if n % 2 else TOKYO) for n in range(4)]
    alerts = raised(*sessions)
    assert set(alerts) == {"concurrent_streams", "geo_impossible"}
    assert {alert.severity for alert in alerts.values()} == {"high"}
    assert alerts["concurrent_streams"].evidence["agreeing_rules"] == ["geo_impossible"]


def test_rules_that_speak_days_apart_do_not_agree():
    streams = [watched(f"s{n}", f"d{n}", 0, 2) for n in range(4)]
    apart = [watched("a", "tv", 60, 62, BERLIN), watched("b", "tab", 60, 62, TOKYO)]
    assert {rule: alert.severity for rule, alert in raised(*streams, *apart).items()} == {
        "concurrent_streams": "low",
        "geo_impossible": "medium",
    }


@pytest.mark.parametrize(("count", "severity"), [(4, "low"), (5, "low"), (6, "medium"), (8, "medium"), (9, "high")])
def test_severity_of_streams(count, severity):
    sessions = [watched(f"s{n}", f"d{n}", 0, 2) for n in range(count)]
    assert raised(*sessions, thresholds=Thresholds(device_spike=1000))["concurrent_streams"].severity == severity


@pytest.mark.parametrize(("count", "severity"), [(6, "low"), (10, "medium"), (15, "high")])
def test_severity_of_devices(count, severity):
    sessions = [watched(f"s{n}", f"d{n}", n, n + 0.5) for n in range(count)]
    assert raised(*sessions)["device_spike"].severity == severity


def test_severity_of_places():
    near = raised(watched("a", "tv", 0, 1, BERLIN), watched("b", "tab", 2, 3, PALMA))["geo_impossible"]
    over = raised(watched("a", "tv", 0, 2, BERLIN), watched("b", "tab", 1, 3, PALMA))["geo_impossible"]
    far = raised(watched("a", "tv", 0, 1, BERLIN), watched("b", "tab", 2, 3, TOKYO))["geo_impossible"]
    assert [near.severity, over.severity, far.severity] == ["low", "medium", "medium"]


def test_an_episode_ends_after_a_day_without_evidence():
    def evening(hour):
        sides = (("tv", BERLIN), ("tab", TOKYO))
        return [watched(f"{device}{hour}", device, hour, hour + 1, place) for device, place in sides]

    def count(*hours):
        sessions = [one for hour in hours for one in evening(hour)]
        thresholds = Thresholds()
        return len(judged(findings(sessions, (), OLD, thresholds), thresholds))

    assert count(0, 24, 47) == 1
    assert count(0, 25) == 2


def test_sessions_that_name_no_device_are_many_streams_and_little_to_trust():
    sessions = [replace(watched(f"s{n}", "", 0, 2), device=f"session\x1f{n}", device_id=None) for n in range(4)]
    assert level(raised(*sessions)["concurrent_streams"]) == "low"


def test_evidence_holds_no_address():
    sessions = [watched(f"s{n}", f"d{n}", 0, 2, BERLIN if n % 2 else TOKYO, ip_address="203.0.113.7") for n in range(4)]
    assert "203.0.113.7" not in repr(raised(*sessions))
