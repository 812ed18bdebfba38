"""Takes webhooks of media servers: `POST /api/webhooks/{jellyfin,plex,emby}`, which need no daemon beside the server."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, Final

from streamgauge import telemetry
from streamgauge.edge.openapi import problems
from streamgauge.edge.origin import check_origin, viewer_address
from streamgauge.edge.problems import INTERNAL, Problem, problem_of
from streamgauge.edge.writers import Writer, site_of
from streamgauge.errors import NotFoundError
from streamgauge.ingestion.call import read_call
from streamgauge.ingestion.keys import identify
from streamgauge.ingestion.webhooks.receiving import SERVERS, calls_of_container, receive
from streamgauge.places.lookup import normal

if TYPE_CHECKING:
    from collections.abc import Mapping

PATH: Final = "/api/webhooks/"

_SECURITY: Final[list[dict[str, list[str]]]] = [{"writeKeyInQuery": []}, {"bearer": ["write"]}, {"writeKey": []}]
_ANSWER: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["status"],
    "properties": {"status": {"enum": ["accepted", "ignored", "rejected"]}},
}


def answer(event: Mapping[str, Any], received: int) -> dict[str, Any]:
    """Answer a webhook; `received` in microseconds. Raises the errors of `streamgauge.errors`."""
    check_origin(event)
    given = viewer_address(event)
    call = read_call(event, normal(given) or given, received)
    server = call.path.removeprefix(PATH)
    if server not in SERVERS:
        raise NotFoundError("There is nothing at this path.")
    if event["requestContext"]["http"]["method"].upper() != "POST":
        return Problem(405, "Method not allowed", "This path takes POST.", headers={"allow": "POST"}).answer()
    key = identify(call)
    calls_of_container().admit(key, call.address, received)
    site = site_of(Writer(key, call.site, call.address), call.query.get("website_id"))
    body = json.dumps({"status": receive(call, server, site, key)})
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": body}


def openapi() -> dict[str, Any]:
    """Return this function's part of the published description."""
    payload = {"type": "object", "properties": {"payload": {"type": "string"}, "data": {"type": "string"}}}
    forms = {"multipart/form-data": {"schema": payload}, "application/x-www-form-urlencoded": {"schema": payload}}
    taken = {"description": "Taken; a body that is not understood is kept as a dead letter."}
    website = {
        "name": "website_id",
        "in": "query",
        "required": False,
        "description": "For credentials that open several sites.",
        "schema": {"type": "string"},
    }
    return {
        "paths": {
            f"{PATH}{server}": {
                "post": {
                    "summary": f"Take a webhook of {server.capitalize()}",
                    "description": "Playback events become calls about sessions; what tells of something else is ignored.",
                    "tags": ["sessions"],
                    "security": _SECURITY,
                    "parameters": [website],
                    "requestBody": {"content": {"application/json": {"schema": {"type": "object"}}, **forms}},
                    "responses": {
                        "200": {**taken, "content": {"application/json": {"schema": _ANSWER}}},
                        **problems(401, 403, 404, 413, 415, 422, 429, 503),
                    },
                }
            }
            for server in SERVERS
        }
    }


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Answer a request, whatever happens: errors of the caller's as their problems, ours as a bare 500."""
    try:
        return answer(event, time.time_ns() // 1000)
    except Exception as error:  # noqa: BLE001 - the last stop before the gateway
        problem = problem_of(error)
        if problem is INTERNAL:
            telemetry.logger().error("request failed", exc_info=error)
        return problem.answer()
    finally:
        telemetry.flush()
