from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from infra.local.event_source import Mapping, Record, ShardLanes, kinesis_event

ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/events"


def records(count: int, keys: int = 1, arrived: float = 0.0) -> list[Record]:
    return [Record("shardId-0", f"{n:08d}", f"key{n % keys}", b"{}", arrived) for n in range(count)]


def sequences(batch) -> list[int]:
    return [int(record.sequence) for record in batch.records]


def one(lanes: ShardLanes, now: float):
    batches, discarded = lanes.take(now)
    assert not discarded
    assert len(batches) == 1
    return batches[0]


def test_a_batch_closes_at_its_size():
    lanes = ShardLanes(Mapping(batch_size=3, window_seconds=60))
    lanes.offer(records(7), now=0)
    first = one(lanes, 0)
    assert sequences(first) == [0, 1, 2]
    assert lanes.take(0) == ([], [])  # one batch of a lane at a time
    lanes.succeeded(first, None, 0)
    lanes.succeeded(one(lanes, 0), None, 0)
    assert lanes.take(0) == ([], [])  # the last record waits for the window
    assert lanes.wake_at() == 60
    assert sequences(one(lanes, 60)) == [6]


def test_a_window_runs_from_the_first_record_of_the_batch():
    lanes = ShardLanes(Mapping(batch_size=100, window_seconds=1))
    lanes.offer(records(1), now=10)
    lanes.offer([Record("shardId-0", "00000001", "key0", b"", 0)], now=10.9)
    assert lanes.take(10.99) == ([], [])
    assert sequences(one(lanes, 11)) == [0, 1]


def test_no_window_means_at_once():
    lanes = ShardLanes(Mapping(window_seconds=0))
    lanes.offer(records(1), now=10)
    assert lanes.wake_at() == 10
    assert sequences(one(lanes, 10)) == [0]


def test_a_batch_stays_below_the_payload_limit():
    lanes = ShardLanes(Mapping(batch_size=1000))
    lanes.offer([Record("s", f"{n:08d}", "k", b"x" * 1_000_000, 0) for n in range(8)], now=0)
    assert len(one(lanes, 0).records) == 4


def test_lanes_run_side_by_side_and_keep_the_order_of_a_key():
    lanes = ShardLanes(Mapping(batch_size=100, parallelization=4))
    lanes.offer(records(40, keys=8), now=0)
    batches, _ = lanes.take(0)
    assert len(batches) > 1
    for batch in batches:
        assert {lanes.lane_of(record.partition_key) for record in batch.records} == {batch.lane}
        assert sequences(batch) == sorted(sequences(batch))


def test_a_failing_lane_does_not_hold_the_others_but_holds_the_checkpoint():
    lanes = ShardLanes(Mapping(batch_size=100, parallelization=2))
    lanes.offer(records(40, keys=8), now=0)
    held, free = lanes.take(0)[0]
    if 0 not in sequences(held):
        held, free = free, held
    lanes.failed(held, 0)
    lanes.succeeded(free, None, 0)
    assert lanes.checkpoint is None
    lanes.offer([Record("shardId-0", "00000099", free.records[0].partition_key, b"", 0)], now=0)
    assert sequences(one(lanes, 0)) == [99]
    retry = one(lanes, 0.1)
    lanes.succeeded(retry, None, 0.1)
    assert lanes.checkpoint == "00000039"  # 99 is still in flight


def test_a_whole_batch_comes_again_with_growing_pauses():
    lanes = ShardLanes(Mapping(batch_size=10))
    lanes.offer(records(10), now=0)
    now, pauses = 0.0, []
    for _ in range(4):
        batch = one(lanes, now)
        assert sequences(batch) == list(range(10))
        lanes.failed(batch, now)
        wake = lanes.wake_at()
        assert wake is not None
        pauses.append(wake - now)
        assert lanes.take(wake - 0.001) == ([], [])
        now = wake
    assert pauses == sorted(pauses)
    assert pauses[0] < pauses[-1] <= 5


def test_retries_end_and_the_records_are_given_up():
    lanes = ShardLanes(Mapping(batch_size=2, max_retries=2))
    lanes.offer(records(4), now=0)
    now = 0.0
    for attempt in range(3):
        given_up = lanes.failed(one(lanes, now), now)
        now += 10
        assert (given_up is None) == (attempt < 2)
    assert given_up is not None
    assert given_up.condition == "RetryAttemptsExhausted"
    assert given_up.invocations == 3
    assert sequences(given_up) == [0, 1]
    assert lanes.checkpoint == "00000001"
    assert sequences(one(lanes, now)) == [2, 3]


