"""The API's description and the page to browse it; and the answer to what no route takes.

Both files are made by `streamgauge.edge.openapi` when the function is packed, and lie beside this module.
"""

import json
import re
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from streamgauge import telemetry
from streamgauge.edge.bodies import with_clean_path
from streamgauge.edge.origin import check_origin, header
from streamgauge.edge.problems import INTERNAL, Problem, problem_of
from streamgauge.errors import NotFoundError

FOLDER = Path(__file__).parent
SERVED = {
    "/openapi.json": ("openapi.json", "application/json"),
    "/docs": ("docs.html", "text/html; charset=utf-8"),
}


class Page(NamedTuple):
    """A file as it is served."""

    body: str
    kind: str
    tag: str


@lru_cache(maxsize=2)
def page(folder: Path, path: str) -> Page:
    """Return what is served at a path."""
    name, kind = SERVED[path]
    body = (folder / name).read_text("utf-8")
    return Page(body, kind, f'"{sha256(body.encode()).hexdigest()[:32]}"')


@lru_cache(maxsize=1)
def methods_by_path(folder: Path) -> list[tuple[re.Pattern[str], list[str]]]:
    """Return every path of the API as a pattern, with its methods."""
    paths = json.loads(page(folder, "/openapi.json").body)["paths"]
    return [
        (re.compile("[^/]+".join(map(re.escape, re.split(r"\{\w+\}", path)))), sorted(map(str.upper, operations)))
        for path, operations in paths.items()
    ]


def answer(event: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Serve a file; 404 for an unknown path, 405 for a known one with another method. Raises NotFoundError."""
    cleaned = with_clean_path(event)
    path, method = cleaned["rawPath"], cleaned["requestContext"]["http"]["method"].upper()
    if path in SERVED and method in ("GET", "HEAD"):
        found = page(folder, path)
        headers = {"content-type": found.kind, "cache-control": "public, max-age=300", "etag": found.tag}
        headers |= {"x-content-type-options": "nosniff", "x-frame-options": "DENY"}
        if header(event, "if-none-match") == found.tag:
            return {"statusCode": 304, "headers": headers, "body": "", "isBase64Encoded": False}
        return {"statusCode": 200, "headers": headers, "body": found.body, "isBase64Encoded": False}
    for pattern, methods in methods_by_path(folder):
        if pattern.fullmatch(path) and method not in methods:
            allowed = ", ".join(methods)
            return Problem(
                405, "Method not allowed", f"This path takes {allowed}.", headers={"allow": allowed}
            ).answer()
    raise NotFoundError("There is nothing at this path.")


def openapi() -> dict[str, Any]:
    """Describe this function's own two routes."""

    def served(summary: str, kind: str) -> dict[str, Any]:
        schema = {"type": "object" if kind == "application/json" else "string"}
        ok = {"description": "Served", "content": {kind: {"schema": schema}}}
        return {"get": {"summary": summary, "tags": ["operation"], "responses": {"200": ok}}}

    return {
        "paths": {
            "/openapi.json": served("This description", "application/json"),
            "/docs": served("A page to browse it", "text/html"),
        }
    }


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer a request."""
    try:
        check_origin(event)
        return answer(event, FOLDER)
    except Exception as error:  # noqa: BLE001 - the last stop before the gateway
        problem = problem_of(error)
        if problem is INTERNAL:
            telemetry.logger().error("request failed", exc_info=error)
        return problem.answer()
