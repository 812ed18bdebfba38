"""The local days that a batch reaches: which of them a job has closed, and which have lost raw events, so that nothing may change them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from streamgauge.events.facts import soon_after_midnight
from streamgauge.events.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from streamgauge.store.postgres import Connection
    from streamgauge.warehouse.receipts import Claim

_SITE_DAYS: Final = "SELECT day, closed, whole FROM site_days WHERE site_no = %s AND day = ANY(%s::date[])"


class SiteDays:
    """What `site_days` holds of the days that were read; a day without a row is open and whole."""

    def __init__(self) -> None:
        self._closed: set[tuple[int, date]] = set()
        self._broken: set[tuple[int, date]] = set()

    @property
    def all_whole(self) -> bool:
        """Whether every day that was read has all its raw events."""
        return not self._broken

    def read(self, connection: Connection, site_no: int, days: Iterable[date]) -> None:
        """Learn of days of a site."""
        rows = connection.execute(_SITE_DAYS, [site_no, sorted(days)]).fetchall()
        self._closed |= {(site_no, day) for day, closed, _ in rows if closed}
        self._broken |= {(site_no, day) for day, _, whole in rows if not whole}

    def closed(self, site_no: int, days: Iterable[date]) -> frozenset[date]:
        """Return those of the days that are closed."""
        return frozenset(day for day in days if (site_no, day) in self._closed)

    def refusal(self, claim: Claim, zone: str) -> Reason | None:
        """Return why an event must not change its days, None when it may: they must have all their raw events."""
        # History of a session is whole by itself, and a call that is not comes long before raw ones go.
        if claim.event.kind == "session":
            return None
        # A visit may reach over midnight, so the day before must be whole as well.
        days = [claim.day]
        if soon_after_midnight(claim.event.time, claim.hour, claim.day, zone):
            days.append(claim.day - timedelta(1))
        return Reason.DAY_CLOSED if any((claim.site_no, day) in self._broken for day in days) else None
