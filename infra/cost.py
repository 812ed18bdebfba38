"""What a stage costs: from the price table beside this file, the settings of a stage, and figures that `make bench` measures.

Included: CloudFront and its function, WAF where it is on, API Gateway, Lambda, Kinesis, DynamoDB, Aurora (capacity, storage, I/O),
S3 requests of the schedules, secrets, logs, metrics, alarms, the dashboard. What AWS gives every account free for ever is taken
off (`load_prices(allowances=False)` leaves it on). Not included: data that viewers of the dashboard
download, snapshots beyond the free size, support, tax.
"""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from streamgauge.telemetry import Metric

from infra.catalog import CATALOG, function

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.environments import Stage

MILLION: Final = 1_000_000
GB: Final = 1_000_000_000

_SECONDS_A_MONTH: Final = 730 * 3600
_WAF_RULES: Final = 2
_MINUTES_A_MONTH: Final = 43_800
_RUNS_A_MONTH: Final = {
    "cron(0/15 * * * ? *)": 2920,
    "cron(* * * * ? *)": _MINUTES_A_MONTH,
    "rate(1 minute)": _MINUTES_A_MONTH,
    "rate(5 minutes)": 8760,
}
# One line of metrics for a batch of the warehouse.
_METRICS_LINE_BYTES: Final = 420
_RUNS_OF_A_DAILY_JOB: Final = 31
# A schedule that finds nothing asks one store and ends; a function is billed from 1 ms up.
_IDLE_RUN_SECONDS: Final = 0.05
# Of what a provisioned shard takes, so much is used on average: traffic has peaks.
_SHARD_BYTES_A_SECOND: Final = 1_000_000
_SHARD_RECORDS_A_SECOND: Final = 1000
_PEAK_FACTOR: Final = 4
# CPU of the whole virtual processor that a function of this size has.
_MEMORY_OF_ONE_CPU: Final = 1769
# One ACU has about a quarter of a processor.
_ACU_CPUS: Final = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What the bench measures, and what follows from the shape of an event. CPU is of one core of the bench's machine."""

    ingest_cpu_us_per_request: float
    ingest_cpu_us_per_event: float
    # The wait for Kinesis to acknowledge is billed as time, though it costs no CPU.
    ingest_wait_ms_per_request: float
    warehouse_cpu_us_per_event: float
    postgres_cpu_us_per_event: float
    live_cpu_us_per_event: float
    bytes_per_request: float
    bytes_per_stream_record: float
    bytes_per_stored_event: float
    wal_bytes_per_event: float
    counter_writes_per_event: float
    live_bytes_per_event: float
    events_per_request: float = 10


# Figures of the design's prototypes and of its targets: what the bench replaces by what it measures.
ASSUMED: Final = Measured(
    ingest_cpu_us_per_request=300,
    ingest_cpu_us_per_event=40,
    ingest_wait_ms_per_request=15,
    warehouse_cpu_us_per_event=30,
    postgres_cpu_us_per_event=20,
    live_cpu_us_per_event=10,
    bytes_per_request=5000,
    bytes_per_stream_record=700,
    bytes_per_stored_event=450,
    wal_bytes_per_event=2000,
    counter_writes_per_event=0.15,
    live_bytes_per_event=60,
)


PRICES: Final = Path(__file__).with_name("prices.toml")


def load_prices(*, allowances: bool = True) -> dict[str, Any]:
    """Return the price table; without `allowances` as for an account that uses them up elsewhere."""
    prices = tomllib.loads(PRICES.read_text("utf-8"))
    if not allowances:
        prices["always"] = dict.fromkeys(prices["always"], 0)
    return prices


@dataclass(slots=True)
class _Use:
    """What a month uses of the things that have an allowance, so that each allowance is taken once."""

    cloudfront_requests: float = 0
    cloudfront_function_invocations: float = 0
    cloudfront_gb_to_viewers: float = 0
    lambda_requests: float = 0
    lambda_gb_seconds: float = 0
    logs_gb: float = 0
    metrics: float = 0
    alarms: float = 0
    dashboards: float = 0
    scheduler_invocations: float = 0


def floor(stage: Stage, prices: Mapping[str, Any]) -> dict[str, float]:
    """Return what a stage costs a month without any traffic, by service. Aurora then sleeps, where it may."""
    use = _idle_use(stage)
    return _fixed(stage, prices) | _used(use, prices)


