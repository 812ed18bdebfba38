"""What takes events, and what every caller meets."""

from __future__ import annotations

from typing import Final

from infra.catalog.model import ANALYTICS, FUNNELS, Function, Route, whole_id
from infra.permissions import May

AUTHORIZER: Final = "api/authorizer"
# It also answers what no route takes, as a problem rather than in API Gateway's own words.
DOCS: Final = "api/docs"

FUNCTIONS: Final = (
    Function(
        module="api/ingest",
        about="takes events",
        routes=(
            Route("POST", "/api/events", open=True),
            Route("POST", f"{ANALYTICS}/event", open=True),
            Route("POST", f"{ANALYTICS}/event/batch", open=True),
            Route("POST", f"{FUNNELS}/track", open=True),
            *whole_id("POST", "/api/analytics/view/{videoId}", open=True),
            *(
                Route("POST", f"/v1/{name}", open=True)
                for pair in ("track t", "page p", "screen s", "identify i", "group g", "alias a", "batch b")
                for name in pair.split()
            ),
            Route("POST", "/v1/import", open=True),
            Route("POST", "/beacon/v1/batch", open=True),
            Route("GET", "/v1/projects/{key}/settings", open=True),
            Route("GET", "/sourceConfig", open=True),
            *(
                Route("POST", path, open=True)
                for path in ("/batch", "/e", "/i/v0/e", "/capture", "/track", "/engage", "/decide", "/flags", "/s")
            ),
            Route("GET", "/array/{token}/config", open=True),
            Route("GET", "/array/{token}/config.js", open=True),
            Route("POST", "/api/event", open=True),
            Route("POST", "/api/send", open=True),
            Route("POST", "/api/batch", open=True),
        ),
        may=(May.PUT_EVENTS, May.READ_REGISTRY, May.MAKE_SALTS, May.KEEP_DEAD_LETTERS, May.SPILL),
        watched=True,
        finds_places=True,
    ),
    Function(
        module=AUTHORIZER,
        about="says who calls; lets everybody through to the function's own answer",
        may=(May.READ_REGISTRY,),
        watched=True,
    ),
    Function(
        module=DOCS,
        about="publishes the OpenAPI description",
        routes=(Route("GET", "/openapi.json", open=True), Route("GET", "/docs", open=True)),
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
)
