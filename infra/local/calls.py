"""What `make up` and `make demo` ask the running stack, over HTTP and without anything but the standard library."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any, Final

from infra.local.aws import signed_for
from infra.local.home import StackError

if TYPE_CHECKING:
    from collections.abc import Mapping

_API_SECONDS: Final = 35
_FUNCTION_SECONDS: Final = 900


def status(url: str, key: str | None = None) -> int:
    """Return the status of a GET, 0 when nothing answers."""
    request = urllib.request.Request(url, headers={"authorization": f"Bearer {key}"} if key else {})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=_API_SECONDS) as answer:  # noqa: S310 - our own address
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def report(url: str, key: str) -> dict[str, Any]:
    """Return what a report says now; nothing while it says none."""
    headers = {"authorization": f"Bearer {key}", "cache-control": "no-cache"}
    try:
        return _read(urllib.request.Request(url, headers=headers), _API_SECONDS)  # noqa: S310
    except OSError:
        return {}


def post(url: str, key: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Post JSON and return the answer. Raises StackError when it is refused."""
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    try:
        return _read(urllib.request.Request(url, json.dumps(body).encode(), headers), _API_SECONDS)  # noqa: S310
    except urllib.error.HTTPError as error:
        raise StackError(f"POST {url} answered {error.code}: {error.read()[:500].decode(errors='replace')}") from error


def invoke(endpoint: str, function: str, event: Mapping[str, Any]) -> dict[str, Any]:
    """Invoke a function at an AWS endpoint and return what it returned, or how it failed."""
    address = f"{endpoint}/2015-03-31/functions/{function}/invocations"
    return _read(urllib.request.Request(address, json.dumps(event).encode(), signed_for("lambda")), _FUNCTION_SECONDS)  # noqa: S310


def _read(request: urllib.request.Request, seconds: float) -> dict[str, Any]:
    with urllib.request.urlopen(request, timeout=seconds) as answer:  # noqa: S310 - our own address
        found = json.load(answer)
    return found if isinstance(found, dict) else {}
