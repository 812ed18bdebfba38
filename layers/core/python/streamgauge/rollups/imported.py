"""Which imported days a report adds: those before the first day with a visit of the site's own."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

from streamgauge.rollups import queries

if TYPE_CHECKING:
    from streamgauge.rollups.ranges import Bots
    from streamgauge.store.postgres import Read

NEVER: Final = date.min
"""No day is before it: nothing imported is added."""


def first_own_day(read: Read, site_no: int) -> date | None:
    """Return the first local day with a visit that was counted here, robots left out; None while there is none."""
    found: date | None = read(queries.FIRST_OWN_DAY, {"site_no": site_no})[0][0]
    return found


def imported_before(read: Read, site_no: int, bots: Bots, *, wanted: bool) -> date:
    """Return before which day imported days are added to a report; NEVER where none is. No tool exports its robots."""
    if not wanted or bots == "only" or not read(queries.HAS_IMPORTED, {"site_no": site_no})[0][0]:
        return NEVER
    return first_own_day(read, site_no) or date.max
