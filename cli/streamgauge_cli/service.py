"""How commands that ask the service begin: connect with a key of the scope they need, and hand on what calls it."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, Final, get_type_hints

from streamgauge_cli.connection import Connection, KeyOption, Need, SiteOption, UrlOption, call, connect

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import httpx

_OPTIONS: Final = {"url": UrlOption, "key": KeyOption, "site": SiteOption}


@dataclass(frozen=True)
class Service:
    """The service as one command reaches it."""

    connection: Connection
    client: httpx.Client

    @property
    def site(self) -> str | None:
        """The site, where one is known."""
        return self.connection.site

    def path(self, rest: str = "") -> str:
        """Return a path below the site. Raises CommandError when none is known."""
        return f"/api/v1/sites/{self.connection.needed_site()}{rest}"

    def call(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        query: Mapping[str, str | int | None] | None = None,
    ) -> Any:  # noqa: ANN401 - JSON
        """Send one request and return the JSON of its answer. Raises AnswerError or CommandError."""
        return call(self.client, method, path, body=body, query=query)


def served(need: Need) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a command of a function of a service: it gains --url, --key and --site, and needs a key of this scope."""

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        @wraps(function)
        def command(*, url: str | None, key: str | None, site: str | None, **rest: Any) -> None:  # noqa: ANN401 - the function's own
            connection = connect(need, url, key, site)
            with connection.client() as client:
                function(Service(connection, client), **rest)

        hints = get_type_hints(function, include_extras=True)
        own = list(inspect.signature(function).parameters.values())[1:]
        added = [
            inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None, annotation=kind)
            for name, kind in _OPTIONS.items()
        ]
        described = [one.replace(annotation=hints[one.name]) for one in own] + added
        command.__signature__ = inspect.Signature(described)  # type: ignore[attr-defined]
        command.__annotations__ = {one.name: one.annotation for one in described}
        # What asks for hints would look at the function itself.
        del command.__wrapped__
        return command

    return decorate
