"""Sharing detection: looks at the users whose sessions changed since the last look, and at nothing when none did."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from streamgauge import telemetry
from streamgauge.access import registry
from streamgauge.clock import MICROSECONDS
from streamgauge.jobs import runs
from streamgauge.sharing import detection, outbox, queries
from streamgauge.sharing.models import YOUNGEST
from streamgauge.sharing.policy import is_enabled, policy_of
from streamgauge.store import postgres
from streamgauge.warehouse import pending

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamgauge.access.registry import SiteRecord
    from streamgauge.jobs.slots import Slot
    from streamgauge.sharing.detection import Change, Policy
    from streamgauge.store.postgres import Connection
    from streamgauge.warehouse.pending import Pending

JOB: Final = "sharing_detection"
SLOT_SECONDS: Final = 60

COMMIT_SECONDS: Final = 300
"""A batch of the warehouse commits at most so long after the time that its sessions carry as their change."""

_RUNS_KEPT: Final = "DELETE FROM job_runs WHERE job = %(job)s AND started_at < %(at)s::timestamptz - interval '2 days'"


def detect_sharing(slot: Slot) -> dict[str, int]:
    """Look at every site whose sessions changed; run by hand, at every site that has any."""
    waiting = pending.waiting(pending.SHARING)
    due = [item.site_id for item in waiting]
    if slot.by_hand:
        due = sorted({*due, *(row[0] for row in postgres.read(queries.SITES_WITH_SESSIONS, {}))})
    items = {item.site_id: item for item in waiting}
    return runs.run(JOB, slot, due, lambda connection, sites: _detect(connection, sites, items, slot))


class _Look:
    """One run: what it looked at, and whom it wants to look at again when their sessions have come of age."""

    def __init__(self, connection: Connection, slot: Slot) -> None:
        self._connection = connection
        self._slot = slot
        self.now = slot.second * MICROSECONDS
        self.users = self.alerts = self.told = 0
        self.early: list[tuple[Policy, Change]] = []

    def site(self, site: SiteRecord) -> bool:
        """Look at a site; False when it has sessions that are too young, and has to be looked at again."""
        policy = policy_of(self._connection, site)
        row = self._connection.execute(queries.PROGRESS, {"site_no": site.site_no}).fetchone()
        since = 0 if row is None else row[0] - COMMIT_SECONDS * MICROSECONDS
        changed = detection.changes(self._connection, site.site_no, since)
        young = False
        for change in changed:
            self.user(policy, change)
            if change.youngest > self.now - YOUNGEST:
                young = True
                self._expect(policy, change)
        progress = {"site_no": site.site_no, "seen_until": self.now}
        self._connection.execute(queries.SET_PROGRESS, progress)
        self.told += outbox.tell(self._connection, site, self.now)
        return not young

    def user(self, policy: Policy, change: Change) -> None:
        """Look at a user, and write."""
        outlook = detection.look(self._connection, policy, change, self.now)
        self.users += 1
        if outlook.found or outlook.scope.alerts:
            with self._connection.transaction():
                self.alerts += detection.write(self._connection, policy, change, outlook, self.now)

    def _expect(self, policy: Policy, change: Change) -> None:
        """Remember a user of whom there will be news when the youngest session has come of age."""
        if self._slot.by_hand or change.youngest > self.now + YOUNGEST:
            return
        now = detection.look(self._connection, policy, change, self.now)
        then = detection.look(self._connection, policy, change, change.youngest + YOUNGEST)
        if then.found != now.found:
            self.early.append((policy, change))

    def again(self) -> None:
        """Wait until the sessions of which news is expected have come of age, and look at their users again."""
        if not self.early:
            return
        due = max(change.youngest for _, change in self.early) + YOUNGEST
        time.sleep(min(max(0.0, due / MICROSECONDS - time.time()), YOUNGEST / MICROSECONDS))
        self.now = max(self.now, due)
        for policy, change in self.early:
            self.user(policy, change)
        for site in {policy.site.site_id: policy.site for policy, _ in self.early}.values():
            self.told += outbox.tell(self._connection, site, self.now)


def _detect(connection: Connection, site_ids: Sequence[str], items: dict[str, Pending], slot: Slot) -> dict[str, int]:
    look = _Look(connection, slot)
    done: list[str] = []

    def step(site_id: str) -> None:
        # Thresholds hold from the next look on.
        site = registry.read_site(site_id)
        if site is None or not is_enabled(site) or look.site(site):
            done.append(site_id)

    try:
        runs.each(site_ids, step, connection)
        look.again()
    finally:
        for site_id in done:
            if site_id in items:
                pending.settle(items[site_id])
    if look.alerts:
        telemetry.measure(telemetry.Metric.SHARING_ALERTS_RAISED, look.alerts)
    connection.execute(_RUNS_KEPT, {"job": JOB, "at": slot.at})
    return {"users": look.users, "alerts": look.alerts, "told": look.told}
