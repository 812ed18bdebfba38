"""Traits of users: of each the value that its latest event told, whatever the order in which events come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from streamgauge.store.postgres import rows_parameter
from streamgauge.warehouse.raw import utc_day

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streamgauge.events.models import StampedEvent
    from streamgauge.store.postgres import Connection

LONGEST_NAME: Final = 200
"""Characters; what is longer is kept with its event alone."""

_TELL: Final = """
    INSERT INTO user_traits AS t (site_no, user_id, name, value, time, event_id, kept_from)
    SELECT %(site_no)s, user_id, name, coalesce(value, 'null'), time, event_id, kept_from FROM json_to_recordset(%(rows)s)
        AS r(user_id text, name text, value jsonb, time bigint, event_id text, kept_from date)
    ON CONFLICT (site_no, user_id, name) DO UPDATE
        SET value = excluded.value, time = excluded.time, event_id = excluded.event_id, kept_from = excluded.kept_from
        WHERE (t.time, t.event_id) < (excluded.time, excluded.event_id)
"""


def keep_traits(connection: Connection, site_no: int, events: Iterable[StampedEvent]) -> None:
    """Keep what new events tell of their users; those of a group, and of a bot, are nobody's."""
    told: dict[tuple[str, str], dict[str, Any]] = {}
    telling = [event for event in events if event.kind == "identify" and event.name == "identify" and not event.bot]
    for event in sorted(telling, key=lambda event: (event.time, event.id)):
        if event.user_id is None:
            continue
        for name, value in (event.properties or {}).items():
            if 0 < len(name) <= LONGEST_NAME:
                told[event.user_id, name] = {
                    "user_id": event.user_id,
                    "name": name,
                    "value": value,
                    "time": event.time,
                    "event_id": event.id,
                    "kept_from": utc_day(event.received).isoformat(),
                }
    if told:
        # In the order of the key, as every transaction does.
        rows = [told[key] for key in sorted(told)]
        connection.execute(_TELL, {"site_no": site_no, "rows": rows_parameter(rows)})