def test_bisect_isolates_the_poison_record_and_costs_no_retry():
    lanes = ShardLanes(Mapping(batch_size=1000, bisect=True, max_retries=3))
    lanes.offer(records(1000), now=0)
    now, invocations, given_up = 0.0, 0, []
    while lanes.unfinished:
        batches, _ = lanes.take(now)
        for batch in batches:
            invocations += 1
            if 617 in sequences(batch):
                found = lanes.failed(batch, now)
                given_up += [found] if found else []
            else:
                lanes.succeeded(batch, None, now)
        now += 1
    assert [sequences(batch) for batch in given_up] == [[617]]
    assert given_up[0].invocations == 4  # the first one and three retries
    assert invocations < 40


def test_old_records_are_given_up_and_younger_ones_of_the_batch_go_on():
    lanes = ShardLanes(Mapping(batch_size=10, max_age_seconds=60))
    lanes.offer([*records(2, arrived=0), Record("s", "00000005", "key0", b"", 50)], now=100)
    batches, discarded = lanes.take(100)
    assert [(part.condition, sequences(part)) for part in discarded] == [("RecordAgeExceeded", [0, 1])]
    assert [sequences(batch) for batch in batches] == [[5]]


def test_a_throttle_costs_no_retry():
    lanes = ShardLanes(Mapping(max_retries=0))
    lanes.offer(records(1), now=0)
    now = 0.0
    for _ in range(5):
        lanes.throttled(one(lanes, now), now)
        now += 10
    assert lanes.failed(one(lanes, now), now) is not None


def test_partial_responses_send_again_from_the_first_failure():
    lanes = ShardLanes(Mapping(batch_size=5, partial_responses=True))
    lanes.offer(records(5), now=0)
    answer = {"batchItemFailures": [{"itemIdentifier": "00000003"}, {"itemIdentifier": "00000002"}]}
    lanes.succeeded(one(lanes, 0), answer, 0)
    assert lanes.checkpoint == "00000001"
    again = one(lanes, 1)
    assert sequences(again) == [2, 3, 4]
    lanes.succeeded(again, {"batchItemFailures": []}, 1)
    assert lanes.checkpoint == "00000004"


def test_a_partial_response_that_names_nothing_known_fails_the_batch():
    lanes = ShardLanes(Mapping(batch_size=5, partial_responses=True))
    lanes.offer(records(5), now=0)
    lanes.succeeded(one(lanes, 0), {"batchItemFailures": [{"itemIdentifier": ""}]}, 0)
    assert lanes.checkpoint is None
    assert sequences(one(lanes, 1)) == [0, 1, 2, 3, 4]


def test_flush_closes_open_batches():
    lanes = ShardLanes(Mapping(batch_size=100, window_seconds=60))
    lanes.offer(records(3), now=0)
    batches, _ = lanes.take(0, flush=True)
    assert [sequences(batch) for batch in batches] == [[0, 1, 2]]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 10), st.booleans())
def test_every_record_is_delivered_or_given_up_and_the_checkpoint_never_passes_an_unfinished_one(
    seed, lanes_count, bisect
):
    rng = random.Random(seed)
    lanes = ShardLanes(Mapping(batch_size=7, parallelization=lanes_count, bisect=bisect, max_retries=2))
    waiting = records(100, keys=20)
    done: set[int] = set()
    flying = []
    last_of_key: dict[str, int] = {}
    now = 0.0
    while waiting or lanes.unfinished:
        cut = rng.randrange(0, 12)
        lanes.offer(waiting[:cut], now)
        waiting = waiting[cut:]
        flying += lanes.take(now)[0]
        rng.shuffle(flying)
        if flying:
            batch = flying.pop()
            if rng.random() < 0.3:
                given_up = lanes.failed(batch, now)
                done.update(sequences(given_up) if given_up else [])
            else:
                lanes.succeeded(batch, None, now)
                for record in batch.records:
                    assert last_of_key.get(record.partition_key, -1) < int(record.sequence)
                    last_of_key[record.partition_key] = int(record.sequence)
                done.update(sequences(batch))
        if lanes.checkpoint is not None:
            assert done >= set(range(int(lanes.checkpoint) + 1))
        now += rng.random() * 3
    assert done == set(range(100))
    assert lanes.checkpoint == "00000099"


def test_the_event_is_the_one_of_lambda():
    event = kinesis_event([Record("shardId-000000000001", "42", "visitor", b'{"a":1}', 1700000000.125)], ARN)
    assert event == {
        "Records": [
            {
                "kinesis": {
                    "kinesisSchemaVersion": "1.0",
                    "partitionKey": "visitor",
                    "sequenceNumber": "42",
                    "data": "eyJhIjoxfQ==",
                    "approximateArrivalTimestamp": 1700000000.125,
                },
                "eventSource": "aws:kinesis",
                "eventVersion": "1.0",
                "eventID": "shardId-000000000001:42",
                "eventName": "aws:kinesis:record",
                "invokeIdentityArn": "arn:aws:iam::000000000000:role/local",
                "awsRegion": "us-east-1",
                "eventSourceARN": ARN,
            }
        ]
    }
