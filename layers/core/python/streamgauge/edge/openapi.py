"""The OpenAPI description of the whole API, from the models that validate; and the page to browse it.

    python -m streamgauge.edge.openapi <folder> functions.api.admin functions.api.ingest …

writes `openapi.json` and `docs.html`, which the function `docs` serves. A module offers its `app`, or `openapi()`: a part with
`paths` and perhaps `components`.
"""

from __future__ import annotations

import json
import sys
from http import HTTPStatus
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from aws_lambda_powertools.event_handler.openapi.models import HTTPBearer

from streamgauge.edge.bodies import WITH_BODY
from streamgauge.edge.docs_page import page
from streamgauge.edge.http import Application
from streamgauge.edge.library_models import MediaParameters
from streamgauge.edge.parameters import ReportParameters
from streamgauge.edge.problems import PROBLEM_JSON, STATUS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

INFO: Final = {
    "title": "Streamgauge",
    "version": "1",
    "description": (
        "Analytics for video platforms, media servers and websites. Errors are `application/problem+json` (RFC 9457).\n\n"
        "Countries, regions and cities: [IP Geolocation by DB-IP](https://db-ip.com) (CC BY 4.0), unless the stage has a database of its "
        "own or none; the field `attribution` of an answer is to be shown beside its places."
    ),
}

BEARER: Final = {
    "type": "http",
    "scheme": "bearer",
    "description": "A key of the service, or a JSON Web Token of the configured issuer. The roles named by a call are scopes.",
}

PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["loc", "msg"],
                "properties": {
                    "loc": {"type": "array", "items": {"type": ["string", "integer"]}},
                    "msg": {"type": "string"},
                },
            },
        },
    },
}

_TITLES: Final = {status: title for status, title in STATUS.values()} | {405: "Method not allowed"}  # noqa: C416 - pairs
_OF_POWERTOOLS: Final = ("HTTPValidationError", "ValidationError", "ResponseValidationError")


class ConflictingPartsError(ValueError):
    """Raised when two functions describe the same path and method, or two different models under one name."""


def document(modules: Iterable[str]) -> dict[str, Any]:
    """Return one description of all these modules."""
    paths: dict[str, dict[str, Any]] = {}
    components: dict[str, dict[str, Any]] = {"schemas": {"Problem": PROBLEM}, "securitySchemes": {"bearer": BEARER}}
    for name in modules:
        module = import_module(name)
        part = (
            _of_application(module.app) if isinstance(getattr(module, "app", None), Application) else module.openapi()
        )
        for path, operations in part["paths"].items():
            _add(paths.setdefault(path, {}), operations, path)
        for kind, named in part.get("components", {}).items():
            _add(components.setdefault(kind, {}), named, kind)
    ordered = {path: paths[path] for path in sorted(paths)}
    return {"openapi": "3.1.0", "info": INFO, "servers": [{"url": "/"}], "paths": ordered, "components": components}


def problems(*statuses: int) -> dict[str, Any]:
    """Return the answers of an operation that are problems."""
    content = {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {str(status): {"description": _TITLES[status], "content": content} for status in sorted(statuses)}


def _add(known: dict[str, Any], more: Mapping[str, Any], where: str) -> None:
    for name, value in more.items():
        if known.setdefault(name, value) != value:
            raise ConflictingPartsError(f"{where}: {name} is described twice, and differently")


def _of_application(app: Application) -> dict[str, Any]:
    schema = app.get_openapi_schema(title="", version="1", security_schemes={"bearer": HTTPBearer()})
    part: dict[str, Any] = json.loads(schema.model_dump_json(by_alias=True, exclude_none=True))
    schemas = part.get("components", {}).get("schemas", {})
    for path, operations in part["paths"].items():
        for method, operation in operations.items():
            _complete(operation, schemas, names_a_thing="{" in path, takes_a_body=method.upper() in WITH_BODY)
    kept = {name: model for name, model in schemas.items() if name not in _OF_POWERTOOLS}
    return {"paths": part["paths"], "components": {"schemas": kept}}


def _complete(
    operation: dict[str, Any], schemas: Mapping[str, Any], *, names_a_thing: bool, takes_a_body: bool
) -> None:
    """Tell the answers that every route can give, the bounds of reports' parameters, and the CSV of lists."""
    statuses = {403, 422, 503}
    if operation.get("security"):
        statuses |= {401, 404}
    if names_a_thing:
        statuses |= {404}
    if takes_a_body:
        statuses |= {400, 409, 413, 415}
    answers = operation["responses"]
    answers.pop("500", None)
    # Powertools gives every answer a content; this one has none.
    answers.get(str(int(HTTPStatus.NO_CONTENT)), {}).pop("content", None)
    # A route may itself describe one of these with a body of its own, such as health's 503.
    operation["responses"] = {**problems(*statuses), **{code: one for code, one in answers.items() if code != "422"}}
    _bound(operation.get("parameters", []))
    for answer in answers.values():
        content = answer.get("content", {})
        model = content.get("application/json", {}).get("schema", {}).get("$ref", "").rpartition("/")[2]
        if "results" in schemas.get(model, {}).get("properties", {}):
            content["text/csv"] = {"schema": {"type": "string"}}


def _bound(parameters: list[dict[str, Any]]) -> None:
    """Give the parameters of reports their own schemas: Powertools publishes only the plain type of a model's fields."""
    if not any(parameter["name"] == "period" for parameter in parameters):
        return
    known = {
        name: field
        for model in (MediaParameters, ReportParameters)
        for name, field in model.model_json_schema(by_alias=True)["properties"].items()
    }
    for parameter in parameters:
        if parameter["in"] == "query" and parameter["name"] in known:
            field = dict(known[parameter["name"]])
            options = [one for one in field.pop("anyOf", []) if one.get("type") != "null"]
            described = field.pop("description", None)
            plain = {name: value for name, value in field.items() if name != "title" and value is not None}
            parameter["schema"] = {**plain, **(options[0] if options else {})}
            if described:
                parameter["description"] = described


def write(folder: Path, modules: Iterable[str]) -> None:
    """Write the description and the page into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(document(modules), indent=1, ensure_ascii=False, sort_keys=False)
    (folder / "openapi.json").write_text(text, "utf-8")
    (folder / "docs.html").write_text(page(), "utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]), sys.argv[2:])
