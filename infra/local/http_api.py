"""The deployed HTTP API: finds the route of a request, asks the authorizer, invokes the function. `gateway.py` has the rules."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from infra.local import gateway
from infra.local.aws import AWAY
from infra.local.gateway import Answer, Request, Route, Router

if TYPE_CHECKING:
    from infra.local.aws import Cloud

_GATEWAY_SECONDS: Final = 30.0
_logger = logging.getLogger("http_api")


class HttpApi:
    """One API; `load` reads its routes, integrations, authorizers and CORS first."""

    def __init__(self, cloud: Cloud, api_id: str) -> None:
        self._cloud = cloud
        self._api_id = api_id
        self._router = Router([])
        self._cors: dict[str, Any] = {}

    async def load(self) -> None:
        """Read what is deployed. Raises CloudError."""
        path = f"/v2/apis/{self._api_id}"
        cors = (await self._cloud.get("apigateway", path)).get("corsConfiguration") or {}
        # MiniStack hands back the names as the template has them; AWS's begin in lower case.
        self._cors = {name[0].lower() + name[1:]: value for name, value in cors.items()}
        authorizers = {
            item["authorizerId"]: _function(item["authorizerUri"])
            for item in (await self._cloud.get("apigateway", f"{path}/authorizers?maxResults=1000"))["items"]
        }
        self._router = Router(
            Route(
                route["routeKey"],
                function,
                authorizers.get(route.get("authorizerId", "")) if route.get("authorizationType") == "CUSTOM" else None,
            )
            for route, function in await routes_of(self._cloud, self._api_id)
        )

    def has_route(self, method: str, path: str) -> bool:
        """Say whether a route of its own is for this method and decoded path: not one that answers all other paths."""
        return self._router.find(method, path, default=False) is not None

    async def warm(self, headers: list[tuple[str, str]]) -> None:
        """Start the function of every route by a request without a key, so that nobody waits for its first start."""
        for route in self._router.one_of_each_function():
            method, _, path = route.key.partition(" ")
            made = gateway.event(Request(method, path, "", headers), route, {}, self._api_id, "127.0.0.1")
            await self._ask(route, made)

    async def answer(self, request: Request, source_ip: str) -> Answer:
        """Answer a request."""
        origin = next((value for name, value in request.headers if name.lower() == "origin"), "")
        path = gateway.decoded_path(request.path)
        if request.method == "OPTIONS" and self._cors:
            return gateway.preflight(self._cors, origin)
        found = self._router.find(request.method, path)
        if found is None:
            if self._router.knows(path):
                return gateway.problem(405, "Method Not Allowed", f"{request.method} is not answered here.")
            return gateway.problem(404, "Not Found", "There is nothing at this path.")
        route, parameters = found
        answer = await self._ask(route, gateway.event(request, route, parameters, self._api_id, source_ip))
        if not self._cors:
            return answer
        # An API with a CORS configuration passes on nothing that a function says about it.
        own = [(name, value) for name, value in answer.headers if not name.lower().startswith("access-control-")]
        return Answer(answer.status, [*own, *gateway.cross_origin(self._cors, origin)], answer.body)

    async def _ask(self, route: Route, made: dict[str, Any]) -> Answer:
        """Ask the authorizer, then the function."""
        try:
            if route.authorizer is not None:
                verdict = await self._cloud.invoke(route.authorizer, gateway.authorizer_event(made), _GATEWAY_SECONDS)
                said = verdict.payload if isinstance(verdict.payload, dict) else {}
                if verdict.error or verdict.throttled or not isinstance(said.get("isAuthorized"), bool):
                    return gateway.error(500, "Internal Server Error")
                if not said["isAuthorized"]:
                    return gateway.error(403, "Forbidden")
                made["requestContext"]["authorizer"] = {"lambda": said.get("context") or {}}
            done = await self._cloud.invoke(route.function, made, _GATEWAY_SECONDS)
        except AWAY as error:
            _logger.warning("%s: %s", route.key, error)
            return gateway.error(503, "Service Unavailable")
        if done.throttled:
            return gateway.error(503, "Service Unavailable")
        return gateway.error(500, "Internal Server Error") if done.error else gateway.answer(done.payload)


async def routes_of(cloud: Cloud, api_id: str) -> list[tuple[dict[str, Any], str]]:
    """Return the routes of an API, each with the function that it leads to. Raises CloudError."""
    path = f"/v2/apis/{api_id}"
    integrations = {
        item["integrationId"]: _function(item["integrationUri"])
        for item in (await cloud.get("apigateway", f"{path}/integrations?maxResults=1000"))["items"]
    }
    routes = (await cloud.get("apigateway", f"{path}/routes?maxResults=1000"))["items"]
    return [(route, integrations[route["target"].rpartition("/")[2]]) for route in routes if route.get("target")]


def _function(uri: str) -> str:
    """Return the function's name in the URI of an integration or an authorizer."""
    return (
        uri.partition("/functions/")[2].partition("/invocations")[0].rpartition(":function:")[2].partition(":")[0]
        or (uri.rpartition(":function:")[2].partition("/")[0].partition(":")[0])
    )
