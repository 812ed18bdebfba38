import ast
from pathlib import Path

import pytest

from infra.assets import CORE
from infra.building import ROOT
from infra.catalog import CATALOG, Function, Side
from infra.local.gateway import Route as GatewayRoute
from infra.local.gateway import Router
from infra.permissions import May

ROUTES = """
POST /api/events
POST /api/v1/analytics/event
POST /api/v1/analytics/event/batch
POST /api/analytics/view/{videoId}
GET /api/v1/analytics/dashboard/{website_id}
GET /api/v1/analytics/realtime/{website_id}
GET /api/v1/analytics/top-pages/{website_id}
GET /api/v1/analytics/daily-stats/{website_id}
GET /api/v1/analytics/hourly-stats/{website_id}
GET /api/metrics/video/{videoId}
GET /api/metrics/realtime
GET /api/analytics/stats/{videoId}
POST /api/v1/live/tickets
POST /api/analytics/reset/daily
POST /api/analytics/reset/monthly
POST /api/v1/sites
GET /api/v1/sites
GET /api/v1/sites/{id}
PATCH /api/v1/sites/{id}
GET /api/v1/sites/{id}/keys
POST /api/v1/sites/{id}/keys
DELETE /api/v1/sites/{id}/keys/{key_id}
GET /api/v1/accounting
POST /api/v1/rebuild
GET /api/v1/dead-letters
POST /api/v1/dead-letters/replay
GET /health
GET /api/metrics/health
GET /metrics
GET /openapi.json
GET /docs
"""


def test_every_function_is_in_the_roll_call_and_nothing_else() -> None:
    files = {
        path.relative_to(ROOT / "functions").with_suffix("").as_posix()
        for path in (ROOT / "functions").glob("*/*.py")
        if path.name != "__init__.py"
    }
    assert {row.module for row in CATALOG} == files


def test_a_function_has_one_name_of_its_own() -> None:
    names = [row.name for row in CATALOG]
    assert len(set(names)) == len(names)


def test_who_talks_to_postgres_stands_inside_and_nobody_else() -> None:
    assert [row.module for row in CATALOG if (row.postgres is not None) != (row.side is Side.INSIDE)] == []


def test_every_route_of_the_api_is_somebodys() -> None:
    routes = [f"{route.method} {route.path}" for row in CATALOG for route in row.routes]
    assert len(set(routes)) == len(routes)
    assert set(routes) >= set(ROUTES.split("\n")) - {""}


def test_ids_that_clients_make_may_hold_slashes() -> None:
    """The gateway decodes a path, then looks for its route: `%2F` is a slash by then."""
    router = Router(GatewayRoute(f"{route.method} {route.path}", row.module) for row in CATALOG for route in row.routes)
    for method, path in [
        ("GET", "/api/metrics/video/{}"),
        ("GET", "/api/metrics/video/{}/retention"),
        ("GET", "/api/metrics/users/{}"),
        ("GET", "/api/v1/users/{}"),
        ("DELETE", "/api/v1/users/{}"),
        ("GET", "/api/v1/analytics/users/{}"),
        ("GET", "/api/v1/analytics/sessions/user/{}"),
        ("GET", "/api/v1/analytics/libraries/{}"),
        ("PUT", "/api/v1/catalog/libraries/{}"),
        ("GET", "/api/analytics/stats/{}"),
        ("POST", "/api/analytics/view/{}"),
    ]:
        plain, slashed = (router.find(method, path.format(name)) for name in ("film", "/films/a.webm"))
        assert plain is not None
        assert slashed is not None
        assert plain[0].function == slashed[0].function
        assert plain[1].popitem()[1] == "film"


def test_no_route_ends_in_a_slash_since_api_gateway_refuses_it() -> None:
    assert not [route.path for row in CATALOG for route in row.routes if route.path.endswith("/")]


def test_open_routes_are_the_open_ones_of_the_api() -> None:
    opened = {route.path for row in CATALOG for route in row.routes if route.open}
    assert opened == {
        "/api/events",
        "/api/v1/analytics/event",
        "/api/v1/analytics/event/batch",
        "/api/v1/funnels/track",
        "/api/analytics/view/{videoId}",
        "/api/analytics/view/{videoId+}",
        *(f"/v1/{name}" for name in ("track", "page", "screen", "identify", "group", "alias", "batch", *"tpsigab")),
        "/v1/import",
        "/beacon/v1/batch",
        "/v1/projects/{key}/settings",
        "/sourceConfig",
        *(f"/{name}" for name in ("batch", "e", "i/v0/e", "capture", "track", "engage", "decide", "flags", "s")),
        "/array/{token}/config",
        "/array/{token}/config.js",
        "/api/event",
        "/api/send",
        "/api/batch",
        "/api/v1/analytics/sessions",
        "/api/v1/analytics/sessions/batch",
        "/api/v1/analytics/sessions/{id}",
        "/api/webhooks/jellyfin",
        "/api/webhooks/plex",
        "/api/webhooks/emby",
        "/health",
        "/api/metrics/health",
        "/openapi.json",
        "/docs",
    }


def test_every_function_is_started_by_something() -> None:
    started = [row for row in CATALOG if row.routes or row.schedule or row.stream or row.socket or row.sends_alerts]
    idle = [row.module for row in CATALOG if row not in started and row.trigger != "deploy"]
    assert idle == ["api/authorizer"]


def test_a_route_answers_within_what_an_http_api_waits() -> None:
    assert all(row.timeout <= 29 for row in CATALOG if row.routes)


def sources_of(module: str) -> set[Path]:
    """Return the files that a function's module imports of ours, directly or not."""
    seen: set[Path] = set()
    waiting = [ROOT / "functions" / f"{module}.py"]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("streamgauge"):
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
                files = [CORE.parent / f"{name.replace('.', '/')}.py" for name in names if name]
                waiting += [file for file in files if file.is_file()]
    return seen


@pytest.mark.parametrize("row", CATALOG, ids=lambda row: row.module)
def test_nothing_is_granted_that_a_functions_code_never_names(row: Function) -> None:
    sources = sources_of(row.module)
    text = "\n".join(path.read_text("utf-8") for path in sources)
    # The mapping itself, not the consumer's code, reads the stream and writes what it gives up.
    granted = {rule.thing for may in row.may if may is not May.CONSUME_EVENTS for rule in may.value}
    assert {thing for thing in granted if thing.value not in text} == set()
    assert row.postgres is None or CORE / "store" / "postgres.py" in sources
