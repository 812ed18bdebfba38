"""The published description of the ingest calls, from the models that validate."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from streamgauge.ingestion.dialects.posthog import PATHS as POSTHOG_PATHS
from streamgauge.ingestion.models import (
    Answer,
    SentBatch,
    SentEvent,
    SentFunnelStep,
    SentView,
    VideoProperties,
    ViewAnswer,
)

_SCHEMAS: Final = "#/components/schemas/"
_PROBLEMS: Final = {
    400: "The body is no JSON, or holds no events.",
    401: "No key, or an unknown one.",
    403: "The key may not write.",
    413: "More than 1 MB, more than 500 events, or a single event of more than 32 KB.",
    415: "An encoding other than gzip.",
    422: "The event was refused; it is kept as a dead letter.",
    429: "Too many requests of this key or address; `Retry-After` says when to come back.",
    503: "Switched off, or a store is away; `Retry-After` says when to come back.",
}
_CLIENTS: Final = ("clients",)
_SECURITY: Final[list[dict[str, list[str]]]] = [
    {"bearer": ["write"]},
    {"writeKey": []},
    {"writeKeyAsUser": []},
    {"writeKeyInQuery": []},
]


def components() -> dict[str, dict[str, Any]]:
    """Return the schemas of what is sent and answered, and where a key may stand."""
    models = [SentEvent, SentBatch, SentView, SentFunnelStep, VideoProperties, Answer, ViewAnswer]
    _, schemas = msgspec.json.schema_components(models, ref_template=_SCHEMAS + "{name}")
    return {
        "schemas": schemas,
        "securitySchemes": {
            "writeKey": {"type": "apiKey", "in": "header", "name": "X-Write-Key"},
            "writeKeyAsUser": {"type": "http", "scheme": "basic", "description": "The key as user name, no password."},
            "writeKeyInQuery": {"type": "apiKey", "in": "query", "name": "key"},
        },
    }


def paths() -> dict[str, dict[str, Any]]:
    """Return the operations by path."""
    event = {"$ref": f"{_SCHEMAS}SentEvent"}
    either = {"anyOf": [event, {"type": "array", "items": event, "minItems": 1, "maxItems": 500}]}
    answers: dict[int, tuple[str, str | None]] = {202: ("What became of each event.", "Answer")}
    some_refused: dict[int, tuple[str, str | None]] = {
        207: ("Some events were refused, perhaps all of them.", "Answer")
    }
    video = {
        "name": "videoId",
        "in": "path",
        "required": True,
        "schema": {"type": "string", "minLength": 1, "maxLength": 200},
    }
    return {
        "/api/events": _post("Send an event, or a list of events", either, answers | some_refused),
        "/api/v1/analytics/event": _post("Send an event", either, answers | some_refused),
        "/api/v1/analytics/event/batch": _post(
            "Send up to 500 events", {"$ref": f"{_SCHEMAS}SentBatch"}, answers | some_refused
        ),
        "/api/v1/funnels/track": _post(
            "Report a step of a funnel", {"$ref": f"{_SCHEMAS}SentFunnelStep"}, answers, tags=("funnels",)
        ),
        **_segment(),
        **_trackers(),
        "/api/analytics/view/{videoId}": _post(
            "Count a view of a video",
            {"$ref": f"{_SCHEMAS}SentView"},
            {202: ("The view was taken.", "ViewAnswer")},
            parameters=[video],
            required=False,
            problems={**_PROBLEMS, 404: "The site counts only videos of its catalogue, and this is none."},
        ),
    }


def _segment() -> dict[str, dict[str, Any]]:
    """Return the calls of Segment's and RudderStack's clients; their bodies are described where these come from."""
    message: dict[str, Any] = {"type": "object", "description": "As Segment's HTTP tracking API has it."}
    names = (("track", "t"), ("page", "p"), ("screen", "s"), ("identify", "i"), ("group", "g"), ("alias", "a"))
    single = {f"/v1/{name}": (f"Segment: {full}", message) for full, short in names for name in (full, short)}
    several = {
        "type": "object",
        "required": ["batch"],
        "properties": {"batch": {"type": "array", "items": message, "minItems": 1, "maxItems": 500}},
    }
    paths = ("/v1/batch", "/v1/b", "/v1/import", "/beacon/v1/batch")
    batches = dict.fromkeys(paths, ("Segment: up to 500 calls", several))
    taken: dict[int, tuple[str, str | None]] = {
        200: ("Taken; a refused call of a batch is kept as a dead letter.", None)
    }
    key = {
        "name": "key",
        "in": "path",
        "required": True,
        "schema": {"type": "string", "minLength": 1, "maxLength": 512},
    }
    query = {"name": "writeKey", "in": "query", "required": False, "schema": {"type": "string"}}
    return {
        **{path: _post(summary, body, taken, tags=_CLIENTS) for path, (summary, body) in (single | batches).items()},
        "/v1/projects/{key}/settings": _configuration("Segment: settings of its browser library", key),
        "/sourceConfig": _configuration("RudderStack: settings of its browser library", query),
    }


def _trackers() -> dict[str, dict[str, Any]]:
    """Return the calls of Umami's, Plausible's and PostHog's clients: a public name, or a key in the body, says which site."""
    umami: dict[str, Any] = {
        "type": "object",
        "required": ["type", "payload"],
        "properties": {"type": {"type": "string"}},
    }
    plausible: dict[str, Any] = {
        "type": "object",
        "description": "As Plausible's trackers, or its events API, have it.",
    }
    posthog: dict[str, Any] = {"description": "As PostHog's clients have it: an event, a list, or a batch."}
    taken: dict[int, tuple[str, str | None]] = {200: ("Taken.", None)}
    token = {
        "name": "token",
        "in": "path",
        "required": True,
        "schema": {"type": "string", "pattern": r"^[\w.-]{1,512}$"},
    }
    asked = {"name": "v", "in": "query", "schema": {}}
    found = {
        **{path: _post("PostHog: up to 500 events", posthog, taken, tags=_CLIENTS) for path in POSTHOG_PATHS},
        "/api/send": _post("Umami: an event", umami, taken, tags=_CLIENTS),
        "/api/batch": _post("Umami: up to 500 events", {"type": "array", "items": umami}, taken, tags=_CLIENTS),
        "/api/event": _post("Plausible: an event", plausible, {202: ("Taken.", None)}, tags=_CLIENTS),
    }
    found["/api/event"]["post"]["responses"]["202"]["content"] = {"text/plain": {"schema": {"type": "string"}}}
    for operation in found.values():
        operation["post"]["security"] = []
    script = _configuration("PostHog: settings of its browser library, as a script", token)
    script["get"]["responses"]["200"]["content"] = {"text/javascript": {"schema": {"type": "string"}}}
    return {
        **found,
        "/decide": {"post": _configuration("PostHog: no feature flags, no recordings", asked)["get"]},
        "/flags": {"post": _configuration("PostHog: no feature flags", asked)["get"]},
        "/s": {"post": _configuration("PostHog: recordings, which are not kept", asked)["get"]},
        "/array/{token}/config": _configuration("PostHog: settings of its browser library", token),
        "/array/{token}/config.js": script,
    }


