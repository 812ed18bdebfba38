"""What a function may do, by name: each permission is a list of actions on one thing, never a wildcard action.

A resource with a wildcard has its written reason in `WILDCARD_REASONS`; cdk-nag and the tests accept no other.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Final


class Thing(StrEnum):
    """What permissions are about; the values are the environment variables that name them to functions."""

    STREAM = "STREAM_NAME"
    COUNTERS = "COUNTERS_TABLE"
    LIVE = "LIVE_TABLE"
    SESSIONS = "SESSIONS_TABLE"
    OUTBOX = "OUTBOX_TABLE"
    SOCKETS = "SOCKETS_TABLE"
    REGISTRY = "REGISTRY_TABLE"
    STATUS = "STATUS_TABLE"
    DEAD_LETTERS = "DEAD_LETTERS_TABLE"
    ARCHIVE = "ARCHIVE_BUCKET"


TABLES: Final = (
    Thing.COUNTERS,
    Thing.LIVE,
    Thing.SESSIONS,
    Thing.OUTBOX,
    Thing.SOCKETS,
    Thing.REGISTRY,
    Thing.STATUS,
    Thing.DEAD_LETTERS,
)

# Lambda itself chooses this prefix for the batches that an event source mapping gives up.
ON_FAILURE_PREFIX: Final = "aws/lambda/"
SPILL_PREFIX: Final = "spill/"
DEAD_LETTERS_PREFIX: Final = "dead-letters/"
# The resource of statements whose actions know no narrower one.
EVERYTHING: Final = "*"

_READ: Final = ("dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query")
_WRITE: Final = ("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem")


# Everything in the table of sockets but the tickets.
_CONNECTIONS: Final = ("connections", "site#*", "watched", "turns")
# Of the table of status: who is to be erased, and who was.
_ERASURES: Final = ("erasures#*", "pending#erasure")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Actions on one thing: `prefix` bounds a bucket's objects, `keys` the partition keys of a table."""

    thing: Thing
    actions: tuple[str, ...]
    prefix: str = ""
    keys: tuple[str, ...] = ()


