"""The adapter between an HTTP API (payload 2.0) and a function's routes: the door, the caller, the errors, the answer.

    app = application()

    @app.get("/api/v1/analytics/dashboard/<website_id>", security=READ, tags=["website"])
    def dashboard(website_id: str, asked: Annotated[ReportParameters, Query()]) -> Dashboard:
        site = site_for(app, "read", website_id)
        ...

    def handler(event, context):
        return app.resolve(event, context)

A route says with `security` what it needs: that is checked before anything of the request is read, and published.
"""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import msgspec
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response

from streamgauge import telemetry
from streamgauge.access import registry
from streamgauge.edge.bodies import as_json, with_clean_path
from streamgauge.edge.callers import Caller, caller_of, require
from streamgauge.edge.csv_answers import wants_csv, write_csv
from streamgauge.edge.origin import check_origin, header
from streamgauge.edge.problems import INTERNAL, PROBLEM_JSON, Problem
from streamgauge.edge.validation import problem_at_route
from streamgauge.edge.writers import writer_of
from streamgauge.errors import NotFoundError, OutOfBoundsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from streamgauge.access.registry import SiteRecord
    from streamgauge.access.scopes import Scope

Body = TypeVar("Body")
Route = TypeVar("Route", bound="Callable[..., Any]")
Security = list[dict[str, list[str]]]

READ: Final[Security] = [{"bearer": ["read"]}]
"""Reports and figures: keys and tokens with `read` or `admin`."""

ADMIN: Final[Security] = [{"bearer": ["admin"]}]
"""Keys and tokens with `admin`."""

WRITE: Final[Security] = [{"bearer": ["write"]}]
"""Keys with `write` or `server`, wherever ingest takes them. Such routes have no authorizer in front: `edge.writers` looks."""

OPEN: Final[Security] = []
"""Anybody."""

_WITH_SLASHES: Final = frozenset({"video_id", "user_id", "library_id"})
"""Ids that clients make, such as the path of a film's file. A rule that ends in one stands after those that go on after it."""


class Application(APIGatewayHttpResolver):
    """The routes of one function."""

    def __init__(self) -> None:
        super().__init__(enable_validation=True, response_validation_error_http_code=500, serializer=to_json)
        self._doors: list[tuple[re.Pattern[str], str, Security]] = []
        self.exception_handler(Exception)(self._refuse)
        self.use(middlewares=[_finish])

    def route(  # type: ignore[override] # the parent lists twenty parameters, which all pass through
        self, rule: str, method: str, *args: object, **kwargs: object
    ) -> Callable[[Route], Route]:
        """Register a route, and keep what it needs for the check at the door."""
        asked = inspect.signature(super().route).bind(rule, method, *args, **kwargs).arguments
        self._doors.append((self._compile_regex(rule), method.upper(), asked.get("security") or OPEN))
        register = super().route

        def described(function: Route) -> Route:
            """Publish the function's docstring with its route."""
            text = inspect.getdoc(function) or ""
            told = {"summary": text.partition(".")[0], "description": text}
            given = {name: value for name, value in asked.items() if value is not None}
            done: Route = register(**{**told, **given})(function)
            return done

        return described

    def resolve(self, event: Mapping[str, Any], context: object) -> dict[str, Any]:
        """Answer a request, whatever happens: errors of the caller's as their problems, ours as a bare 500."""
        telemetry.correlate(event["requestContext"].get("requestId", ""))
        try:
            check_origin(event)
            cleaned = with_clean_path(event)
            refusal = self._admit(cleaned)
            if refusal is not None:
                return refusal.answer()
            return super().resolve(as_json(cleaned), cast("LambdaContext", context))
        except Exception as error:  # noqa: BLE001 - the last stop before the gateway
            return _logged(error).answer()

    @staticmethod
    def _compile_regex(rule: str, base_regex: str = "^{}$") -> re.Pattern[str]:
        """Let an id in a path be any text; Powertools' own list of characters leaves many out. Only those of others hold slashes."""

        def variable(found: re.Match[str]) -> str:
            return f"(?P<{found[1]}>{'.+' if found[1] in _WITH_SLASHES else '[^/]+'})"

        return re.compile(base_regex.format(re.sub(r"<(\w+)>", variable, rule)))

    def _admit(self, event: Mapping[str, Any]) -> Problem | None:
        """Find the route: None when the caller may take it. Raises the error that keeps the caller out."""
        path, method = event["rawPath"], event["requestContext"]["http"]["method"].upper()
        allowed = {door[1]: door[2] for door in self._doors if door[0].fullmatch(path)}
        if not allowed:
            raise NotFoundError("There is nothing at this path.")
        if method not in allowed:
            methods = ", ".join(sorted(allowed))
            return Problem(405, "Method not allowed", f"This path takes {methods}.", headers={"allow": methods})
        for needed in allowed[method]:
            for scope in needed["bearer"]:
                if scope == "write":
                    writer_of(event)
                else:
                    require(caller_of(event), cast("Scope", scope))
        return None

    def _refuse(self, error: Exception) -> Response[str]:
        problem = _logged(error)
        headers = {"Cache-Control": "no-store", **problem.headers}
        return Response(problem.status, content_type=PROBLEM_JSON, body=problem.body(), headers=headers)


