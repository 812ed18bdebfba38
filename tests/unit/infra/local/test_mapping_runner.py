from __future__ import annotations

import asyncio
import base64
import json
from datetime import UTC, datetime

from infra.local.aws import CloudError, Invocation
from infra.local.deployed_mapping import Deployed, deployed, failure_object
from infra.local.event_source import Discarded, Mapping, Record
from infra.local.mapping_runner import Checkpoints, MappingRunner

ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/events"
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:local-warehouse"


class FakeCloud:
    """Holds shards as lists of records; `fail` decides which invocations fail."""

    def __init__(self, shards, fail=lambda _: False):
        self.shards = shards
        self.fail = fail
        self.delivered: list[list[str]] = []
        self.objects: dict[str, bytes] = {}
        self.away = 0

    async def kinesis(self, call, **arguments):
        if self.away:
            self.away -= 1
            raise CloudError(call, 503, b"{}")
        if call == "ListShards":
            return {"Shards": [{"ShardId": name} for name in self.shards]}
        if call == "GetShardIterator":
            after = arguments.get("StartingSequenceNumber")
            return {"ShardIterator": json.dumps([arguments["ShardId"], after or ""])}
        shard, after = json.loads(arguments["ShardIterator"])
        found = [record for record in self.shards[shard] if record > after][: arguments["Limit"]]
        return {
            "Records": [
                {
                    "SequenceNumber": sequence,
                    "PartitionKey": sequence,
                    "Data": base64.b64encode(sequence.encode()).decode(),
                    "ApproximateArrivalTimestamp": 1.5,
                }
                for sequence in found
            ],
            "NextShardIterator": json.dumps([shard, found[-1] if found else after]),
        }

    async def invoke(self, function, event):
        assert function == "local-warehouse"
        if self.fail(event):
            return Invocation({"errorMessage": "no"}, error=True)
        self.delivered.append([record["kinesis"]["sequenceNumber"] for record in event["Records"]])
        return Invocation(None)

    async def put_object(self, bucket, key, body):
        self.objects[f"{bucket}/{key}"] = body


def numbers(count):
    return [f"{n:04d}" for n in range(count)]


def of(**settings) -> Deployed:
    return Deployed("uuid-1", ARN, FUNCTION, Mapping(**settings), from_start=True, on_failure_bucket="archive")


def run(cloud, described, file, until, seconds=10.0):
    async def drive():
        stop = asyncio.Event()
        task = asyncio.create_task(MappingRunner(cloud, described, Checkpoints(file), stop).run())
        async with asyncio.timeout(seconds):
            while not until():  # noqa: ASYNC110 - it waits for what others count
                await asyncio.sleep(0.01)
        stop.set()
        await task

    asyncio.run(drive())


def test_everything_is_delivered_once_and_the_checkpoint_goes_on_after_a_restart(tmp_path):
    file = tmp_path / "checkpoints.json"
    cloud = FakeCloud({"a": numbers(25), "b": numbers(3)})
    run(cloud, of(batch_size=10), file, lambda: sum(map(len, cloud.delivered)) == 28)
    assert json.loads(file.read_text()) == {"a": "0024", "b": "0002"}
    cloud.shards["a"].append("0025")
    cloud.delivered.clear()
    run(cloud, of(batch_size=10), file, lambda: bool(cloud.delivered))
    assert cloud.delivered == [["0025"]]


def test_a_stream_that_is_away_is_asked_again(tmp_path):
    cloud = FakeCloud({"a": numbers(2)})
    cloud.away = 3
    run(cloud, of(), tmp_path / "c.json", lambda: bool(cloud.delivered))
    assert cloud.delivered == [numbers(2)]


def test_poison_ends_in_the_on_failure_bucket_whole(tmp_path):
    cloud = FakeCloud(
        {"a": numbers(4)}, fail=lambda event: any(r["kinesis"]["sequenceNumber"] == "0002" for r in event["Records"])
    )
    run(cloud, of(batch_size=10, bisect=True, max_retries=0), tmp_path / "c.json", lambda: bool(cloud.objects))
    assert sorted(sequence for batch in cloud.delivered for sequence in batch) == ["0000", "0001", "0003"]
    ((name, body),) = cloud.objects.items()
    assert name.startswith("archive/aws/lambda/uuid-1/a/")
    payload = json.loads(json.loads(body)["payload"])
    assert [base64.b64decode(record["kinesis"]["data"]) for record in payload["Records"]] == [b"0002"]


def test_the_on_failure_object_is_lambdas():
    records = tuple(Record("shardId-0", n, "k", b"x", float(n)) for n in ("1", "2"))
    key, body = failure_object(
        of(),
        "shardId-0",
        Discarded(records, "RetryAttemptsExhausted", 101),
        datetime(2026, 11, 21, 10, 5, 6, tzinfo=UTC),
    )
    assert key.startswith("aws/lambda/uuid-1/shardId-0/2026/11/21/2026-11-21T10.05.06-")
    said = json.loads(body)
    assert said["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert said["requestContext"]["approximateInvokeCount"] == 101
    assert said["KinesisBatchInfo"] == {
        "shardId": "shardId-0",
        "startSequenceNumber": "1",
        "endSequenceNumber": "2",
        "approximateArrivalOfFirstRecord": "1970-01-01T00:00:01.000Z",
        "approximateArrivalOfLastRecord": "1970-01-01T00:00:02.000Z",
        "batchSize": 2,
        "streamArn": ARN,
    }


def test_a_deployed_mapping_is_read_with_lambdas_defaults():
    described = {"UUID": "u", "EventSourceArn": ARN, "FunctionArn": FUNCTION}
    plain = deployed(described)
    assert plain.mapping == Mapping()
    assert (plain.function, plain.stream, plain.from_start, plain.on_failure_bucket) == (
        "local-warehouse",
        "events",
        False,
        None,
    )
    full = deployed(
        described
        | {
            "BatchSize": 1000,
            "MaximumBatchingWindowInSeconds": 1,
            "ParallelizationFactor": 2,
            "BisectBatchOnFunctionError": True,
            "MaximumRetryAttempts": 100,
            "MaximumRecordAgeInSeconds": 82800,
            "StartingPosition": "TRIM_HORIZON",
            "DestinationConfig": {"OnFailure": {"Destination": "arn:aws:s3:::archive"}},
        }
    )
    assert full.mapping == Mapping(1000, 1.0, 2, bisect=True, max_retries=100, max_age_seconds=82800)
    assert (full.from_start, full.on_failure_bucket) == (True, "archive")
