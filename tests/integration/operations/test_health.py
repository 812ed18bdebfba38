"""The probes against stores that answer, and against those that do not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from streamgauge.operations.health import check, probes
from streamgauge.settings import settings
from streamgauge.store import cloudwatch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.aws import Aws


@pytest.fixture(autouse=True)
def _fresh_settings() -> Iterator[None]:
    settings.cache_clear()
    yield
    settings.cache_clear()


def test_all_is_well(empty_aws: Aws, monkeypatch: pytest.MonkeyPatch, database_url: str) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    assert check(probes(), patience=10) == {"postgres": "ok", "dynamodb": "ok", "kinesis": "ok", "s3": "ok"}


def test_stores_that_are_not_there_are_away(empty_aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://127.0.0.1:1/none?connect_timeout=1")
    for name in ("REGISTRY_TABLE", "STATUS_TABLE", "STREAM_NAME", "ARCHIVE_BUCKET"):
        monkeypatch.setenv(name, "gone")
    assert set(check(probes(), patience=10).values()) == {"away"}


def test_a_metric_is_read_from_cloudwatch(empty_aws: Aws) -> None:
    import boto3

    client = boto3.client("cloudwatch")
    now = datetime.now(UTC)
    dimension = {"Name": "DBClusterIdentifier", "Value": "mine"}
    for minutes, value in ((8, 4.0), (3, 0.5)):
        client.put_metric_data(
            Namespace="AWS/RDS",
            MetricData=[
                {
                    "MetricName": "ServerlessDatabaseCapacity",
                    "Dimensions": [dimension],
                    "Value": value,
                    "Timestamp": now - timedelta(minutes=minutes),
                }
            ],
        )
    client.close()
    asked = ("AWS/RDS", "ServerlessDatabaseCapacity")
    since, until = now - timedelta(minutes=10), now + timedelta(minutes=1)
    assert cloudwatch.newest(*asked, ("DBClusterIdentifier", "mine"), since, until) == 0.5
    assert cloudwatch.newest(*asked, ("DBClusterIdentifier", "other"), since, until) is None
