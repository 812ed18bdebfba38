"""Takes events in every language of `streamgauge.ingestion.dialects`, and tells browser libraries how to send them."""

from __future__ import annotations

import time
from functools import lru_cache
from hmac import compare_digest
from typing import TYPE_CHECKING, Any, Final

from streamgauge import telemetry
from streamgauge.edge.origin import header
from streamgauge.edge.problems import INTERNAL, Problem, problem_of
from streamgauge.errors import ForbiddenError, NotFoundError
from streamgauge.ingestion.call import read_call
from streamgauge.ingestion.dialects import dialect_of
from streamgauge.ingestion.dialects.configurations import configuration
from streamgauge.ingestion.pipeline import Pipeline
from streamgauge.places.lookup import normal
from streamgauge.settings import settings

if TYPE_CHECKING:
    from collections.abc import Mapping


CORS: Final = {"access-control-allow-origin": "*"}
PREFLIGHT: Final = {
    **CORS,
    "access-control-allow-methods": "GET, POST, OPTIONS",
    # A bare * does not cover `authorization`. The second line is what retries say, of Segment's and of RudderStack's libraries.
    "access-control-allow-headers": (
        "authorization, content-type, x-write-key, content-encoding, anonymousid, sentat, x-umami-cache, "
        "x-retry-count, rsa-recovered, rsa-retry-attempt, rsa-retry-reason, rsa-since-first-attempt, rsa-since-last-attempt"
    ),
    "access-control-max-age": "86400",
}
_ALLOWED: Final = {"allow": "POST, OPTIONS"}


def answer(event: Mapping[str, Any], pipeline: Pipeline, received: int) -> dict[str, Any]:
    """Answer one request of the HTTP API; `received` in microseconds. Raises the errors of `streamgauge.errors`."""
    method = event["requestContext"]["http"]["method"]
    if method == "OPTIONS":
        return {"statusCode": 204, "headers": dict(PREFLIGHT)}
    call = read_call(event, viewer_address(event, origin_secret()), received)
    if (known := configuration(call, method)) is not None:
        return {"statusCode": 200, "headers": {"content-type": known[0], **CORS}, "body": known[1].decode()}
    dialect = dialect_of(call.path)
    if dialect is None:
        raise NotFoundError("There is nothing at this path.")
    if method != "POST":
        return Problem(405, "Method not allowed", "This path takes POST.", headers=dict(_ALLOWED)).answer()
    status, kind, body = pipeline.take(call, dialect)
    return {"statusCode": status, "headers": {"content-type": kind, **CORS}, "body": body.decode()}


def viewer_address(event: Mapping[str, Any], secret: str) -> str:
    """Return the caller's address: the viewer's as the front door set it, else the gateway's. Raises ForbiddenError."""
    address: str = event["requestContext"]["http"].get("sourceIp", "")
    if secret:
        if not compare_digest(header(event, "x-origin-secret").encode("utf-8", "replace"), secret.encode()):
            raise ForbiddenError("Requests go through the public address of this service.")
        address = header(event, "x-viewer-ip") or address
    return normal(address) or address


@lru_cache(maxsize=1)
def origin_secret() -> str:
    """Return the secret that the front door shows; empty when there is no front door."""
    secret = settings().text("ORIGIN_SECRET", "")
    arn = settings().text("ORIGIN_SECRET_ARN", "")
    if secret or not arn:
        return secret
    from streamgauge.store import secrets  # noqa: PLC0415 - only where the secret is not in the environment

    return secrets.secret(arn)


@lru_cache(maxsize=1)
def pipeline_of_container() -> Pipeline:
    """Return this container's pipeline, made on first use."""
    return Pipeline()


def openapi() -> dict[str, Any]:
    """Return this function's part of the published description."""
    from streamgauge.ingestion.openapi import components, paths  # noqa: PLC0415 - only the build asks

    return {"paths": paths(), "components": components()}


def respond(event: Mapping[str, Any], pipeline: Pipeline, received: int) -> dict[str, Any]:
    """Answer, whatever happens: errors of the caller's as their problems, ours as a bare 500."""
    telemetry.correlate(event["requestContext"].get("requestId", ""))
    try:
        return answer(event, pipeline, received)
    except Exception as error:  # noqa: BLE001 - the last stop before the gateway
        problem = problem_of(error)
        if problem is INTERNAL:
            telemetry.logger().error("request failed", exc_info=error)
        telemetry.measure(telemetry.Metric.REQUESTS_REFUSED, 1)
        refused = problem.answer()
        return {**refused, "headers": {**refused["headers"], **CORS}}
    finally:
        telemetry.flush()


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Answer a request."""
    return respond(event, pipeline_of_container(), time.time_ns() // 1000)
