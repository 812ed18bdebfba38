"""Whether the raw rows that a filtered report reads are still there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, LiteralString

from streamgauge.errors import OutOfBoundsError

if TYPE_CHECKING:
    from datetime import date

    from streamgauge.store.postgres import Read

_LAST_GONE: Final[LiteralString] = """
SELECT max(day) + 1, max(day) FILTER (WHERE day BETWEEN %(start)s AND %(end)s) FROM site_days
WHERE site_no = %(site_no)s AND NOT whole
"""


def require_whole(read: Read, site_no: int, start: date, end: date, *, location: str = "startDate") -> None:
    """Make sure that no day from `start` to `end` has lost raw rows. Raises OutOfBoundsError with the earliest date to ask for."""
    earliest, gone = read(_LAST_GONE, {"site_no": site_no, "start": start, "end": end})[0]
    if gone is not None:
        message = (
            "The single events of some of these days are no longer kept, and this is counted from them; the earliest date "
            f"that can be asked for is {earliest.isoformat()}."
        )
        raise OutOfBoundsError(message, [(["query", location], message)])