class May(Enum):
    """What a catalog row can grant."""

    PUT_EVENTS = (Rule(thing=Thing.STREAM, actions=("kinesis:PutRecords", "kinesis:PutRecord")),)
    DESCRIBE_STREAM = (Rule(thing=Thing.STREAM, actions=("kinesis:DescribeStreamSummary", "kinesis:ListShards")),)
    CONSUME_EVENTS = (
        Rule(
            thing=Thing.STREAM,
            actions=(
                "kinesis:DescribeStream",
                "kinesis:DescribeStreamSummary",
                "kinesis:GetRecords",
                "kinesis:GetShardIterator",
                "kinesis:ListShards",
            ),
        ),
        # The mapping writes what it gives up with the function's own role.
        Rule(thing=Thing.ARCHIVE, actions=("s3:PutObject",), prefix=ON_FAILURE_PREFIX),
        Rule(thing=Thing.ARCHIVE, actions=("s3:ListBucket",)),
    )
    READ_COUNTERS = (Rule(thing=Thing.COUNTERS, actions=_READ),)
    WRITE_COUNTERS = (Rule(thing=Thing.COUNTERS, actions=_WRITE),)
    READ_LIVE = (Rule(thing=Thing.LIVE, actions=_READ),)
    WRITE_LIVE = (Rule(thing=Thing.LIVE, actions=("dynamodb:PutItem", "dynamodb:BatchWriteItem")),)
    READ_SESSIONS = (Rule(thing=Thing.SESSIONS, actions=_READ),)
    KEEP_SESSIONS = (Rule(thing=Thing.SESSIONS, actions=("dynamodb:PutItem", "dynamodb:BatchWriteItem")),)
    FILL_OUTBOX = (Rule(thing=Thing.OUTBOX, actions=("dynamodb:PutItem",)),)
    MAKE_TICKETS = (Rule(thing=Thing.SOCKETS, actions=("dynamodb:PutItem",), keys=("ticket#*",)),)
    TAKE_TICKETS = (Rule(thing=Thing.SOCKETS, actions=("dynamodb:GetItem", "dynamodb:DeleteItem"), keys=("ticket#*",)),)
    COUNT_CONNECTIONS = (Rule(thing=Thing.SOCKETS, actions=("dynamodb:Query",), keys=("connections",)),)
    PUSH = (
        Rule(
            thing=Thing.SOCKETS,
            actions=("dynamodb:Query", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem"),
            keys=_CONNECTIONS,
        ),
    )
    KEEP_CONNECTIONS = (
        Rule(thing=Thing.SOCKETS, actions=_READ, keys=_CONNECTIONS),
        Rule(thing=Thing.SOCKETS, actions=_WRITE, keys=_CONNECTIONS),
    )
    READ_REGISTRY = (Rule(thing=Thing.REGISTRY, actions=("dynamodb:GetItem", "dynamodb:BatchGetItem")),)
    WRITE_REGISTRY = (Rule(thing=Thing.REGISTRY, actions=_WRITE),)
    # Ingest is open to the world: it makes salts, and can touch neither keys nor sites.
    MAKE_SALTS = (
        Rule(
            thing=Thing.REGISTRY,
            actions=("dynamodb:PutItem", "dynamodb:BatchWriteItem"),
            keys=("salt#*",),
        ),
    )
    # The items of catalogues, by which views are held; neither keys nor sites.
    WRITE_CATALOGUE = (
        Rule(
            thing=Thing.REGISTRY,
            actions=("dynamodb:PutItem", "dynamodb:BatchWriteItem"),
            keys=("catalog#*",),
        ),
    )
    # Days that are to be built anew, as the catalogue has changed durations of videos.
    MARK_DAYS = (Rule(thing=Thing.STATUS, actions=("dynamodb:PutItem",), keys=("pending",)),)
    RESTORE_REGISTRY = (Rule(thing=Thing.REGISTRY, actions=("dynamodb:Scan", "dynamodb:BatchWriteItem")),)
    READ_STATUS = (Rule(thing=Thing.STATUS, actions=_READ),)
    WRITE_STATUS = (Rule(thing=Thing.STATUS, actions=_WRITE),)
    KEEP_DEAD_LETTERS = (
        Rule(thing=Thing.ARCHIVE, actions=("s3:PutObject",), prefix=DEAD_LETTERS_PREFIX),
        Rule(thing=Thing.DEAD_LETTERS, actions=("dynamodb:PutItem", "dynamodb:BatchWriteItem")),
    )
    COUNT_DEAD_LETTERS = (Rule(thing=Thing.DEAD_LETTERS, actions=("dynamodb:Query",)),)
    READ_DEAD_LETTERS = (
        Rule(thing=Thing.ARCHIVE, actions=("s3:GetObject",), prefix=DEAD_LETTERS_PREFIX),
        # Without listing S3 answers 403 for an object that has expired.
        Rule(thing=Thing.ARCHIVE, actions=("s3:ListBucket",)),
        Rule(thing=Thing.DEAD_LETTERS, actions=_READ),
    )
    MARK_DEAD_LETTERS = (Rule(thing=Thing.DEAD_LETTERS, actions=_WRITE),)
    ASK_ERASURE = (Rule(thing=Thing.STATUS, actions=("dynamodb:PutItem", "dynamodb:Query"), keys=_ERASURES),)
    ERASE = (
        Rule(
            thing=Thing.STATUS,
            actions=("dynamodb:Query", "dynamodb:UpdateItem", "dynamodb:DeleteItem"),
            keys=_ERASURES,
        ),
        Rule(thing=Thing.SESSIONS, actions=("dynamodb:Scan", "dynamodb:BatchWriteItem")),
        Rule(thing=Thing.OUTBOX, actions=("dynamodb:BatchGetItem", "dynamodb:BatchWriteItem")),
        Rule(thing=Thing.DEAD_LETTERS, actions=("dynamodb:Query", "dynamodb:UpdateItem")),
        Rule(thing=Thing.ARCHIVE, actions=("s3:GetObject", "s3:PutObject"), prefix=DEAD_LETTERS_PREFIX),
        Rule(thing=Thing.ARCHIVE, actions=("s3:ListBucket",)),
    )
    LIST_ARCHIVE = (Rule(thing=Thing.ARCHIVE, actions=("s3:ListBucket",)),)
    SPILL = (Rule(thing=Thing.ARCHIVE, actions=("s3:PutObject",), prefix=SPILL_PREFIX),)
    TAKE_UP_SPILL = (
        Rule(thing=Thing.ARCHIVE, actions=("s3:GetObject", "s3:DeleteObject"), prefix=SPILL_PREFIX),
        Rule(thing=Thing.ARCHIVE, actions=("s3:ListBucket",)),
    )
    TAKE_UP_FAILURES = (
        Rule(thing=Thing.ARCHIVE, actions=("s3:GetObject", "s3:DeleteObject"), prefix=ON_FAILURE_PREFIX),
        Rule(thing=Thing.ARCHIVE, actions=("s3:ListBucket",)),
    )


# The stage of the WebSocket API: CloudFront hands the path `/ws` on as it is, and the first part of it names the stage.
SOCKET_STAGE: Final = "ws"

# Every resource with a wildcard in a role of ours ends in one of these.
WILDCARD_REASONS: Final = {
    f"/{DEAD_LETTERS_PREFIX}*": "Dead letters get their names at run time; the prefix bounds them.",
    f"/{SPILL_PREFIX}*": "Spilled requests get their names at run time; the prefix bounds them.",
    f"/{ON_FAILURE_PREFIX}*": "Lambda names the batches that a mapping gives up; the prefix is its own.",
    "/stream/*": "Listing the streams of a table knows no single stream; the table is the outbox.",
    ":log-stream:*": "A function's log streams get their names at run time; the group is its own.",
    f"/{SOCKET_STAGE}/POST/@connections/*": "Connections get their names when they open; the API and the one action bound them.",
    EVERYTHING: "Two statements only. Lambda makes and removes the network interfaces of a function in a VPC with the function's "
    "role: they have no names before, describing knows no resource, and a second statement denies the same to the function's own "
    "code. And health reads a metric of CloudWatch, which knows no resource to read from.",
}
