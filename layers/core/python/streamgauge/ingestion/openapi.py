"""The published description of the ingest calls, from the models that validate."""

from __future__ import annotations

from typing import Any, Final

import msgspec

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
    answers = {202: ("What became of each event.", "Answer")}
    some_refused = {207: ("Some events were refused, perhaps all of them.", "Answer")}
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
        "/api/analytics/view/{videoId}": _post(
            "Count a view of a video",
            {"$ref": f"{_SCHEMAS}SentView"},
            {202: ("The view was taken.", "ViewAnswer")},
            parameters=[video],
            required=False,
            problems={**_PROBLEMS, 404: "The site counts only videos of its catalogue, and this is none."},
        ),
    }


def _post(
    summary: str,
    body: dict[str, Any],
    answers: dict[int, tuple[str, str]],
    *,
    parameters: list[dict[str, Any]] | None = None,
    required: bool = True,
    problems: dict[int, str] = _PROBLEMS,
    tags: tuple[str, ...] = ("ingest",),
) -> dict[str, Any]:
    found: dict[str, Any] = {
        str(status): {
            "description": description,
            "content": {"application/json": {"schema": {"$ref": f"{_SCHEMAS}{model}"}}},
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
