from dataclasses import replace

import pytest

from infra.catalog import CATALOG
from infra.cost import _RUNS_A_MONTH, ASSUMED, MILLION, alarms, floor, load_prices, month, per_million
from infra.cost_of_live import connections, session_calls
from infra.environments import Stage, load_stage

PRICES = load_prices()


def stage(profile: str) -> Stage:
    return load_stage(profile, {profile: {"profile": profile}}, {})


def test_a_small_stage_without_traffic_costs_at_most_fifteen_dollars() -> None:
    total = sum(floor(stage("small"), PRICES).values())
    assert 10 < total <= 15


def test_the_floor_names_what_it_adds_up() -> None:
    small = floor(stage("small"), PRICES)
    assert small["kinesis"] == pytest.approx(0.015 * 730)
    assert small["waf"] == 0
    assert small["cloudwatch"] == 0, "at most ten alarms and metrics are free for ever"
    assert floor(stage("standard"), PRICES)["waf"] == 7


@pytest.mark.parametrize("profile", ["small", "standard"])
def test_a_hundred_million_events_cost_at_most_a_dollar_and_a_half_a_million(profile: str) -> None:
    assert per_million(stage(profile), PRICES, 100 * MILLION) <= 1.50


def test_an_account_that_has_used_up_its_allowances_pays_the_difference() -> None:
    free, paid = load_prices(), load_prices(allowances=False)
    difference = per_million(stage("small"), paid, 100 * MILLION) - per_million(stage("small"), free, 100 * MILLION)
    assert 0.10 < difference < 0.30


@pytest.mark.parametrize("profile", ["small", "standard"])
def test_more_events_cost_less_each(profile: str) -> None:
    prices = [per_million(stage(profile), PRICES, millions * MILLION) for millions in (1, 10, 100)]
    assert prices == sorted(prices, reverse=True)


def test_one_event_a_request_costs_more_by_its_requests() -> None:
    single = replace(ASSUMED, events_per_request=1, bytes_per_request=700)
    ten = month(stage("small"), PRICES, 10 * MILLION)
    one = month(stage("small"), PRICES, 10 * MILLION, single)
    assert one["api_gateway"] == pytest.approx(10 * ten["api_gateway"])
    assert sum(one.values()) > sum(ten.values())


def test_a_month_costs_no_less_than_its_floor() -> None:
    for profile in ("small", "standard"):
        idle, busy = floor(stage(profile), PRICES), month(stage(profile), PRICES, MILLION)
        assert all(busy[service] >= idle[service] - 0.2 for service in idle)


def test_a_small_stage_has_at_most_ten_alarms() -> None:
    assert alarms(stage("small")) <= 10


def test_every_schedule_has_a_known_number_of_runs() -> None:
    daily = [row.module for row in CATALOG if row.schedule and row.schedule not in _RUNS_A_MONTH]
    assert sorted(daily) == ["schedules/partition_upkeep", "schedules/retention"]


def test_calls_about_sessions_are_counted_with_all_that_they_touch() -> None:
    million = session_calls(PRICES, MILLION)
    assert million["dynamodb"] == pytest.approx(2.625)
    assert 5 < sum(million.values()) < 7
    assert sum(session_calls(PRICES, 2 * MILLION).values()) == pytest.approx(2 * sum(million.values()))


def test_a_dashboard_that_is_always_open_costs_its_messages() -> None:
    one = connections(PRICES, 1)
    assert one["api_gateway"] == pytest.approx(43_800 * 60 / MILLION + 43_800 * 0.25 / MILLION)
    assert sum(connections(PRICES, 1, messages_a_minute=0).values()) == pytest.approx(0.011, abs=0.001)
