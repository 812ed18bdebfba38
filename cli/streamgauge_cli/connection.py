"""Which service a command talks to, with which key and site: options first, else the local stack's endpoints.json."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import httpx
import typer

from streamgauge_cli.errors import AnswerError, CommandError

if TYPE_CHECKING:
    from collections.abc import Mapping

CHECKOUT = Path(__file__).resolve().parents[2]

Need = Literal["write", "server", "read", "admin"]

UrlOption = Annotated[
    str | None,
    typer.Option("--url", envvar="STREAMGAUGE_URL", help="Address of the service [default: the local stack]"),
]
KeyOption = Annotated[
    str | None,
    typer.Option("--key", envvar="STREAMGAUGE_KEY", help="Key to use [default: the local stack's]", show_envvar=True),
]
SiteOption = Annotated[
    str | None,
    typer.Option("--site", envvar="STREAMGAUGE_SITE", help="Id of the site [default: the local stack's]"),
]

TIMEOUT = httpx.Timeout(60.0, connect=10.0)


@dataclass(frozen=True)
class Connection:
    """Where to send, with which key; `site` is None when the key alone decides. `home` is the state folder, if any."""

    url: str
    key: str
    site: str | None
    home: Path | None

    def client(self, transport: httpx.BaseTransport | None = None) -> httpx.Client:
        """Return a new client with the key; the caller closes it."""
        return httpx.Client(
            base_url=self.url,
            timeout=TIMEOUT,
            headers={"authorization": f"Bearer {self.key}", "user-agent": "streamgauge-cli"},
            transport=transport,
        )

    def needed_site(self) -> str:
        """Return the site. Raises CommandError when none is known."""
        if self.site is None:
            raise CommandError("which site? Name it with --site.")
        return self.site


def find_home() -> Path | None:
    """Return the state folder of a local stack: $STREAMGAUGE_HOME, else `.streamgauge` upward from here or in the checkout."""
    named = os.environ.get("STREAMGAUGE_HOME")
    if named:
        return Path(named)
    here = Path.cwd()
    for folder in (here, *here.parents, CHECKOUT):
        home = folder / ".streamgauge"
        if (home / "endpoints.json").is_file():
            return home
    return None


def read_endpoints(home: Path | None) -> dict[str, Any]:
    """Return what `endpoints.json` of a state folder says; {} when there is none."""
    if home is None:
        return {}
    try:
        read = json.loads((home / "endpoints.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise CommandError(
            f"cannot read {home / 'endpoints.json'}: {error}. Run `make up` to write it anew."
        ) from error
    if not isinstance(read, dict):
        raise CommandError(f"{home / 'endpoints.json'} holds no JSON object. Run `make up` to write it anew.")
    return read


def connect(need: Need, url: str | None, key: str | None, site: str | None) -> Connection:
    """Return the connection for a command that needs a key of this scope. Raises CommandError when something is missing."""
    home = find_home()
    local = read_endpoints(home)
    local_url = str(local.get("base_url") or "").rstrip("/")
    if not url and not local_url:
        raise CommandError(
            "no service is known: give --url and --key, or start the local stack with `make up` "
            "(its endpoints.json is looked for in $STREAMGAUGE_HOME, else in .streamgauge/ from here upward)."
        )
    chosen = (url or local_url).rstrip("/")
    if not chosen.startswith(("http://", "https://")):
        raise CommandError(f"--url must begin with http:// or https://, not {chosen!r}.")
    is_local = chosen == local_url
    if key:
        # The key decides the site unless one is named: the local default site may be another one.
        return Connection(chosen, key, site, home)
    if not is_local:
        raise CommandError(f"give --key: a key of scope {need} of {chosen}.")
    found = (local.get("keys") or {}).get(need)
    if not found:
        raise CommandError(f"endpoints.json names no {need} key: give one with --key.")
    local_site = local.get("site_id")
    if need != "admin" and site and site != local_site:
        raise CommandError(
            f"the local stack's {need} key belongs to the site {local_site}, not to {site}: give a {need} key of {site} "
            f"with --key (`streamgauge keys create --site {site} --scope {need}` makes one)."
        )
    return Connection(chosen, str(found), site or local_site, home)


def call(
    client: httpx.Client,
    method: str,
    path: str,
    *,
    body: object = None,
    query: Mapping[str, str | int | None] | None = None,
) -> Any:  # noqa: ANN401 - JSON
    """Send one request and return the JSON of its answer (None for an empty one). Raises AnswerError or CommandError."""
    asked = {name: value for name, value in (query or {}).items() if value is not None}
    try:
        answer = client.request(method, path, json=body, params=asked)
    except httpx.TransportError as error:
        raise CommandError(
            f"cannot reach {client.base_url}: {error or type(error).__name__}. Is the service up?"
        ) from error
    if answer.is_success:
        try:
            return answer.json() if answer.content else None
        except ValueError as error:
            raise CommandError(
                f"{client.base_url} does not answer as Streamgauge does; is the address right?"
            ) from error
    raise AnswerError(explain(answer), answer.status_code)


def site_domain(connection: Connection) -> str | None:
    """Return the first domain of the site, asked with the local stack's admin key where that is at hand."""
    local = read_endpoints(connection.home)
    admin = (local.get("keys") or {}).get("admin")
    if not admin or not connection.site or str(local.get("base_url") or "").rstrip("/") != connection.url:
        return None
    try:
        with Connection(connection.url, str(admin), None, None).client() as client:
            domains = call(client, "GET", f"/api/v1/sites/{connection.site}").get("domains")
    except (CommandError, AttributeError):
        return None
    return str(domains[0]) if domains else None


def explain(answer: httpx.Response) -> str:
    """Return one or two sentences about a refused request, with what to do where that is known."""
    said = _detail(answer)
    advice = {
        401: "The key is unknown, revoked or missing: check --key.",
        403: "The key may not do this: check its scope and site (--key, --site).",
        429: "Too many requests: try again in a while.",
        503: "The service or one of its stores is away: try again in a while.",
    }.get(answer.status_code, "")
    asked = f"{answer.request.method} {answer.request.url.path}"
    return f"{asked} was answered with {answer.status_code}: {said} {advice}".rstrip()


def _detail(answer: httpx.Response) -> str:
    try:
        problem = answer.json()
    except ValueError:
        return f"{answer.reason_phrase or 'no reason given'}."
    if not isinstance(problem, dict):
        return f"{answer.reason_phrase or 'no reason given'}."
    text = str(problem.get("detail") or problem.get("title") or answer.reason_phrase)
    details = [
        f"{'.'.join(str(part) for part in entry.get('loc', []))}: {entry.get('msg')}"
        for entry in problem.get("errors") or []
        if isinstance(entry, dict)
    ]
    return "; ".join([text.rstrip("."), *details[:3]]) + "."
