"""What one batch does to one site: its lookups, its locks, and what it adds to the rollups."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from streamgauge.contributions import Contributions
from streamgauge.warehouse.locks import MoreLocksNeededError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from streamgauge.store.postgres import Connection
    from streamgauge.views.counting import View
    from streamgauge.warehouse.dictionaries import Dictionaries
    from streamgauge.web.visits import Visit


class SiteBatch:
    """The part of a transaction that belongs to one site. `view_window` is in microseconds."""

    def __init__(
        self, site_no: int, site_id: str, zone: str, *, view_window: int, dictionaries: Dictionaries, locked: set[int]
    ) -> None:
        self.site_no = site_no
        self.site_id = site_id
        self.zone = zone
        self.view_window = view_window
        self.dictionaries = dictionaries
        self.locked = locked
        self._wanted: set[int] = set()
        self.contributions = Contributions()
        self.view_counts: Counter[tuple[str, str]] = Counter()
        self.recounted_views: list[View] = []
        self.played_days: set[date] = set()
        """Local days of video events: each of them may change the day's peak of viewers, if no sum."""

    def want_locks(self, keys: Iterable[int]) -> None:
        """Note keys that must be locked before anything is added: one restart for all, which costs the work of the whole batch."""
        self._wanted.update(keys)

    def require_locks(self) -> None:
        """Raise MoreLocksNeededError unless all keys that are wanted are locked."""
        missing = self._wanted - self.locked
        if missing:
            raise MoreLocksNeededError(missing)

    def load_dictionaries(self, connection: Connection, visits: Iterable[Visit]) -> None:
        """Read what stored visits came from, where this container has not seen it."""
        visits = list(visits)
        self.dictionaries.load(
            connection, {visit.acquisition for visit in visits}, {visit.surroundings for visit in visits}
        )

    def count_view(self, video_id: str, day: date, step: int) -> None:
        """Add a counted view to its day, its month and the total."""
        for bucket in buckets(day):
            self.view_counts[video_id, bucket] += step


def buckets(day: date) -> tuple[str, str, str]:
    """Return the names of the view counters that a view of a local day is in."""
    return "total", f"month#{day:%Y-%m}", f"day#{day.isoformat()}"
