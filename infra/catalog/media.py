"""Sessions, library and sharing of media servers."""

from __future__ import annotations

from typing import Final

from infra.catalog.model import ANALYTICS, Function, Role, Route, beside_postgres, whole_id
from infra.permissions import May

FUNCTIONS: Final = (
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
        may=(May.PUT_EVENTS, May.READ_REGISTRY, May.READ_SESSIONS, May.KEEP_SESSIONS, May.SPILL, May.KEEP_DEAD_LETTERS),
        finds_places=True,
    ),
    beside_postgres(
        "api/session_history",
        "answers the sessions of a user and the figures of days",
        *whole_id("GET", f"{ANALYTICS}/sessions/user/{{userId}}"),
        Route("GET", f"{ANALYTICS}/stats/daily"),
        role=Role.WRITER,
        may=(May.READ_SESSIONS,),
    ),
    beside_postgres(
        "api/library",
        "answers the figures of a media server: libraries, what is popular, genres, users, bandwidth, streams",
        *(
            Route("GET", f"{ANALYTICS}/{report}")
            for report in (
                "server",
                "popular",
                "popular/{type}",
                "genres",
                "active-users",
                "bandwidth",
                "streams",
            )
        ),
        *whole_id("GET", f"{ANALYTICS}/libraries/{{id}}"),
        *whole_id("GET", f"{ANALYTICS}/users/{{id}}"),
        # Both keep what they have added up.
        role=Role.WRITER,
    ),
    beside_postgres(
        "api/catalog",
        "takes the catalogue of a media server: libraries, items and users",
        *whole_id("PUT", "/api/v1/catalog/libraries/{id}"),
        *whole_id("DELETE", "/api/v1/catalog/libraries/{id}"),
        Route("PUT", "/api/v1/catalog/items"),
        Route("PUT", "/api/v1/catalog/users"),
        role=Role.WRITER,
        may=(May.WRITE_CATALOGUE, May.MARK_DAYS),
    ),
    beside_postgres(
        "api/sharing",
        "answers, dismisses and tries out sharing alerts",
        Route("GET", f"{ANALYTICS}/sharing/alerts"),
        Route("POST", f"{ANALYTICS}/sharing/alerts/{{id}}/dismiss"),
        Route("GET", f"{ANALYTICS}/sharing/trusted"),
        Route("PUT", f"{ANALYTICS}/sharing/trusted"),
        Route("POST", f"{ANALYTICS}/sharing/dry-run"),
        role=Role.WRITER,
        memory=1769,
    ),
)
