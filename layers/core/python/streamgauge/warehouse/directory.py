"""What a container knows between batches: sites, dictionaries, partitions. Correct without it, faster with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from streamgauge.access.site_settings import view_window_seconds
from streamgauge.clock import MICROSECONDS
from streamgauge.erasure.tombstones import Tombstones
from streamgauge.warehouse.dictionaries import Dictionaries
from streamgauge.warehouse.partitions import ensure_day

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from streamgauge.store.postgres import Connection

_HELD_SECONDS: Final = 60

# The zone of a site is fixed by its first event, in the same statement that reads it.
_FIRST_EVENT: Final = "UPDATE sites SET first_event_at = now() WHERE site_id = ANY(%s) AND first_event_at IS NULL"
_SITES: Final = """
    SELECT site_id, site_no, timezone, settings ->> 'view_window', secret FROM sites WHERE site_id = ANY(%s)
"""


class Site(NamedTuple):
    """A site as the warehouse needs it; `view_window` in microseconds."""

    site_no: int
    zone: str
    view_window: int
    secret: bytes


class Directory:
    """The lookups of one container."""

    def __init__(self) -> None:
        self.dictionaries = Dictionaries()
        self.tombstones = Tombstones()
        self._sites: dict[str, Site] = {}
        self._read_at = 0.0
        self._days: set[date] = set()

    def sites(self, connection: Connection, site_ids: set[str], now_seconds: float) -> dict[str, Site]:
        """Return the sites of these ids that exist, and fix their time zone."""
        if now_seconds - self._read_at > _HELD_SECONDS:
            self._sites.clear()
            self._read_at = now_seconds
        missing = sorted(site_ids - self._sites.keys())
        if missing:
            connection.execute(_FIRST_EVENT, [missing])
            for site_id, site_no, zone, window, secret in connection.execute(_SITES, [missing]).fetchall():
                view_window = view_window_seconds({"view_window": window}) * MICROSECONDS
                self._sites[site_id] = Site(site_no, zone, view_window, secret)
        return {site_id: self._sites[site_id] for site_id in site_ids if site_id in self._sites}

    def ensure_days(self, connection: Connection, days: Iterable[date]) -> None:
        """Make the partitions of these UTC days where they are missing."""
        for day in sorted(set(days) - self._days):
            ensure_day(connection, day)
            self._days.add(day)

    def forget(self) -> None:
        """Know nothing any more: the database was restarted or restored, or a partition has gone."""
        self.dictionaries.forget()
        self.tombstones = Tombstones()
        self._sites.clear()
        self._days.clear()
