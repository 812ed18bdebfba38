"""The roll call: one row per Lambda function. What is not here is not deployed; routes, schedules and roles come from here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from infra.permissions import May


class Side(StrEnum):
    """Where a function stands when the stage has a VPC."""

    INSIDE = "inside"  # beside Postgres; reaches nothing else but DynamoDB and S3
    OUTSIDE = "outside"


class Role(StrEnum):
    """The database roles of `store/roles.sql`."""

    READER = "reader"  # reads every table
    WRITER = "writer"  # acts as the owner, under short timeouts
    MIGRATOR = "migrator"  # owns every table


@dataclass(frozen=True, slots=True)
class Route:
    """A route of the HTTP API. Open routes have no authorizer: the function looks after itself."""

    method: str
    path: str
    open: bool = False


@dataclass(frozen=True, slots=True)
class Stream:
    """A mapping from the event stream: `windowed` ones wait BATCH_TIMEOUT and use WORKER_COUNT lanes a shard."""

    windowed: bool


class Socket(StrEnum):
    """What starts a function at the WebSocket API; the values are its route keys."""

    CONNECT = "$connect"
    MESSAGE = "$default"
    DISCONNECT = "$disconnect"


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """One Lambda function. `postgres` is the role it connects with; such a function stands inside, and only such."""

    module: str
    about: str
    memory: int = 512
    timeout: int = 10
    side: Side = Side.OUTSIDE
    postgres: Role | None = None
    may: tuple[May, ...] = ()
    routes: tuple[Route, ...] = ()
    schedule: str = ""
    stream: Stream | None = None
    # Started by the stream of the outbox, and may publish to the topic of alerts.
    sends_alerts: bool = False
    socket: Socket | None = None
    # Sends messages to open connections of the WebSocket API.
    pushes: bool = False
    # Watched in every profile; `small` has at most ten alarms.
    watched: bool = False
    aurora_only: bool = False
    # Asks how Postgres is, from outside, without waking it.
    looks_at_database: bool = False
    # Asks where an address is: has the layer of the city database, where the stage has one.
    finds_places: bool = False

    @property
    def name(self) -> str:
        """Return the last part of the module: the function's one name."""
        return self.module.rpartition("/")[2]

    @property
    def trigger(self) -> str:
        """Return the folder of the module."""
        return self.module.partition("/")[0]

    @property
    def handler(self) -> str:
        """Return the handler as Lambda is told it."""
        return f"functions.{self.module.replace('/', '.')}.handler"

    @property
    def construct(self) -> str:
        """Return the construct's id, e.g. `DailyReset`."""
        return "".join(part.capitalize() for part in self.name.split("_"))


EVERY_MINUTE: Final = "cron(* * * * ? *)"
EVERY_QUARTER: Final = "cron(0/15 * * * ? *)"
ANALYTICS: Final = "/api/v1/analytics"
FUNNELS: Final = "/api/v1/funnels"

# It also answers what no route takes, as a problem rather than in API Gateway's own words.
DOCS: Final = "api/docs"
AUTHORIZER: Final = "api/authorizer"

# An HTTP API gives up after 30 s; a read that finds Aurora paused waits 25 s, then answers 503.
_API_TIMEOUT: Final = 29
_CONSUMER_TIMEOUT: Final = 300
_SITES: Final = (May.READ_REGISTRY,)
_COUNTERS: Final = (May.WRITE_COUNTERS,)

