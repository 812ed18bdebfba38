"""What runs behind the stream and by schedule."""

from __future__ import annotations

from typing import Final

from infra.catalog.model import Function, Role, Stream
from infra.permissions import May

_EVERY_QUARTER: Final = "cron(0/15 * * * ? *)"
_SITES: Final = (May.READ_REGISTRY,)
_COUNTERS: Final = (May.WRITE_COUNTERS,)

FUNCTIONS: Final = (
    Function(
        module="consumers/warehouse",
        about="stores batches of events in Postgres",
        memory=1769,  # one whole virtual CPU
        timeout=300,
        postgres=Role.WRITER,
        stream=Stream(windowed=True),
        may=(May.CONSUME_EVENTS, May.WRITE_COUNTERS, May.READ_STATUS, May.WRITE_STATUS, May.KEEP_DEAD_LETTERS),
        watched=True,
    ),
    Function(
        module="consumers/live",
        about="keeps the last minutes of every site, and tells those who watch",
        timeout=60,
        stream=Stream(windowed=False),
        pushes=True,
        may=(
            May.CONSUME_EVENTS,
            May.READ_LIVE,
            May.WRITE_LIVE,
            May.READ_SESSIONS,
            May.KEEP_SESSIONS,
            May.READ_REGISTRY,
            May.KEEP_CONNECTIONS,
        ),
        watched=True,
    ),
    Function(
        module="streams/alert_sender",
        about="sends sharing alerts to live connections, webhooks and the topic of alerts",
        timeout=120,
        sends_alerts=True,
        pushes=True,
        may=(May.READ_REGISTRY, May.PUSH),
    ),
    *(
        Function(
            module=f"schedules/{name}",
            about=about,
            timeout=timeout,
            postgres=Role.WRITER,
            schedule=schedule,
            may=(May.READ_STATUS, May.WRITE_STATUS, *more),
        )
        for name, about, schedule, timeout, more in (
            ("hourly_aggregation", "closes and reconciles the hours that are over", _EVERY_QUARTER, 300, _SITES),
            ("daily_aggregation", "closes the days that are over: months, uniques", _EVERY_QUARTER, 300, _SITES),
            ("daily_reset", "closes the view counts of the days that are over", _EVERY_QUARTER, 300, _COUNTERS),
            ("monthly_reset", "closes the view counts of the months that are over", _EVERY_QUARTER, 300, _COUNTERS),
            ("retention", "removes what is older than the stage keeps", "cron(20 3 * * ? *)", 900, _SITES),
            ("partition_upkeep", "makes the partitions of the coming week", "cron(40 2 * * ? *)", 900, ()),
        )
    ),
    Function(
        module="schedules/sharing_detection",
        about="looks for account sharing at the users whose sessions changed",
        memory=1024,
        timeout=120,
        postgres=Role.WRITER,
        schedule="cron(* * * * ? *)",
        may=(May.READ_STATUS, May.WRITE_STATUS, May.READ_REGISTRY, May.FILL_OUTBOX),
    ),
    Function(
        module="schedules/erasure",
        about="erases the persons whose erasure was asked for",
        memory=1024,
        timeout=900,
        postgres=Role.WRITER,
        schedule="cron(* * * * ? *)",
        may=(May.READ_REGISTRY, May.ERASE),
    ),
    Function(
        module="schedules/spill_take_up",
        about="puts spilled requests back on the stream",
        memory=256,
        timeout=55,
        schedule="rate(1 minute)",
        may=(May.TAKE_UP_SPILL, May.PUT_EVENTS),
        watched=True,
    ),
    Function(
        module="schedules/failure_replay",
        about="puts batches that a mapping gave up back on the stream once all is healthy",
        memory=256,
        timeout=240,
        schedule="rate(5 minutes)",
        may=(May.TAKE_UP_FAILURES, May.PUT_EVENTS, May.READ_STATUS),
        watched=True,
    ),
)
