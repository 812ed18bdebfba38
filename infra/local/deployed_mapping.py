"""An event source mapping as it is deployed, and what Lambda leaves at its on-failure destination."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from infra.local.event_source import Mapping, kinesis_event

if TYPE_CHECKING:
    from infra.local.event_source import Discarded


@dataclass(frozen=True)
class Deployed:
    """An event source mapping as it is deployed."""

    identity: str
    stream_arn: str
    function_arn: str
    mapping: Mapping
    from_start: bool
    on_failure_bucket: str | None

    @property
    def function(self) -> str:
        """The function's name."""
        return self.function_arn.split(":")[6]

    @property
    def stream(self) -> str:
        """The stream's name."""
        return self.stream_arn.rpartition("/")[2]


def deployed(described: dict[str, Any]) -> Deployed:
    """Read a mapping as ListEventSourceMappings describes it."""
    destination = (described.get("DestinationConfig") or {}).get("OnFailure", {}).get("Destination", "")
    return Deployed(
        identity=described["UUID"],
        stream_arn=described["EventSourceArn"],
        function_arn=described["FunctionArn"],
        mapping=Mapping(
            batch_size=int(described.get("BatchSize", 100)),
            window_seconds=float(described.get("MaximumBatchingWindowInSeconds") or 0),
            parallelization=int(described.get("ParallelizationFactor") or 1),
            bisect=bool(described.get("BisectBatchOnFunctionError")),
            max_retries=int(described.get("MaximumRetryAttempts", -1)),
            max_age_seconds=int(described.get("MaximumRecordAgeInSeconds", -1)),
            partial_responses="ReportBatchItemFailures" in (described.get("FunctionResponseTypes") or ()),
        ),
        from_start=described.get("StartingPosition") == "TRIM_HORIZON",
        on_failure_bucket=destination.rpartition(":::")[2] or None if ":s3:::" in destination else None,
    )


def failure_object(of: Deployed, shard: str, given_up: Discarded, now: datetime) -> tuple[str, bytes]:
    """Return key and body of the object that Lambda writes to an S3 on-failure destination."""
    first, last = given_up.records[0], given_up.records[-1]
    stamp = now.strftime("%Y-%m-%dT%H.%M.%S")
    key = f"aws/lambda/{of.identity}/{shard}/{now:%Y/%m/%d}/{stamp}-{uuid.uuid4()}"
    body = {
        "requestContext": {
            "requestId": str(uuid.uuid4()),
            "functionArn": of.function_arn,
            "condition": given_up.condition,
            "approximateInvokeCount": given_up.invocations,
        },
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "version": "1.0",
        "timestamp": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "KinesisBatchInfo": {
            "shardId": shard,
            "startSequenceNumber": first.sequence,
            "endSequenceNumber": last.sequence,
            "approximateArrivalOfFirstRecord": _iso(first.arrived),
            "approximateArrivalOfLastRecord": _iso(last.arrived),
            "batchSize": len(given_up.records),
            "streamArn": of.stream_arn,
        },
        "payload": json.dumps(kinesis_event(given_up.records, of.stream_arn)),
    }
    return key, json.dumps(body).encode()


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