CATALOG: Final = (
    Function(
        module="api/ingest",
        about="takes events",
        routes=(
            Route("POST", "/api/events", open=True),
            Route("POST", f"{ANALYTICS}/event", open=True),
            Route("POST", f"{ANALYTICS}/event/batch", open=True),
            Route("POST", f"{FUNNELS}/track", open=True),
            Route("POST", "/api/analytics/view/{videoId}", open=True),
            *(
                Route("POST", f"/v1/{name}", open=True)
                for pair in ("track t", "page p", "screen s", "identify i", "group g", "alias a", "batch b")
                for name in pair.split()
            ),
            Route("GET", "/v1/projects/{key}/settings", open=True),
            Route("GET", "/sourceConfig", open=True),
            Route("POST", "/batch", open=True),
            Route("POST", "/e", open=True),
            Route("POST", "/decide", open=True),
            Route("POST", "/api/event", open=True),
            Route("POST", "/api/send", open=True),
        ),
        may=(
            May.PUT_EVENTS,
            May.READ_REGISTRY,
            May.MAKE_SALTS,
            May.KEEP_DEAD_LETTERS,
            May.SPILL,
        ),
        watched=True,
        finds_places=True,
    ),
    Function(
        module="api/web",
        about="answers the website reports",
        memory=1024,
        timeout=_API_TIMEOUT,
        side=Side.INSIDE,
        postgres=Role.READER,
        routes=tuple(
            Route("GET", f"{ANALYTICS}/{report}/{{website_id}}")
            for report in (
                "dashboard",
                "top-pages",
                "top-referrers",
                "top-countries",
                "top-browsers",
                "top-devices",
                "top-os",
                "traffic-summary",
                "daily-stats",
                "hourly-stats",
                "custom-events",
                "properties",
            )
        ),
        may=(May.READ_REGISTRY,),
    ),
    Function(
        module="api/journeys",
        about="answers the reports on cohorts, paths and goals",
        memory=1024,
        timeout=_API_TIMEOUT,
        side=Side.INSIDE,
        postgres=Role.READER,
        routes=tuple(
            Route("GET", f"{ANALYTICS}/{report}/{{website_id}}") for report in ("retention", "paths", "goals")
        ),
        may=(May.READ_REGISTRY,),
    ),
    Function(
        module="api/goals",
        about="makes and deletes goals",
        timeout=_API_TIMEOUT,
        side=Side.INSIDE,
        postgres=Role.WRITER,
        routes=(
            Route("POST", f"{ANALYTICS}/goals/{{website_id}}"),
            Route("DELETE", f"{ANALYTICS}/goals/{{website_id}}/{{goal_id}}"),
        ),
        may=(May.READ_REGISTRY,),
    ),
    Function(
        module="api/funnels",
        about="keeps funnels and answers who got how far",
        memory=1769,
        timeout=_API_TIMEOUT,
        side=Side.INSIDE,
        postgres=Role.WRITER,
        routes=(
            Route("POST", FUNNELS),
            Route("GET", FUNNELS),
            Route("POST", f"{FUNNELS}/compare"),
            Route("GET", f"{FUNNELS}/{{funnel_id}}"),
            Route("PUT", f"{FUNNELS}/{{funnel_id}}"),
            Route("DELETE", f"{FUNNELS}/{{funnel_id}}"),
            Route("GET", f"{FUNNELS}/{{funnel_id}}/analytics"),
            Route("GET", f"{FUNNELS}/{{funnel_id}}/analytics/detailed"),
        ),
        may=(May.READ_REGISTRY,),
    ),
    Function(
        module="api/video",
        about="answers the video reports",
        memory=1024,
        timeout=_API_TIMEOUT,
        side=Side.INSIDE,
        postgres=Role.READER,
        routes=(
            Route("GET", "/api/metrics/videos"),
            Route("GET", "/api/metrics/video/{videoId}"),
            *(
                Route("GET", f"/api/metrics/video/{{videoId}}/{part}")
                for part in ("timeseries", "quality", "retention", "breakdown")
            ),
            Route("GET", "/api/metrics/users/{userId}"),
            Route("GET", "/api/metrics/realtime/peaks"),
        ),
        may=(May.READ_REGISTRY,),
    ),
    Function(
        module="api/views",
        about="answers and resets view counts",
        timeout=_API_TIMEOUT,
        side=Side.INSIDE,
        postgres=Role.WRITER,
        routes=(
            # Open to the public where the site says so (`public_view_stats`); the function reads the authorizer's word.
            Route("GET", "/api/analytics/stats/{videoId}"),
            Route("POST", "/api/analytics/reset/daily"),
            Route("POST", "/api/analytics/reset/monthly"),
        ),
        may=(May.READ_REGISTRY, May.READ_COUNTERS, May.WRITE_COUNTERS),
    ),
    Function(
        module="api/realtime",
        about="answers the live figures",
        routes=(
            Route("GET", "/api/metrics/realtime"),
            Route("GET", f"{ANALYTICS}/realtime/{{website_id}}"),
        ),
        may=(May.READ_REGISTRY, May.READ_LIVE),
    ),
    Function(
        module="api/live_tickets",
        about="makes tickets for live connections",
        routes=(Route("POST", "/api/v1/live/tickets"),),
        may=(May.READ_REGISTRY, May.MAKE_TICKETS),
    ),
    Function(
        module="websocket/connect",
        about="lets live connections open",
        socket=Socket.CONNECT,
        may=(May.READ_REGISTRY, May.TAKE_TICKETS, May.KEEP_CONNECTIONS),
    ),
    Function(
        module="websocket/message",
        about="takes what live connections subscribe to",
        socket=Socket.MESSAGE,
        pushes=True,
        may=(May.READ_REGISTRY, May.READ_LIVE, May.READ_SESSIONS, May.KEEP_CONNECTIONS),
    ),
    Function(
        module="websocket/disconnect",
        about="forgets live connections that were closed",
        socket=Socket.DISCONNECT,
        may=(May.KEEP_CONNECTIONS,),
    ),
    Function(
        module="api/sessions",
        about="takes calls about sessions of media servers, and lists those that are active",
        routes=(
            Route("GET", f"{ANALYTICS}/sessions/active"),
            Route("POST", f"{ANALYTICS}/sessions", open=True),
            Route("POST", f"{ANALYTICS}/sessions/batch", open=True),
            Route("PUT", f"{ANALYTICS}/sessions/{{id}}", open=True),
            Route("DELETE", f"{ANALYTICS}/sessions/{{id}}", open=True),
        ),
        may=(May.PUT_EVENTS, May.READ_REGISTRY, May.READ_SESSIONS, May.KEEP_SESSIONS, May.SPILL),
        finds_places=True,
    ),
    Function(
        module="api/webhooks",
        about="takes webhooks of Jellyfin, Plex and Emby",
        routes=tuple(Route("POST", f"/api/webhooks/{server}", open=True) for server in ("jellyfin", "plex", "emby")),
        may=(
            May.PUT_EVENTS,
            May.READ_REGISTRY,
            May.READ_SESSIONS,
            May.KEEP_SESSIONS,
            May.SPILL,
            May.KEEP_DEAD_LETTERS,
        ),
        finds_places=True,
    ),
    Function(
        module="api/session_history",
        about="answers the sessions of a user and the figures of days",
        memory=1024,
        timeout=_API_TIMEOUT,
        side=Side.INSIDE,
        postgres=Role.READER,
        routes=(Route("GET", f"{ANALYTICS}/sessions/user/{{userId}}"), Route("GET", f"{ANALYTICS}/stats/daily")),
        may=(May.READ_REGISTRY, May.READ_SESSIONS),
    ),
    Function(
        module="api/library",
        about="answers the figures of a media server: libraries, what is popular, genres, users, bandwidth, streams",
        memory=1024,
        timeout=_API_TIMEOUT,
        side=Side.INSIDE,
        postgres=Role.READER,
        routes=tuple(
            Route("GET", f"{ANALYTICS}/{report}")
            for report in (
                "server",
                "libraries/{id}",
                "popular",
                "popular/{type}",
                "users/{id}",
                "genres",
                "active-users",
                "bandwidth",
                "streams",
            )
        ),
        may=(May.READ_REGISTRY,),
    ),
    Function(
        module="api/catalog",
        about="takes the catalogue of a media server: libraries, items and users",
        memory=1024,
        timeout=_API_TIMEOUT,
        side=Side.INSIDE,
        postgres=Role.WRITER,
        routes=(
            Route("PUT", "/api/v1/catalog/libraries/{id}"),
            Route("DELETE", "/api/v1/catalog/libraries/{id}"),
            Route("PUT", "/api/v1/catalog/items"),
            Route("PUT", "/api/v1/catalog/users"),
        ),
        may=(May.READ_REGISTRY, May.WRITE_CATALOGUE),
    ),
    Function(
        module="api/sharing",
        about="answers, dismisses and tries out sharing alerts",
        memory=1769,
        timeout=_API_TIMEOUT,
        side=Side.INSIDE,
        postgres=Role.WRITER,
        routes=(
            Route("GET", f"{ANALYTICS}/sharing/alerts"),
            Route("POST", f"{ANALYTICS}/sharing/alerts/{{id}}/dismiss"),
            Route("GET", f"{ANALYTICS}/sharing/trusted"),
            Route("PUT", f"{ANALYTICS}/sharing/trusted"),
            Route("POST", f"{ANALYTICS}/sharing/dry-run"),
        ),
        may=(May.READ_REGISTRY,),
    ),
    Function(
        module="api/admin",
        about="keeps sites and keys, and accounts for events",
        memory=1024,
        timeout=_API_TIMEOUT,
        side=Side.INSIDE,
        postgres=Role.WRITER,
        routes=(
            Route("POST", "/api/v1/sites"),
            Route("GET", "/api/v1/sites"),
            Route("GET", "/api/v1/sites/{id}"),
            Route("PATCH", "/api/v1/sites/{id}"),
            Route("GET", "/api/v1/sites/{id}/keys"),
            Route("POST", "/api/v1/sites/{id}/keys"),
            Route("DELETE", "/api/v1/sites/{id}/keys/{key_id}"),
            Route("GET", "/api/v1/accounting"),
        ),
        may=(
            May.READ_REGISTRY,
            May.WRITE_REGISTRY,
            May.COUNT_DEAD_LETTERS,
        ),
    ),
    Function(
        module="api/imports",
        about="takes, lists and removes days that another tool has counted",
        memory=1024,
        timeout=_API_TIMEOUT,
        side=Side.INSIDE,
        postgres=Role.WRITER,
        routes=(
            Route("GET", "/api/v1/sites/{id}/imports"),
            Route("PUT", "/api/v1/sites/{id}/imports/{import_id}/{part}"),
            Route("DELETE", "/api/v1/sites/{id}/imports/{import_id}"),
        ),
        may=(May.READ_REGISTRY, May.WRITE_STATUS),
    ),
    Function(
        module="api/rebuild",
        about="rebuilds a site from its raw events, a day a call",
        memory=1769,
        timeout=_API_TIMEOUT,
        side=Side.INSIDE,
        postgres=Role.WRITER,
        routes=(Route("POST", "/api/v1/rebuild"),),
        may=(May.READ_REGISTRY, May.WRITE_COUNTERS),
    ),
    Function(
        module="api/dead_letters",
        about="lists and replays dead letters",
        timeout=_API_TIMEOUT,
        routes=(
            Route("GET", "/api/v1/dead-letters"),
            Route("POST", "/api/v1/dead-letters/replay"),
        ),
        may=(
            May.READ_REGISTRY,
            May.MAKE_SALTS,
            May.PUT_EVENTS,
            May.READ_DEAD_LETTERS,
            May.KEEP_DEAD_LETTERS,
            May.MARK_DEAD_LETTERS,
            # A webhook that is taken again.
            May.READ_SESSIONS,
            May.KEEP_SESSIONS,
            May.SPILL,
        ),
        finds_places=True,
    ),
    Function(
        module="api/health",
        about="says how the process, the stores and the stream are",
        routes=(
            Route("GET", "/health", open=True),
            Route("GET", "/api/metrics/health", open=True),
            Route("GET", "/metrics"),
        ),
        may=(May.DESCRIBE_STREAM, May.READ_REGISTRY, May.READ_STATUS, May.LIST_ARCHIVE, May.COUNT_CONNECTIONS),
        looks_at_database=True,
    ),
    Function(
        module=DOCS,
        about="publishes the OpenAPI description",
        routes=(Route("GET", "/openapi.json", open=True), Route("GET", "/docs", open=True)),
    ),
    Function(
        module=AUTHORIZER,
        about="says who calls; lets everybody through to the function's own answer",
        may=(May.READ_REGISTRY,),
        watched=True,
    ),
    Function(
        module="consumers/warehouse",
        about="stores batches of events in Postgres",
        memory=1769,  # one whole virtual CPU
        timeout=_CONSUMER_TIMEOUT,
        side=Side.INSIDE,
        postgres=Role.WRITER,
        stream=Stream(windowed=True),
        may=(
            May.CONSUME_EVENTS,
            May.WRITE_COUNTERS,
            May.READ_STATUS,
            May.WRITE_STATUS,
            May.KEEP_DEAD_LETTERS,
        ),
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
    *(
        Function(
            module=f"schedules/{name}",
            about=about,
            timeout=timeout,
            side=Side.INSIDE,
            postgres=Role.WRITER,
            schedule=schedule,
            may=(May.READ_STATUS, May.WRITE_STATUS, *more),
        )
        for name, about, schedule, timeout, more in (
            ("hourly_aggregation", "closes and reconciles the hours that are over", EVERY_QUARTER, 300, _SITES),
            ("daily_aggregation", "closes the days that are over: months, uniques", EVERY_QUARTER, 300, _SITES),
            ("daily_reset", "closes the view counts of the days that are over", EVERY_QUARTER, 300, _COUNTERS),
            ("monthly_reset", "closes the view counts of the months that are over", EVERY_QUARTER, 300, _COUNTERS),
            ("retention", "removes what is older than the stage keeps", "cron(20 3 * * ? *)", 900, _SITES),
            ("partition_upkeep", "makes the partitions of the coming week", "cron(40 2 * * ? *)", 900, ()),
        )
    ),
    Function(
        module="schedules/sharing_detection",
        about="looks for account sharing at the users whose sessions changed",
        memory=1024,
        timeout=120,
        side=Side.INSIDE,
        postgres=Role.WRITER,
        schedule=EVERY_MINUTE,
        may=(May.READ_STATUS, May.WRITE_STATUS, May.READ_REGISTRY, May.FILL_OUTBOX),
    ),
    Function(
        module="streams/alert_sender",
        about="sends sharing alerts to live connections, webhooks and the topic of alerts",
        timeout=120,
        sends_alerts=True,
        pushes=True,
        may=(May.READ_REGISTRY, May.PUSH),
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
    Function(
        module="deploy/migrations",
        about="brings the schema up to date and projects the registry, at every deploy that changes the schema",
        timeout=900,
        side=Side.INSIDE,
        postgres=Role.MIGRATOR,
        may=(
            May.READ_REGISTRY,
            May.WRITE_REGISTRY,
            May.RESTORE_REGISTRY,
            May.WRITE_COUNTERS,
            May.READ_STATUS,
            May.WRITE_STATUS,
        ),
    ),
    Function(
        module="deploy/database_roles",
        about="makes the database roles through the Data API",
        timeout=600,
        aurora_only=True,
    ),
)


def function(module: str) -> Function:
    """Return the row of a module."""
    return next(row for row in CATALOG if row.module == module)