def application() -> Application:
    """Return an empty set of routes."""
    return Application()


def caller(app: Application) -> Caller:
    """Return who calls. Raises UnauthenticatedError."""
    return caller_of(app.current_event.raw_event)


def site_for(app: Application, scope: Scope, site_id: str | None = None) -> SiteRecord:
    """Return the site that a call is about, once the caller may do what needs `scope` there.

    Without a site in the path (`site_id` None) it is the caller's own; who opens several names one as `?website_id=`.
    Raises UnauthenticatedError, ForbiddenError, OutOfBoundsError without a name, NotFoundError for an unknown site.
    """
    known = caller(app)
    require(known, scope)
    asked = site_id or (app.current_event.query_string_parameters or {}).get("website_id") or known.own_site(scope)
    if not asked:
        message = "Name the site: these credentials open more than one."
        raise OutOfBoundsError(message, [(["query", "website_id"], message)])
    require(known, scope, asked)
    return site_named(asked)


def site_named(site_id: str) -> SiteRecord:
    """Return a site, for calls that need no credentials or have checked them. Raises NotFoundError."""
    site = registry.find_site(site_id)
    if site is None:
        raise NotFoundError("There is no such site.")
    return site


def bypasses_cache(app: Application) -> bool:
    """Say whether the caller asks to pass our caches by."""
    return "no-cache" in header(app.current_event.raw_event, "cache-control").lower()


def cached(body: Body, seconds: int) -> Response[Body]:
    """Return an answer that the caller may keep for a while (never a shared cache: answers depend on credentials).

    The same address answers as JSON or CSV, and to every key what it may see: a browser must not give out one for the other.
    """
    headers = {"Cache-Control": f"private, max-age={seconds}", "Vary": "Accept, Authorization"}
    return Response(200, content_type="application/json", body=body, headers=headers)


def to_json(body: object) -> str:
    """Write an answer; not-a-number and infinity, which JSON lacks, become null."""
    return msgspec.json.encode(body).decode()


def _logged(error: Exception) -> Problem:
    problem = problem_at_route(error)
    if problem is INTERNAL:
        telemetry.logger().error("request failed", exc_info=error)
    return problem


def _finish(app: Application, next_middleware: Callable[[Application], Response[Any]]) -> Response[Any]:
    """Turn a report (an answer with `results`) into CSV for those who accept nothing else; say that nothing is to be cached."""
    response = next_middleware(app)
    response.headers.setdefault("Cache-Control", "no-store")
    body = response.body
    if isinstance(body, dict) and "results" in body and wants_csv(app.current_event.raw_event):
        response.body = write_csv(body["results"])
        response.headers["Content-Type"] = "text/csv; charset=utf-8"
    return response
