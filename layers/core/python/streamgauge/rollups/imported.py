"""Which imported days a report adds: those before the first day with a visit of the site's own."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

from streamgauge.rollups import queries

if TYPE_CHECKING:
    from streamgauge.rollups.ranges import Read

NEVER: Final = date.min
"""No day is before it: nothing imported is added."""


def first_own_day(read: Read, site_no: int) -> date | None:
    """Return the first local day with a visit that was counted here, robots left out; None while there is none."""
    found: date | None = read(queries.FIRST_OWN_DAY, {"site_no": site_no})[0][0]
    return found
