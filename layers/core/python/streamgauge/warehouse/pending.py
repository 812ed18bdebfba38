"""What waits for the scheduled jobs, in DynamoDB: so that a job with nothing to do never wakes Postgres.

The consumer marks what its batch touched, after its commit; a job lists what waits, works, and settles exactly the item that it
listed. An item that was put again in between stays: the late event that it tells of may have come after the job's look.
Partitions of STATUS_TABLE: `pending` (days to close), `pending#hours`, `pending#views` (periods of the view counters), and
`pending#sharing` (sites whose sessions changed).
"""

from __future__ import annotations

import secrets
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from streamgauge.settings import settings
from streamgauge.store import dynamo

if TYPE_CHECKING:
    from collections.abc import Iterable

Kind = Literal["pending", "pending#hours", "pending#views", "pending#sharing"]

DAYS: Final[Kind] = "pending"
HOURS: Final[Kind] = "pending#hours"
VIEWS: Final[Kind] = "pending#views"
SHARING: Final[Kind] = "pending#sharing"

RETENTION: Final = "hint"
_ADDRESSES_KEPT: Final = timedelta(days=31)

HOURS_SEEN: Final = 26 * 3600
"""Older hours are not reconciled on their own; closing their day does that."""

_KEPT: Final = 50_000
_marked: Final[set[tuple[str, str]]] = set()


class Pending(NamedTuple):
    """One thing that waits. `period`: `2026-11-21`, an hour's first second, `day#2026-11-21`, `month#2026-11`, or `sessions`."""

    kind: Kind
    site_id: str
    period: str
    zone: str
    mark: str

    @property
    def day(self) -> date:
        """The day to close (kind DAYS), or the period's first day (kind VIEWS)."""
        text = self.period.rpartition("#")[2]
        return date.fromisoformat(text if len(text) > len("2026-11") else f"{text}-01")


def note_sessions(day: date) -> None:
    """Remember that sessions of a local day have addresses, which retention takes away 30 days later. Raises StoreAwayError.

    Once a day and container; the hint of retention (`jobs.hints`) is lowered where there is one: without it retention looks anyway.
    """
    due = (day + _ADDRESSES_KEPT).isoformat()
    if (RETENTION, due) in _marked:
        return
    dynamo.update_item(
        settings().text("STATUS_TABLE"),
        {"pk": "hint", "sk": "retention"},
        "SET #d = :day",
        values={":day": due},
        names={"#d": "day"},
        condition="attribute_exists(#d) AND #d > :day",
    )
    _marked.add((RETENTION, due))


def mark_sessions(site_id: str, zone: str) -> None:
    """Say that sessions of a site changed, every time: whoever looked a moment ago has to look again. Raises StoreAwayError."""
    put(SHARING, site_id, "sessions", zone)


def mark(
    site_id: str,
    zone: str,
    now_seconds: float,
    *,
    hours: Iterable[int] = (),
    open_days: Iterable[date] = (),
    closed_days: Iterable[date] = (),
    view_days: Iterable[date] = (),
) -> None:
    """Say what a committed batch touched: local hours (first second), local days, and local days with views.

    An open period is marked once per container; a closed day each time. Raises StoreAwayError.
    """
    once = [(HOURS, str(hour)) for hour in hours if hour > now_seconds - HOURS_SEEN]
    once += [(DAYS, day.isoformat()) for day in open_days]
    once += [(VIEWS, period) for day in view_days for period in (f"day#{day.isoformat()}", f"month#{day:%Y-%m}")]
    for kind, period in dict.fromkeys(once):
        key = (kind, f"{site_id}#{period}")
        if key not in _marked:
            put(kind, site_id, period, zone)
            if len(_marked) >= _KEPT:
                _marked.clear()
            _marked.add(key)
    for day in sorted(set(closed_days)):
        put(DAYS, site_id, day.isoformat(), zone)


def waiting(kind: Kind) -> list[Pending]:
    """Return all that waits of a kind, by site and period. Raises StoreAwayError."""
    items = dynamo.query_all(_table(), "pk = :kind", values={":kind": kind}, consistent=True)
    found = []
    for item in items:
        # Site ids hold no `#`; periods may.
        site_id, _, period = item["sk"].partition("#")
        found.append(Pending(kind, site_id, period, item["zone"], item.get("mark", "")))
    return found


def settle(item: Pending) -> bool:
    """Take a listed item away; False when it was put again since, and stays. Raises StoreAwayError."""
    key = {"pk": item.kind, "sk": f"{item.site_id}#{item.period}"}
    return dynamo.delete_item(
        _table(),
        key,
        condition="#m = :mark OR attribute_not_exists(#m)",
        values={":mark": item.mark},
        names={"#m": "mark"},
    )


def forget() -> None:
    """Forget what this container has marked."""
    _marked.clear()


def put(kind: Kind, site_id: str, period: str, zone: str) -> None:
    """Mark one thing, whether or not it is marked already. Raises StoreAwayError."""
    # The mark is new with every put: two puts in one clock tick must differ.
    item = {"pk": kind, "sk": f"{site_id}#{period}", "zone": zone, "mark": secrets.token_hex(8)}
    dynamo.put_item(_table(), item)


def _table() -> str:
    return settings().text("STATUS_TABLE")