def _configuration(summary: str, parameter: dict[str, Any]) -> dict[str, Any]:
    answer = {"description": "How to send.", "content": {"application/json": {"schema": {"type": "object"}}}}
    get = {"summary": summary, "tags": list(_CLIENTS), "security": [], "parameters": [parameter]}
    problem = {"application/problem+json": {"schema": {"$ref": f"{_SCHEMAS}Problem"}}}
    problems = {404: "There is nothing at this path.", 413: _PROBLEMS[413], 415: _PROBLEMS[415]}
    refused = {str(status): {"description": text, "content": problem} for status, text in problems.items()}
    return {"get": {**get, "responses": {"200": answer, **refused}}}


def _post(
    summary: str,
    body: dict[str, Any],
    answers: dict[int, tuple[str, str | None]],
    *,
    parameters: list[dict[str, Any]] | None = None,
    required: bool = True,
    problems: dict[int, str] = _PROBLEMS,
    tags: tuple[str, ...] = ("ingest",),
) -> dict[str, Any]:
    found: dict[str, Any] = {
        str(status): {
            "description": description,
            "content": {
                "application/json": {"schema": {"$ref": f"{_SCHEMAS}{model}"} if model else {"type": "object"}}
            },
        }
        for status, (description, model) in answers.items()
    }
    for status, description in problems.items():
        content = {"application/problem+json": {"schema": {"$ref": f"{_SCHEMAS}Problem"}}}
        found[str(status)] = {"description": description, "content": content}
    operation = {
        "summary": summary,
        "tags": list(tags),
        "security": _SECURITY,
        "requestBody": {"required": required, "content": {"application/json": {"schema": body}}},
        "responses": dict(sorted(found.items())),
    }
    if parameters:
        operation["parameters"] = parameters
    return {"post": operation}
