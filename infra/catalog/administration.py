"""Sites, keys, imports, repair, erasure; what runs once a deploy."""

from __future__ import annotations

from typing import Final

from infra.catalog.model import API_TIMEOUT, Function, Role, Route, beside_postgres, whole_id
from infra.permissions import May

FUNCTIONS: Final = (
    beside_postgres(
        "api/admin",
        "keeps sites and keys, and accounts for events",
        Route("POST", "/api/v1/sites"),
        Route("GET", "/api/v1/sites"),
        Route("GET", "/api/v1/sites/{id}"),
        Route("PATCH", "/api/v1/sites/{id}"),
        Route("GET", "/api/v1/sites/{id}/keys"),
        Route("POST", "/api/v1/sites/{id}/keys"),
        Route("DELETE", "/api/v1/sites/{id}/keys/{key_id}"),
        Route("GET", "/api/v1/accounting"),
        role=Role.WRITER,
        may=(May.WRITE_REGISTRY, May.COUNT_DEAD_LETTERS),
    ),
    beside_postgres(
        "api/imports",
        "takes, lists and removes days that another tool has counted",
        Route("GET", "/api/v1/sites/{id}/imports"),
        Route("PUT", "/api/v1/sites/{id}/imports/{import_id}/{part}"),
        Route("DELETE", "/api/v1/sites/{id}/imports/{import_id}"),
        role=Role.WRITER,
        may=(May.WRITE_STATUS,),
    ),
    beside_postgres(
        "api/rebuild",
        "rebuilds a site from its raw events, a day a call",
        Route("POST", "/api/v1/rebuild"),
        role=Role.WRITER,
        memory=1769,
        may=(May.WRITE_COUNTERS,),
    ),
    Function(
        module="api/dead_letters",
        about="lists and replays dead letters",
        timeout=API_TIMEOUT,
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
        module="api/users",
        about="takes requests to erase a person, and says how far they are",
        timeout=API_TIMEOUT,
        routes=(
            *whole_id("DELETE", "/api/v1/users/{userId}"),
            Route("GET", "/api/v1/erasures"),
        ),
        may=(May.READ_REGISTRY, May.ASK_ERASURE),
    ),
    Function(
        module="deploy/migrations",
        about="brings the schema up to date and projects the registry, at every deploy that changes the schema",
        timeout=900,
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
