"""A batch of stamped events in one transaction: everything that they change, or nothing.

Order (READ COMMITTED; keys sorted in every step): gates, ids, anchors, then in later statements state and raw rows, then
visitor-days, and all rollups last. Docs: `docs/architecture.md`, The transaction.
"""

from __future__ import annotations

import time
from collections import defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple

from streamgauge.clock import MICROSECONDS
from streamgauge.events.facts import ORDER
from streamgauge.events.reasons import Reason
from streamgauge.sessions.players import is_watching
from streamgauge.settings import settings
from streamgauge.views.counting import view_of
from streamgauge.warehouse import gate, rollups
from streamgauge.warehouse.locks import MoreLocksNeededError, lock
from streamgauge.warehouse.playback_state import fold_playbacks
from streamgauge.warehouse.raw import DAY, utc_day
from streamgauge.warehouse.raw_rows import write_events
from streamgauge.warehouse.receipts import Accounting, Claim, claim_ids, claim_of, count_dead
from streamgauge.warehouse.session_state import fold_players, fold_sessions, player_locks, session_locks
from streamgauge.warehouse.site_batch import SiteBatch
from streamgauge.warehouse.site_days import SiteDays
from streamgauge.warehouse.touched import Touched, settled, touch
from streamgauge.warehouse.traits import keep_traits
from streamgauge.warehouse.view_state import fold_views, read_tied
from streamgauge.warehouse.visit_state import fold_visits
from streamgauge.warehouse.visitor_day_state import settle_visitor_days
from streamgauge.web.contributing import contribute_events

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamgauge.events.models import Receipt, StampedEvent
    from streamgauge.store.postgres import Connection
    from streamgauge.warehouse.directory import Directory, Site

MOST_RESTARTS: Final = 20
"""A chain grows by a key or two per restart; more than this is a fault."""

EXPIRED_DAYS: Final = 37
"""Replay 30 and stream 7: an event received longer ago could not be told from a repetition."""

_PROGRESS: Final = """
    INSERT INTO consumer_progress AS p (shard, events, batches, busy_seconds, last_arrival) VALUES (%s, %s, 1, %s, %s)
    ON CONFLICT (shard) DO UPDATE SET events = p.events + excluded.events, batches = p.batches + 1,
        busy_seconds = p.busy_seconds + excluded.busy_seconds,
        last_arrival = greatest(p.last_arrival, excluded.last_arrival)
    RETURNING events, batches, busy_seconds
"""


class Lane(NamedTuple):
    """Where a batch came from: its shard, when its records arrived (epoch seconds), and since when it is worked on.

    `started` is of `time.monotonic`.
    """

    shard: str
    first_arrival: float
    last_arrival: float
    started: float


class Progress(NamedTuple):
    """What a lane has done so far, absolute."""

    events: int
    batches: int
    busy_seconds: float


class Outcome(NamedTuple):
    """What became of a batch; `refused` are events to be kept as dead letters before the batch is acknowledged.

    `started`: how many of the `stored` events begin a playback of a video or a session.
    """

    stored: int
    started: int
    refused: list[tuple[StampedEvent, Reason]]
    touched: dict[str, Touched]
    progress: Progress