def month(stage: Stage, prices: Mapping[str, Any], events: float, measured: Measured = ASSUMED) -> dict[str, float]:
    """Return what a month with so many events, spread over all of it, costs by service."""
    requests = events / measured.events_per_request
    use = _idle_use(stage)
    use.cloudfront_requests += requests
    use.cloudfront_function_invocations += requests
    use.cloudfront_gb_to_viewers += requests * (120 + 60 * measured.events_per_request) / GB
    use.logs_gb += requests * 250 / GB if stage.access_logs else 0
    use.logs_gb += _batches(stage, events, stage.batch_window_seconds) * _METRICS_LINE_BYTES / GB
    _add_lambda(use, stage, events, measured)
    total = _fixed(stage, prices) | _used(use, prices)
    total["cloudfront"] += requests * measured.bytes_per_request / GB * prices["cloudfront"]["gb_to_origin"]
    total["api_gateway"] = requests / MILLION * prices["api_gateway"]["http_requests_per_million"]
    if stage.waf:
        total["waf"] += requests / MILLION * prices["waf"]["requests_per_million"]
    total["kinesis"] = _kinesis(stage, prices, events, measured)
    live_writes = _batches(stage, events, 1) + events * measured.live_bytes_per_event / 1000
    writes = events * measured.counter_writes_per_event + live_writes
    total["dynamodb"] += writes / MILLION * prices["dynamodb"]["write_units_per_million"]
    total["aurora"] = _aurora(stage, prices, events, measured)
    return total


def per_million(stage: Stage, prices: Mapping[str, Any], events: float, measured: Measured = ASSUMED) -> float:
    """Return what a million events costs at so many a month, everything included."""
    return sum(month(stage, prices, events, measured).values()) / (events / MILLION)


def alarms(stage: Stage) -> int:
    """Return how many alarms a stage has: the shared ones, and those of its functions."""
    shared = 6 if stage.every_alarm else 4
    return shared + sum(1 for row in CATALOG if row.watched or stage.every_alarm)


def _runs() -> dict[str, int]:
    """Return how often each schedule runs a month."""
    return {row.module: _RUNS_A_MONTH.get(row.schedule, _RUNS_OF_A_DAILY_JOB) for row in CATALOG if row.schedule}


def _idle_use(stage: Stage) -> _Use:
    runs = _runs()
    return _Use(
        lambda_requests=sum(runs.values()),
        lambda_gb_seconds=sum(
            count * _IDLE_RUN_SECONDS * function(module).memory / 1024 for module, count in runs.items()
        ),
        metrics=len(Metric),
        alarms=alarms(stage),
        dashboards=1,
        scheduler_invocations=sum(runs.values()),
    )


def _fixed(stage: Stage, prices: Mapping[str, Any]) -> dict[str, float]:
    runs, hours, aurora = _runs(), prices["hours_a_month"], prices["aurora"]
    lists = runs["schedules/spill_take_up"] + runs["schedules/failure_replay"]
    return {
        "kinesis": _stream_hours(stage, _shards(stage, 0, ASSUMED), prices["kinesis"]) * hours,
        "aurora": stage.aurora_min_acu * aurora["acu_hour"] * hours + aurora["gb_month"],
        "waf": prices["waf"]["acl_a_month"] + _WAF_RULES * prices["waf"]["rule_a_month"] if stage.waf else 0.0,
        # Aurora's master user and the origin secret.
        "secrets": 2 * prices["secrets_manager"]["secret_a_month"],
        "dynamodb": sum(runs.values()) / MILLION * prices["dynamodb"]["read_units_per_million"],
        "s3": lists / 1000 * prices["s3"]["put_or_list_per_thousand"],
    }


def _used(use: _Use, prices: Mapping[str, Any]) -> dict[str, float]:
    """Return what is to pay for things with an allowance, beyond it."""

    def paid(name: str) -> float:
        return max(0.0, float(getattr(use, name)) - float(prices["always"][name]))

    cloudfront, watch, functions = prices["cloudfront"], prices["cloudwatch"], prices["lambda"]
    return {
        "cloudfront": paid("cloudfront_requests") / MILLION * cloudfront["https_requests_per_million"]
        + paid("cloudfront_function_invocations") / MILLION * cloudfront["function_invocations_per_million"]
        + paid("cloudfront_gb_to_viewers") * cloudfront["gb_to_viewers"],
        "lambda": paid("lambda_requests") / MILLION * functions["requests_per_million"]
        + paid("lambda_gb_seconds") * functions["arm_gb_second"],
        "scheduler": paid("scheduler_invocations") / MILLION * prices["scheduler"]["invocations_per_million"],
        "cloudwatch": paid("logs_gb") * watch["gb_of_logs"]
        + paid("metrics") * watch["metric_a_month"]
        + paid("alarms") * watch["alarm_a_month"]
        + paid("dashboards") * watch["dashboard_a_month"],
    }


