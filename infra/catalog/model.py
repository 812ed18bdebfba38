"""What a row of the roll call says of a Lambda function."""

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


def whole_id(method: str, path: str, *, open: bool = False) -> tuple[Route, Route]:  # noqa: A002 - as the field is named
    """Return the routes to a path that ends in an id of somebody else's making.

    The gateway decodes a path before it looks for its route, so an id with slashes (such as the path of a film's file) is
    several parts there, which a greedy variable alone takes.
    """
    return Route(method, path, open), Route(method, path.removesuffix("}") + "+}", open)


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
    """One Lambda function. `postgres` is the role it connects with; `timeout` is in seconds, `memory` in MB."""

    module: str
    about: str
    memory: int = 512
    timeout: int = 10
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
    def side(self) -> Side:
        """Return where it stands: inside if it connects to Postgres, and only then."""
        return Side.INSIDE if self.postgres else Side.OUTSIDE

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


ANALYTICS: Final = "/api/v1/analytics"
FUNNELS: Final = "/api/v1/funnels"

# An HTTP API gives up after 30 s; a read that finds Aurora paused waits 25 s, then answers 503.
API_TIMEOUT: Final = 29


def beside_postgres(
    module: str, about: str, *routes: Route, role: Role = Role.READER, memory: int = 1024, may: tuple[May, ...] = ()
) -> Function:
    """Return the row of a function that answers routes out of Postgres."""
    return Function(
        module=module,
        about=about,
        memory=memory,
        timeout=API_TIMEOUT,
        postgres=role,
        routes=routes,
        may=(May.READ_REGISTRY, *may),
    )
