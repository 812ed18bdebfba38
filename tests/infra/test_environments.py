import json

import pytest

from infra.building import ROOT
from infra.environments import DatabaseKind, load_stage, seconds

TEAM = {"prod": {"profile": "standard", "region": "eu-central-1", "RETENTION_DAYS": 30, "shard_count": 4}}


def test_a_stage_is_its_profile_and_what_the_team_says() -> None:
    stage = load_stage("prod", TEAM, {})
    assert (stage.region, stage.shard_count, stage.waf) == ("eu-central-1", 4, True)
    assert stage.variables()["ANALYTICS_RETENTION_DAYS"] == "30"
    assert stage.variables()["ENVIRONMENT"] == "prod"


def test_settings_reach_functions_under_their_documented_names_and_defaults() -> None:
    variables = load_stage("small", {"small": {}}, {}).variables()
    assert variables["ANALYTICS_ENABLED"] == "true"
    assert variables["BATCH_SIZE"] == "1000"
    assert variables["BATCH_TIMEOUT"] == "5s"
    assert variables["WORKER_COUNT"] == "2"
    assert variables["ANALYTICS_MAX_EVENT_AGE_DAYS"] == "30"
    assert variables["ANALYTICS_RATE_LIMIT_PER_KEY"] == "6000"
    assert variables["device_spike_threshold"] == "5"
    assert "JWT_ISSUER" not in variables


def test_the_environment_speaks_to_the_local_stage_alone() -> None:
    shell = {"ANALYTICS_RETENTION_DAYS": "7", "AGGREGATION_TIME": "03:00", "LOG_LEVEL": "DEBUG", "DATABASE_URL": "d"}
    local = load_stage("local", {}, shell)
    assert local.variables()["ANALYTICS_RETENTION_DAYS"] == "7"
    assert local.variables()["ANALYTICS_AGGREGATION_TIME"] == "03:00"
    assert (local.log_level, local.database_url, local.batch_window_seconds) == ("debug", "d", 1)
    assert load_stage("prod", TEAM, shell).log_level == "info"


def test_a_postgres_of_the_teams_own_needs_no_network() -> None:
    secret = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:db"
    stage = load_stage("own", {"own": {"database_secret_arn": secret}}, {})
    assert stage.database is DatabaseKind.SECRET
    assert not stage.has_network
    inside = {"database_secret_arn": secret, "vpc_subnet_ids": ["subnet-1"], "security_group_ids": ["sg-1"]}
    assert load_stage("own", {"own": inside}, {}).has_network


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"RETENTION": 3}, "RETENTION"),
        ({"BATCH_SIZE": 0}, "BATCH_SIZE"),
        ({"BATCH_TIMEOUT": "soon"}, "soon"),
        ({"BATCH_TIMEOUT": "6m"}, "BATCH_TIMEOUT"),
        ({"ANALYTICS_AGGREGATION_INTERVAL": "hourly"}, "ANALYTICS_AGGREGATION_INTERVAL"),
        ({"AGGREGATION_TIME": "24:00"}, "AGGREGATION_TIME"),
        ({"ANALYTICS_CACHE_TTL": "-5m"}, "ANALYTICS_CACHE_TTL"),
        ({"ANALYTICS_VIEW_WINDOW": "a day"}, "ANALYTICS_VIEW_WINDOW"),
        ({"RETENTION_DAYS": -1}, "RETENTION_DAYS"),
        ({"MAX_DB_CONNECTIONS": 0}, "MAX_DB_CONNECTIONS"),
        ({"log_retention_days": 14}, "log_retention_days"),
        ({"database": "secret"}, "database_secret_arn"),
        ({"vpc_subnet_ids": ["subnet-1"], "security_group_ids": ["sg-1"]}, "database of your own"),
        ({"max_record_age_seconds": 90_000}, "longer than the stream"),
        ({"domain_name": "stats.example.org"}, "certificate_arn"),
        ({"profile": "local"}, "local"),
    ],
)
def test_a_wrong_setting_is_named(given: dict[str, object], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        load_stage("team", {"team": given}, {})


def test_an_unknown_stage_is_named() -> None:
    with pytest.raises(ValueError, match="'stage'"):
        load_stage("stage", TEAM, {})


def test_the_stages_of_cdk_json_are_sound() -> None:
    stages = json.loads((ROOT / "cdk.json").read_text("utf-8"))["context"]["stages"]
    assert {name: load_stage(name, stages, {}).profile.value for name in stages} == {
        "small": "small",
        "standard": "standard",
    }


def test_a_firewall_that_is_told_nothing_lets_through_what_a_key_may_send() -> None:
    def limit(**given: int) -> int:
        return load_stage("team", {"team": given}, {}).firewall_limit

    assert limit() == 30_000
    assert limit(ANALYTICS_RATE_LIMIT_PER_KEY=600) == 3000
    assert limit(ANALYTICS_RATE_LIMIT_PER_KEY=0) == 2_000_000_000
    assert limit(waf_requests_per_five_minutes=500) == 500


def test_durations() -> None:
    assert [seconds(text) for text in ("90", "90s", "5m", "1h")] == [90, 90, 300, 3600]
