"""View counters as they are read: from DynamoDB alone, by the calendar of the site."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from streamgauge.access.registry import catalogue_key
from streamgauge.clock import local_day
from streamgauge.errors import NotFoundError
from streamgauge.settings import settings
from streamgauge.store import dynamo

if TYPE_CHECKING:
    from collections.abc import Callable

HOLD_SECONDS: Final = 30
"""How long a container, and the caller, may keep the figures of a video."""
_MOST_HELD: Final = 10_000

Stats = dict[str, int]


def view_stats(site_id: str, timezone: str, video_id: str, now: int) -> Stats:
    """Return the views of the running day and month and of all time; `now` in microseconds.

    Raises NotFoundError for a video that is neither viewed nor in the site's catalogue.
    """
    day = local_day(now, timezone)
    wanted = {"viewsToday": f"day#{day.isoformat()}", "viewsMonth": f"month#{day:%Y-%m}", "viewsTotal": "total"}
    owner = f"{site_id}#view#{video_id}"
    items = dynamo.batch_get(settings().text("COUNTERS_TABLE"), [{"pk": owner, "sk": sk} for sk in wanted.values()])
    if not items and not _catalogued(site_id, video_id):
        raise NotFoundError("Video not found")
    held: dict[str, Any] = {item["sk"]: item["n"] for item in items}
    return {name: int(held.get(sk, 0)) for name, sk in wanted.items()}


def _catalogued(site_id: str, video_id: str) -> bool:
    return dynamo.get_item(settings().text("REGISTRY_TABLE"), catalogue_key(site_id, video_id)) is not None


class HeldStats:
    """The figures that this container has read in the last 30 s, by site, video and day."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._held: dict[tuple[str, ...], tuple[float, Stats]] = {}

    def get(self, site_id: str, timezone: str, video_id: str, now: int, *, fresh: bool) -> Stats:
        """Return the views of a video, read anew when they are too old, of another day, or asked for `fresh`."""
        key = (site_id, video_id, local_day(now, timezone).isoformat())
        at = self._clock()
        held = self._held.get(key)
        if held is not None and not fresh and 0 <= at - held[0] < HOLD_SECONDS:
            return held[1]
        stats = view_stats(site_id, timezone, video_id, now)
        self._held.pop(key, None)
        if len(self._held) >= _MOST_HELD:
            # The oldest leaves first: dicts keep the order of insertion.
            del self._held[next(iter(self._held))]
        self._held[key] = (at, stats)
        return stats
