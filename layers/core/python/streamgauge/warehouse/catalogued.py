"""The catalogue's durations in the figures of videos: what a change of the catalogue makes of playbacks that are stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from streamgauge.video.contributing import contribute
from streamgauge.warehouse import gate, pending, rollups
from streamgauge.warehouse.dictionaries import Dictionaries
from streamgauge.warehouse.playback_state import COLUMNS, know_lengths, playback_of, write
from streamgauge.warehouse.site_batch import SiteBatch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamgauge.access.registry import SiteRecord
    from streamgauge.store.postgres import Connection

A_TRANSACTION: Final = 1000
"""Playbacks that are counted anew while the site's batches wait."""

_WRONG: Final = f"""
    SELECT {COLUMNS} FROM playbacks p LEFT JOIN items i ON i.site_no = p.site_no AND i.content_id = p.video_id AND i.duration > 0
    WHERE p.site_no = %(site_no)s AND p.duration IS NULL AND p.catalogued IS DISTINCT FROM i.duration
        AND (%(videos)s::text[] IS NULL OR p.video_id = ANY(%(videos)s::text[]))
    LIMIT %(most)s
"""


def settle(connection: Connection, site: SiteRecord, videos: Sequence[str] | None) -> int:
    """Count playbacks anew whose duration is the catalogue's and not what it was, of some videos or of all; return how many.

    Comes after the catalogue has changed; again it does nothing. Raises StoreAwayError.
    """
    if videos is not None and not videos:
        return 0
    settled = 0
    while True:
        with connection.transaction():
            gate.close(connection, site.site_no)
            changed = _settle_some(connection, site, videos)
        settled += changed
        if changed < A_TRANSACTION:
            return settled


def _settle_some(connection: Connection, site: SiteRecord, videos: Sequence[str] | None) -> int:
    asked = {"site_no": site.site_no, "videos": None if videos is None else list(videos), "most": A_TRANSACTION}
    playbacks = [playback_of(row) for row in connection.execute(_WRONG, asked).fetchall()]
    if not playbacks:
        return 0
    batch = SiteBatch(
        site.site_no, site.site_id, site.timezone, view_window=0, dictionaries=Dictionaries(), locked=set()
    )
    for playback in playbacks:
        contribute(playback, batch.contributions, -1)
    know_lengths(connection, site.site_no, playbacks)
    for playback in playbacks:
        contribute(playback, batch.contributions, 1)
    write(connection, site.site_no, playbacks)
    rollups.add(connection, [batch], [])
    # Closed days have changed: the job that builds them anew waits at the gate until this is committed.
    for day in sorted(rollups.touched_days(batch)):
        pending.put(pending.DAYS, site.site_id, day.isoformat(), site.timezone)
    return len(playbacks)