def store_batch(
    connection: Connection,
    directory: Directory,
    events: list[StampedEvent],
    lane: Lane,
    now: int,
    dead: Sequence[tuple[str, Receipt]] = (),
) -> Outcome:
    """Store events exactly once; `now` in microseconds.

    `dead` are receipts, with their site, of records that cannot be stored: they are accounted for in the same transaction.
    Raises psycopg.OperationalError when the database is away or gave the transaction up (nothing is stored, try again), and
    psycopg.DataError when one of the events cannot be stored.
    """
    site_ids = {event.site for event in events} | {site_id for site_id, _ in dead}
    sites = directory.sites(connection, site_ids, now / MICROSECONDS)
    lost = [(sites[site_id].site_no, receipt) for site_id, receipt in dead if site_id in sites]
    refused: list[tuple[StampedEvent, Reason]] = []
    claims: list[Claim] = []
    for event in events:
        site = sites.get(event.site)
        if site is None:
            refused.append((event, Reason.UNKNOWN_SITE))
        else:
            claims.append(claim_of(site.site_no, site.zone, event))
    directory.ensure_days(connection, map(utc_day, {claim.event.time // DAY * DAY for claim in claims}))
    directory.dictionaries.store(connection, claims)
    more_locks: dict[int, set[int]] = defaultdict(set)
    for _ in range(MOST_RESTARTS):
        transaction = _Transaction(connection, directory, sites, more_locks)
        try:
            with connection.transaction():
                outcome = transaction.run(claims, lost, lane, now)
        except MoreLocksNeededError as error:
            more_locks[transaction.current_site_no] |= error.keys
        else:
            return outcome._replace(refused=refused + outcome.refused)
    raise RuntimeError("a chain of visits kept growing while it was locked")


class _Transaction:
    """One try at storing a batch."""

    def __init__(
        self,
        connection: Connection,
        directory: Directory,
        sites: dict[str, Site],
        more_locks: dict[int, set[int]],
    ) -> None:
        self.connection = connection
        self.directory = directory
        self.sites = sites
        self.more_locks = more_locks
        self.current_site_no = 0
        self.site_days = SiteDays()

    def run(self, claims: list[Claim], lost: list[tuple[int, Receipt]], lane: Lane, now: int) -> Outcome:
        connection = self.connection
        by_number = {site.site_no: (site_id, site) for site_id, site in self.sites.items()}
        gate.enter(connection, by_number)
        claims = self._renamed(claims)
        touched = {
            site_id: touch(connection, site, claims, self.site_days) for site_id, site in sorted(self.sites.items())
        }
        good, refused = self._examined(claims, now)
        accounting = Accounting()
        lost = lost + [(claim.site_no, claim.event.receipt) for claim, _ in refused]
        count_dead(connection, lost, accounting)
        new = claim_ids(connection, good, accounting)
        of_site: defaultdict[int, list[Claim]] = defaultdict(list)
        for claim in new:
            of_site[claim.site_no].append(claim)
        batches = [self._fold_site(*by_number[site_no], of_site[site_no], now) for site_no in sorted(of_site)]
        # Visitor-days come after the anchors of every site: all transactions lock in this order.
        for batch in batches:
            settle_visitor_days(connection, batch)
        busy_seconds = time.monotonic() - lane.started
        progress = connection.execute(_PROGRESS, [lane.shard, len(new), busy_seconds, lane.last_arrival]).fetchone()
        rollups.add(connection, batches, accounting.rows())
        touched |= {
            batch.site_id: settled(connection, touched[batch.site_id], batch, self.site_days) for batch in batches
        }
        return Outcome(
            stored=len(new),
            started=sum(_starts(claim.event) for claim in new),
            refused=[(claim.event, reason) for claim, reason in refused],
            touched=touched,
            progress=Progress(*progress) if progress else Progress(0, 0, 0.0),
        )

    def _examined(self, claims: list[Claim], now: int) -> tuple[list[Claim], list[tuple[Claim, Reason]]]:
        """Return the claims that may be counted, and those that come too late, each with its reason."""
        zones = {site.site_no: site.zone for site in self.sites.values()}
        max_age, all_whole = settings().max_event_age_days * DAY, self.site_days.all_whole
        good: list[Claim] = []
        refused: list[tuple[Claim, Reason]] = []
        for claim in claims:
            reason = _too_old(claim.event, max_age, now)
            if reason is None and not all_whole:
                reason = self.site_days.refusal(claim, zones[claim.site_no])
            if reason is None:
                good.append(claim)
            else:
                refused.append((claim, reason))
        return good, refused

    def _renamed(self, claims: list[Claim]) -> list[Claim]:
        """Return the claims without what was erased of their events."""
        sites = {site.site_no: site for site in self.sites.values()}
        secrets_of = {site_no: site.secret for site_no, site in sites.items()}
        erased = self.directory.tombstones.of_sites(self.connection, secrets_of)
        if not erased:
            return claims
        return [
            claim.renamed(erased[claim.site_no], sites[claim.site_no].zone) if claim.site_no in erased else claim
            for claim in claims
        ]

    def _fold_site(self, site_id: str, site: Site, claims: list[Claim], now: int) -> SiteBatch:
        connection, site_no = self.connection, site.site_no
        self.current_site_no = site_no
        views = [(claim.event, view_of(claim.event)) for claim in claims if claim.event.kind == "view"]
        calls = [claim.event for claim in claims if claim.event.kind == "session"]
        facts = sorted((claim.fact for claim in claims if claim.fact is not None), key=ORDER)
        watching = [
            (claim.event, claim.fact) for claim in claims if claim.fact is not None and is_watching(claim.event)
        ]
        keys = set(self.more_locks[site_no])
        keys |= {fact.visit_key for fact in facts if fact.visit_key is not None}
        keys |= {fact.prev_key for fact in facts if fact.prev_key is not None}
        keys |= {fact.play_key for fact in facts if fact.play_key is not None}
        for _, view in views:
            keys |= view.all_keys()
        keys |= session_locks(calls) | player_locks(watching)
        batch = SiteBatch(
            site_no,
            site_id,
            site.zone,
            view_window=site.view_window,
            dictionaries=self.directory.dictionaries,
            locked=keys,
        )
        lock(connection, site_no, keys)
        contribute_events(facts, batch.contributions)
        tied = read_tied(connection, batch, [view for _, view in views])
        fold_visits(connection, batch, facts)
        fold_playbacks(connection, batch, facts)
        fold_views(connection, batch, views, tied)
        fold_sessions(connection, batch, calls, now)
        fold_players(connection, batch, watching, now)
        keep_traits(connection, site_no, (claim.event for claim in claims))
        write_events(connection, site_no, claims)
        return batch


def _starts(event: StampedEvent) -> bool:
    """Return whether an event begins a playback of a video or a session of a media server."""
    return event.kind == "video_start" or (event.session is not None and event.session.call == "start")


def _too_old(event: StampedEvent, max_age: int, now: int) -> Reason | None:
    """Return why an event comes too late to be counted, None when it does not; microseconds."""
    if event.historical:
        return None
    if event.received - event.time > max_age:
        return Reason.TOO_LATE
    return Reason.EXPIRED_ID if now - event.received > EXPIRED_DAYS * DAY else None
