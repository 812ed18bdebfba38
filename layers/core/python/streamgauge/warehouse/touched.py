"""What of a site a batch touched: for the counters that are pushed after it, and the jobs that follow."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from streamgauge.sessions.players import is_watching
from streamgauge.warehouse import rollups

if TYPE_CHECKING:
    from datetime import date

    from streamgauge.store.postgres import Connection
    from streamgauge.warehouse.directory import Site
    from streamgauge.warehouse.receipts import Claim
    from streamgauge.warehouse.site_batch import SiteBatch
    from streamgauge.warehouse.site_days import SiteDays


class Touched(NamedTuple):
    """What of a site a batch touched, repetitions included; `watched`: sessions of users changed."""

    site_no: int
    zone: str
    hours: frozenset[int]
    open_days: frozenset[date]
    closed_days: frozenset[date]
    view_days: frozenset[date]
    videos: frozenset[str]
    session_days: frozenset[date]
    watched: bool


def touch(connection: Connection, site: Site, claims: list[Claim], site_days: SiteDays) -> Touched:
    """Return what of a site the claims touch, and read its days."""
    own = [claim for claim in claims if claim.site_no == site.site_no]
    calls = [claim for claim in own if claim.event.kind == "session"]
    views = [claim for claim in own if claim.event.kind == "view"]
    # A call about a session is in no bucket that a job closes.
    bucketed = own if not calls else [claim for claim in own if claim.event.kind != "session"]
    days = frozenset(claim.day for claim in bucketed)
    # A visit may have begun the day before: its bucket changes with it.
    site_days.read(connection, site.site_no, days | {day - timedelta(1) for day in days})
    closed = site_days.closed(site.site_no, days)
    return Touched(
        site.site_no,
        site.zone,
        hours=frozenset(claim.hour for claim in bucketed),
        open_days=days - closed,
        closed_days=closed,
        view_days=frozenset(claim.day for claim in views),
        videos=frozenset(claim.event.video.video_id for claim in views if claim.event.video is not None),
        session_days=frozenset(claim.day for claim in calls),
        watched=bool(calls) or any(is_watching(claim.event) for claim in own),
    )


def settled(connection: Connection, touched: Touched, batch: SiteBatch, site_days: SiteDays) -> Touched:
    """Return what was touched, with the days that changed because a visit of theirs went on or a view of theirs did not count."""
    view_days = rollups.view_days(batch)
    further = view_days - touched.view_days - site_days.closed(batch.site_no, view_days)
    if further:
        site_days.read(connection, batch.site_no, further)
    closed = site_days.closed(batch.site_no, rollups.touched_days(batch))
    return touched._replace(closed_days=touched.closed_days | closed, view_days=touched.view_days | view_days)