def _aurora(stage: Stage, prices: Mapping[str, Any], events: float, measured: Measured) -> float:
    aurora = prices["aurora"]
    kept_days = stage.analytics_retention_days or 365
    stored = events / 30 * kept_days * measured.bytes_per_stored_event
    busy_acu = events * measured.postgres_cpu_us_per_event / MILLION / _SECONDS_A_MONTH / _ACU_CPUS
    # Traffic all month long keeps Aurora awake; awake it has half a unit at least.
    return float(
        max(stage.aurora_min_acu, 0.5, busy_acu) * aurora["acu_hour"] * prices["hours_a_month"]
        + max(1, stored / GB) * aurora["gb_month"]
        + events * measured.wal_bytes_per_event / 4096 / MILLION * aurora["io_per_million"]
    )


def _add_lambda(use: _Use, stage: Stage, events: float, measured: Measured) -> None:
    requests = events / measured.events_per_request
    ingest, warehouse, live = (function(name) for name in ("api/ingest", "consumers/warehouse", "consumers/live"))
    cpu = measured.ingest_cpu_us_per_request + measured.ingest_cpu_us_per_event * measured.events_per_request
    seconds = cpu / MILLION * _slowness(ingest.memory) + measured.ingest_wait_ms_per_request / 1000
    use.lambda_gb_seconds += requests * seconds * ingest.memory / 1024
    # A batch waits for Postgres and DynamoDB about as long as it computes; each has a fixed part of 20 ms.
    batches = _batches(stage, events, stage.batch_window_seconds)
    busy = events * (measured.warehouse_cpu_us_per_event + measured.postgres_cpu_us_per_event) / MILLION * 2
    use.lambda_gb_seconds += (busy + batches * 0.02) * warehouse.memory / 1024
    live_batches = _batches(stage, events, 1)
    live_busy = events * measured.live_cpu_us_per_event / MILLION * _slowness(live.memory)
    use.lambda_gb_seconds += (live_busy + live_batches * 0.01) * live.memory / 1024
    use.lambda_requests += requests + batches + live_batches


def _slowness(memory: int) -> float:
    """Return how much longer CPU work takes in a function with less than one processor."""
    return max(1.0, _MEMORY_OF_ONE_CPU / memory)


def _batches(stage: Stage, events: float, window_seconds: float) -> float:
    """Return how many batches a month has: one a window and lane while events come, more when batches are full."""
    lanes = max(1, stage.shard_count)
    return min(events, max(events / stage.batch_size, _SECONDS_A_MONTH / max(window_seconds, 1) * lanes))


def _shards(stage: Stage, events: float, measured: Measured) -> int:
    rate = events / _SECONDS_A_MONTH * _PEAK_FACTOR
    needed = max(rate / _SHARD_RECORDS_A_SECOND, rate * measured.bytes_per_stream_record / _SHARD_BYTES_A_SECOND)
    return max(stage.shard_count, math.ceil(needed))


def _stream_hours(stage: Stage, shards: int, prices: Mapping[str, Any]) -> float:
    """Return what an hour of the stream costs before any record."""
    if stage.stream_mode == "on_demand":
        return float(prices["on_demand_stream_hour"])
    longer = stage.stream_retention_hours > 24  # noqa: PLR2004 - a day is included
    return float(shards * (prices["shard_hour"] + (prices["shard_hour_of_extended_retention"] if longer else 0)))


def _kinesis(stage: Stage, prices: Mapping[str, Any], events: float, measured: Measured) -> float:
    kinesis, hours = prices["kinesis"], prices["hours_a_month"]
    fixed = _stream_hours(stage, _shards(stage, events, measured), kinesis) * hours
    if stage.stream_mode == "provisioned":
        units = events * math.ceil(measured.bytes_per_stream_record / 1000 / kinesis["put_unit_kb"])
        return float(fixed + units / MILLION * kinesis["put_units_per_million"])
    # On demand bills each record in steps of a kilobyte.
    billed = events * math.ceil(measured.bytes_per_stream_record / 1000) * 1000 / GB
    held_hours = max(0, stage.stream_retention_hours - 24)
    # Two consumers read every record.
    return float(
        fixed
        + billed * (kinesis["on_demand_gb_in"] + 2 * kinesis["on_demand_gb_out"])
        + billed * held_hours / hours * kinesis["on_demand_gb_month_of_extended_retention"]
    )
