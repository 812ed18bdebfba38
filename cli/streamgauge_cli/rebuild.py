"""`streamgauge rebuild`: count a site's raw events anew, a day a call."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from streamgauge_cli import console
from streamgauge_cli.connection import call
from streamgauge_cli.errors import AnswerError
from streamgauge_cli.service import Service, served

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

_TRIES: Final = 6
_PASSING: Final = frozenset({429, 500, 502, 503, 504})


@served("admin")
def command(service: Service) -> None:
    """Count the raw events of a site anew and replace its figures. Needs an admin key."""
    name = service.connection.needed_site()
    with console.progress() as bar:
        task = bar.add_task(f"rebuilding {name}", total=None, note="")
        done = rebuild(service.client, name, lambda done, total: bar.update(task, completed=done, total=total))
    console.out.print(f"{name} is rebuilt: {done} days.", markup=False)


def rebuild(
    client: httpx.Client,
    site: str,
    on_progress: Callable[[int, int], None],
    pause: Callable[[float], None] = time.sleep,
) -> int:
    """Ask for day after day until there is none; return how many days there were."""
    cursor: str | None = None
    while True:
        answer = _day(client, {"site_id": site, **({"cursor": cursor} if cursor else {})}, pause)
        on_progress(int(answer["done"]), int(answer["total"]))
        cursor = answer.get("next_cursor")
        if not cursor:
            return int(answer["done"])


def _day(client: httpx.Client, body: dict[str, str], pause: Callable[[float], None]) -> Any:  # noqa: ANN401 - JSON
    for tried in range(_TRIES):
        try:
            return call(client, "POST", "/api/v1/rebuild", body=body)
        except AnswerError as error:
            # Each day is safe to run twice.
            if error.status not in _PASSING or tried == _TRIES - 1:
                raise
            pause(2.0**tried)
    raise AssertionError("unreachable")
