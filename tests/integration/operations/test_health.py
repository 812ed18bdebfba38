"""The probes against stores that answer, and against those that do not."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from streamgauge.operations.health import check, probes
from streamgauge.settings import settings
from streamgauge.store import cloudwatch

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = {"REGISTRY_TABLE": "registry", "STATUS_TABLE": "status", "STREAM_NAME": "events", "ARCHIVE_BUCKET": "archive"}


@pytest.fixture(scope="module")
def moto_url() -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def environment(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    values = {"AWS_ENDPOINT_URL": moto_url, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    for name, value in {**values, "AWS_DEFAULT_REGION": "us-east-1", **NAMES}.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    yield monkeypatch
    settings.cache_clear()


@pytest.fixture
def stores(environment: pytest.MonkeyPatch) -> Iterator[None]:
    import boto3

    dynamodb, kinesis, s3 = (boto3.client(name) for name in ("dynamodb", "kinesis", "s3"))
    for table in ("registry", "status"):
        dynamodb.create_table(
            TableName=table,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        )
    kinesis.create_stream(StreamName="events", ShardCount=1)
    s3.create_bucket(Bucket="archive")
    yield
    for table in ("registry", "status"):
        dynamodb.delete_table(TableName=table)
    kinesis.delete_stream(StreamName="events")
    s3.delete_bucket(Bucket="archive")
    for client in (dynamodb, kinesis, s3):
        client.close()


def test_all_is_well(stores: None, environment: pytest.MonkeyPatch, database_url: str) -> None:
    environment.setenv("DATABASE_URL", database_url)
    assert check(probes(), patience=10) == {"postgres": "ok", "dynamodb": "ok", "kinesis": "ok", "s3": "ok"}


def test_stores_that_are_not_there_are_away(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("DATABASE_URL", "postgresql://127.0.0.1:1/none?connect_timeout=1")
    assert set(check(probes(), patience=10).values()) == {"away"}


def test_a_metric_is_read_from_cloudwatch(environment: pytest.MonkeyPatch) -> None:
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
