"""Files for browsers: the dashboard and the tracker as they are built in this checkout, and what the page is told."""

from __future__ import annotations

import html
import json
import mimetypes
from typing import TYPE_CHECKING, Final

from infra.local.gateway import Answer
from infra.page import CONFIGURATION_PATH

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_WELCOME: Final = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Streamgauge</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:3rem auto;padding:0 1rem}}</style>
<h1>Streamgauge</h1><p>The local stack is up. The dashboard is not built in this checkout.</p>
<ul><li><a href="/docs">API, browsable</a> (<a href="/openapi.json">OpenAPI</a>)</li><li><a href="/health">Health</a></li></ul>
<p>Keys and addresses stand in <code>{endpoints}</code>.</p></html>"""


class Files:
    """What stands in for the buckets behind CloudFront.

    `pages`: folders by the beginning of the paths under which browsers find what is in them, the longer first. `configuration` and
    `headers` are the page's own (`infra.page`); `endpoints` is the file that the page of a checkout without a dashboard names.
    """

    def __init__(
        self, pages: Mapping[str, Path], configuration: Mapping[str, str], headers: Mapping[str, str], endpoints: Path
    ) -> None:
        self._pages = pages
        self._configuration = configuration
        self._headers = headers
        self._endpoints = endpoints

    def find(self, method: str, path: str) -> Answer | None:
        """Return the file at a decoded path, None when there is none."""
        if method not in {"GET", "HEAD"}:
            return None
        if path == CONFIGURATION_PATH:
            said = json.dumps(dict(self._configuration)).encode()
            return Answer(200, [("content-type", "application/json"), ("cache-control", "no-cache")], said)
        start = next((start for start in self._pages if path.startswith(start)), None)
        if start is not None:
            root = self._pages[start].resolve()
            file = (root / path.removeprefix(start).lstrip("/")).resolve() if "\0" not in path else root
            file = file / "index.html" if file.is_dir() else file
            if file.is_relative_to(root) and file.is_file():
                kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
                text = kind.startswith("text/") or kind == "application/javascript"
                named = [("content-type", f"{kind}; charset=utf-8" if text else kind), ("cache-control", "no-cache")]
                return Answer(200, [*named, *self._headers.items()], file.read_bytes())
        if path == "/":
            page = _WELCOME.format(endpoints=html.escape(str(self._endpoints)))
            return Answer(200, [("content-type", "text/html; charset=utf-8")], page.encode())
        return None
