"""Views in Postgres: the raw rows are the state; a late one decides anew about those after it."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final, LiteralString

from streamgauge.clock import local_day
from streamgauge.store.postgres import rows_parameter
from streamgauge.views.counting import ADDRESS_WINDOW, View, decide, flags_of
from streamgauge.warehouse.dictionaries import bigints
from streamgauge.warehouse.raw import utc_day

if TYPE_CHECKING:
    from streamgauge.events.models import StampedEvent
    from streamgauge.store.postgres import Connection
    from streamgauge.warehouse.site_batch import SiteBatch

_COLUMNS: Final[LiteralString] = (
    "time, event_id, video_id, viewer, prev_viewer, address, prev_address, (flags & 1) = 1, counted"
)
# One arm per index; a view may come through several.
_TIED: Final[LiteralString] = " UNION ".join(
    f"""SELECT {_COLUMNS} FROM views WHERE site_no = %(site_no)s AND {column} = ANY(%(keys)s::bigint[]) AND time > %(from)s
        AND day >= %(first_day)s"""
    for column in ("viewer", "prev_viewer", "address", "prev_address")
)
_ALL: Final[LiteralString] = f"""
    SELECT {_COLUMNS} FROM views WHERE site_no = %(site_no)s AND time BETWEEN %(begin)s AND %(end)s
        AND day BETWEEN %(first_day)s AND %(last_day)s
"""
_COPY: Final = """COPY views (day, site_no, time, received_at, viewer, prev_viewer, address, prev_address, counted, flags,
    event_id, video_id, session_id, user_id, anonymous_id) FROM STDIN"""
_RECOUNT: Final = """
    UPDATE views AS v SET counted = t.counted
    FROM json_to_recordset(%(rows)s) AS t(day date, viewer bigint, time bigint, event_id text, counted boolean)
    WHERE v.site_no = %(site_no)s AND v.day = t.day AND v.viewer = t.viewer AND v.time = t.time AND v.event_id = t.event_id
"""


def fold_views(
    connection: Connection, batch: SiteBatch, pairs: list[tuple[StampedEvent, View]], tied: list[list[View]]
) -> None:
    """Decide which views count, write them, and add the difference to the view counters of their days and months.

    `tied` is what `read_tied` gave for the same views.
    """
    if not pairs:
        return
    window = batch.view_window
    new = {view.id for _, view in pairs}
    batch.require_locks()
    for views in tied:
        first = min((view.time, view.id) for view in views if view.id in new)
        for view in decide(views, window, first):
            batch.count_view(view.video_id, local_day(view.time, batch.zone), 1 if view.counted else -1)
            if view.id not in new:
                batch.recounted_views.append(view)
    write_counted(connection, batch.site_no, batch.recounted_views)
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        for event, view in pairs:
            copy.write_row(
                (
                    utc_day(view.time),
                    batch.site_no,
                    view.time,
                    event.received,
                    view.viewer,
                    view.prev_viewer,
                    view.address,
                    view.prev_address,
                    view.counted,
                    flags_of(view, event),
                    view.id,
                    view.video_id,
                    event.session_id,
                    event.user_id,
                    event.anonymous_id,
                )
            )


def write_counted(connection: Connection, site_no: int, views: list[View]) -> None:
    """Write whether stored views count."""
    if views:
        rows = [
            {
                "day": utc_day(view.time).isoformat(),
                "viewer": view.viewer,
                "time": view.time,
                "event_id": view.id,
                "counted": view.counted,
            }
            for view in views
        ]
        connection.execute(_RECOUNT, {"site_no": site_no, "rows": rows_parameter(rows)})


def read_all(connection: Connection, site_no: int, begin: int, end: int) -> list[View]:
    """Return all views of a site within [begin, end] microseconds, sorted."""
    parameters = {
        "site_no": site_no,
        "begin": begin,
        "end": end,
        "first_day": utc_day(begin),
        "last_day": utc_day(end),
    }
    views = [View(*row) for row in connection.execute(_ALL, parameters).fetchall()]
    return sorted(views, key=lambda view: (view.time, view.id))


def read_tied(connection: Connection, batch: SiteBatch, new: list[View]) -> list[list[View]]:
    """Return groups of views tied by keys, each sorted: the new ones, and the stored ones that may decide or be decided.

    The batch then wants locks of all their keys.
    """
    if not new:
        return []
    since = min(view.time for view in new) - max(batch.view_window, ADDRESS_WINDOW)
    views = {view.id: view for view in new}
    keys = set().union(*(view.all_keys() for view in new))
    asked: set[int] = set()
    while keys - asked:
        rows = connection.execute(
            _TIED,
            {
                "site_no": batch.site_no,
                "keys": bigints(keys - asked),
                "from": since,
                "first_day": utc_day(since),
            },
        ).fetchall()
        asked |= keys
        for row in rows:
            view = View(*row)
            if view.id not in views:
                views[view.id] = view
                keys |= view.all_keys()
    batch.want_locks(keys)
    root: dict[int, int] = {}

    def find(key: int) -> int:
        while (above := root.setdefault(key, key)) != key:
            # A shorter way for the next: chains of views are long.
            root[key] = root[above]
            key = above
        return key

    for view in views.values():
        for key in view.all_keys():
            root[find(key)] = find(view.viewer)
    groups: defaultdict[int, list[View]] = defaultdict(list)
    for view in sorted(views.values(), key=lambda view: (view.time, view.id)):
        groups[find(view.viewer)].append(view)
    return list(groups.values())
