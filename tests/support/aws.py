"""An AWS of moto's, as a server: the stores sign and send their own requests, which no patch of botocore would see."""

from __future__ import annotations

import logging
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from moto.moto_api._internal import moto_api_backend
    from moto.server import ThreadedMotoServer

if TYPE_CHECKING:
    from collections.abc import Iterator

REGION = "eu-central-1"
STREAM = "events"
BUCKET = "the-archive"
TABLES = {
    "REGISTRY_TABLE": "registry",
    "STATUS_TABLE": "status",
    "DEAD_LETTERS_TABLE": "dead-letters",
    "COUNTERS_TABLE": "counters",
    "LIVE_TABLE": "live",
    "SESSIONS_TABLE": "sessions",
    "OUTBOX_TABLE": "outbox",
    "SOCKETS_TABLE": "sockets",
}
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
    "STREAM_NAME": STREAM,
    "ARCHIVE_BUCKET": BUCKET,
    **TABLES,
}


class Aws:
    """The server and clients to look into it."""

    def __init__(self, url: str) -> None:
        import boto3

        self.url = url
        session = boto3.Session("testing", "testing", region_name=REGION)
        self.kinesis: Any = session.client("kinesis", endpoint_url=url)
        self.dynamodb: Any = session.client("dynamodb", endpoint_url=url)
        self.s3: Any = session.client("s3", endpoint_url=url)

    def environment(self) -> dict[str, str]:
        """Return the variables by which functions find it."""
        return ENVIRONMENT | {"AWS_ENDPOINT_URL": self.url}

    def reset(self) -> None:
        """Begin anew: empty tables, stream and bucket."""
        moto_api_backend.reset()
        self.kinesis.create_stream(StreamName=STREAM, ShardCount=2)
        for table in TABLES.values():
            keys = ("pk", "HASH"), ("sk", "RANGE")
            self.dynamodb.create_table(
                TableName=table,
                KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],
                AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name, _ in keys],
                BillingMode="PAY_PER_REQUEST",
            )
        self.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})

    def on_stream(self) -> list[bytes]:
        """Return the records of all shards."""
        found: list[bytes] = []
        for shard in self.kinesis.list_shards(StreamName=STREAM)["Shards"]:
            iterator = self.kinesis.get_shard_iterator(
                StreamName=STREAM, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
            found += [record["Data"] for record in self.kinesis.get_records(ShardIterator=iterator)["Records"]]
        return found

    def objects(self, prefix: str = "") -> list[str]:
        """Return the keys in the bucket."""
        return [item["Key"] for item in self.s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])]


@contextmanager
def serving() -> Iterator[Aws]:
    """Run the server on a free port."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield Aws(f"http://{host}:{port}")
    finally:
        server.stop()
