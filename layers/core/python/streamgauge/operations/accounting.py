"""The promise in figures: received = stored + duplicates + dead-lettered + in flight, per site and hour of receipt."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from streamgauge.clock import MICROSECONDS, day_start, iso
from streamgauge.events.reasons import Stage
from streamgauge.operations import queries
from streamgauge.store import dead_letters

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from streamgauge.access.registry import SiteRecord
    from streamgauge.store.postgres import Connection


class HourAccount(BaseModel):
    """What became of the events received in a local hour of the site."""

    hour: str
    received: int
    accepted: int
    stored: int
    duplicates: int
    dead_lettered: int
    in_flight: int


def accounts(connection: Connection, site: SiteRecord, first: date, last: date) -> list[HourAccount]:
    """Return the hours of local days (both included) in which anything was received, in order. Raises StoreAwayError."""
    start, end = day_start(first, site.timezone), day_start(last + timedelta(days=1), site.timezone)
    rows = connection.execute(queries.ACCOUNTS, {"site_no": site.site_no, "start": start, "end": end}).fetchall()
    letters = dead_letters.count_by_hour(site.site_id, start * MICROSECONDS, end * MICROSECONDS, site.timezone)
    refused = {hour: refused_at_ingest(counts) for hour, counts in letters.items()}
    return balanced(rows, refused, site.timezone)


def refused_at_ingest(counts: Mapping[tuple[str, str], int]) -> int:
    """Return how many letters of an hour were never accepted: the consumers' own are among the accepted ones."""
    return sum(count for (stage, _), count in counts.items() if stage == Stage.INGEST)


def balanced(rows: Iterable[Sequence[Any]], refused: Mapping[int, int], timezone: str) -> list[HourAccount]:
    """Return the account of each hour from (hour, accepted, stored, duplicates, repeats, dead-lettered) and the refused."""
    known = {row[0]: row[1:] for row in rows}
    found = []
    for hour in sorted({*known, *(hour for hour, count in refused.items() if count)}):
        accepted, stored, duplicates, repeats, dead = known.get(hour, (0, 0, 0, 0, 0))
        turned_away = refused.get(hour, 0)
        found.append(
            HourAccount(
                hour=iso(hour, timezone),
                received=accepted + repeats + turned_away,
                accepted=accepted,
                stored=stored,
                duplicates=duplicates + repeats,
                dead_lettered=dead + turned_away,
                in_flight=accepted - stored - duplicates - dead,
            )
        )
    return found
