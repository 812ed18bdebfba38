"""One look at a user: all evidence around what changed, and the alerts that come of it, written as they have to be.

What is written follows from the sessions alone: a second look, or one after calls that came late, leaves the same alerts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from psycopg.types.json import Jsonb

from streamgauge.sharing import queries
from streamgauge.sharing.episodes import alert_id, judged
from streamgauge.sharing.geography import reach
from streamgauge.sharing.models import DAY, EPISODE_END, KNOWN_DEVICE
from streamgauge.sharing.reading import LONGEST_SESSION, bounded, evidence_of, old_enough, watched

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streamgauge.access.registry import SiteRecord
    from streamgauge.sharing.models import Judged, Thresholds, Watched
    from streamgauge.sharing.trust import Trusted
    from streamgauge.store.postgres import Connection


@dataclass(frozen=True, slots=True)
class Policy:
    """By what a site is looked at."""

    site: SiteRecord
    thresholds: Thresholds
    trusted: Trusted


class Change(NamedTuple):
    """A user whose sessions changed: first and last moment of them, and when the youngest of them began."""

    user_key: int
    user_id: str
    first: int
    last: int
    youngest: int


class Known(NamedTuple):
    """An alert as it stands."""

    alert_id: str
    rule: str
    first: int
    last: int
    dismissed_at: int | None
    note: str | None
    told: str | None


class Scope(NamedTuple):
    """The time that a look is about, and the alerts in it."""

    since: int
    until: int
    alerts: list[Known]


class Outlook(NamedTuple):
    """What a look found: the alerts to be, and what is known of those before."""

    scope: Scope
    found: list[Judged]


def changes(connection: Connection, site_no: int, since: int) -> list[Change]:
    """Return the users of a site whose sessions changed from `since` (microseconds) on."""
    rows = connection.execute(queries.CHANGED, {"site_no": site_no, "since": since}).fetchall()
    return [Change(*row) for row in rows]


def look(connection: Connection, policy: Policy, change: Change, now: int) -> Outlook:
    """Return what a user's sessions say at `now`, in all episodes that the changed ones may belong to."""
    site_no, far = policy.site.site_no, max(DAY, reach(policy.thresholds.geo_speed_kmh))
    scope = _scope(connection, site_no, change, far, now)
    sessions = _sessions(connection, policy, change, scope.since - far, scope.until + far)
    found = evidence_of(
        lambda query, asked: connection.execute(query, asked).fetchall(),
        site_no,
        (change.user_key, change.user_id),
        old_enough(sessions, now),
        policy.thresholds,
    )
    # What begins before has sessions that were not read.
    within = [one for one in found if one.last >= scope.since and one.first <= scope.until]
    return Outlook(scope, judged(within, policy.thresholds))


def write(connection: Connection, policy: Policy, change: Change, outlook: Outlook, now: int) -> int:
    """Write the alerts of a look and return how many there are. The caller holds the job's lock and a transaction."""
    site = policy.site
    left = dict.fromkeys(outlook.scope.alerts)
    given = _named(site.site_id, change.user_id, outlook)
    for name, one, before in given:
        for known in before:
            left.pop(known, None)
        dismissed = [known for known in before if known.dismissed_at is not None]
        merged = [known.alert_id for known in before if known.alert_id != name]
        connection.execute(queries.REMOVE_ALERTS, {"site_no": site.site_no, "alert_ids": merged})
        connection.execute(
            queries.WRITE_ALERT,
            {
                "site_no": site.site_no,
                "alert_id": name,
                "user_id": change.user_id,
                "user_key": change.user_key,
                "rule": one.episode.rule,
                "severity": one.severity,
                "first": one.episode.first,
                "last": one.episode.last,
                "evidence": Jsonb(one.evidence),
                "changed_at": now,
                "dismissed_at": min((known.dismissed_at or 0 for known in dismissed), default=None),
                "note": next((known.note for known in dismissed if known.note), None),
            },
        )
    # What nothing speaks for any more is withdrawn: a call that came late has said otherwise.
    gone = [
        known.alert_id for known in left if known.first >= outlook.scope.since and known.last <= outlook.scope.until
    ]
    connection.execute(queries.WITHDRAW_ALERTS, {"site_no": site.site_no, "alert_ids": gone})
    return len(given)


def _scope(connection: Connection, site_no: int, change: Change, far: int, now: int) -> Scope:
    """Return the time in which evidence may have changed, widened to whole episodes."""
    asked: dict[str, Any] = {"site_no": site_no, "user_key": change.user_key, "user_id": change.user_id}
    # A session makes its device a known one for a while, and a user's first one says from when on devices are new at all.
    since, until = change.first - far, change.last + max(far, KNOWN_DEVICE)
    if until < now and (change.first,) in connection.execute(queries.FIRST_SEEN, asked).fetchall():
        until = now
    span = {"since": since - EPISODE_END, "until": until + EPISODE_END}
    alerts = [Known(*row) for row in connection.execute(queries.ALERTS_NEAR, {**asked, **span}).fetchall()]
    return Scope(min([since, *(one.first for one in alerts)]), max([until, *(one.last for one in alerts)]), alerts)


def _sessions(connection: Connection, policy: Policy, change: Change, since: int, until: int) -> list[Watched]:
    asked = {
        "site_no": policy.site.site_no,
        "user_key": change.user_key,
        "since": since,
        "until": until,
        "longest": LONGEST_SESSION,
    }
    rows = connection.execute(queries.OF_USER, asked).fetchall()
    return considered((watched(row) for row in rows), policy, change.user_id)


def considered(sessions: Iterable[Watched], policy: Policy, user_id: str) -> list[Watched]:
    """Return the sessions of a user that are looked at: none that is trusted, and of very many of a day the latest."""
    secret = policy.site.secret
    return bounded(one for one in sessions if one.user_id == user_id and not policy.trusted.covers(one, secret))


def _named(site_id: str, user_id: str, outlook: Outlook) -> list[tuple[str, Judged, list[Known]]]:
    """Return each alert to be with its id and the ones that it takes the place of; the earliest gives its id."""
    free = list(outlook.scope.alerts)
    found: list[tuple[str, Judged, list[Known]]] = []
    taken: set[str] = set()
    own = {alert_id(site_id, user_id, one.episode.rule, one.episode.first): one for one in outlook.found}
    for fresh, one in own.items():
        episode = one.episode
        mine = [
            known
            for known in free
            if known.rule == episode.rule
            and (known.alert_id == fresh or known.alert_id not in own)
            and known.first - episode.last < EPISODE_END
            and episode.first - known.last < EPISODE_END
        ]
        same = [known.alert_id for known in mine if known.alert_id == fresh]
        name = (same or [known.alert_id for known in mine] or [fresh])[0]
        if name in taken:
            name = fresh
        taken.add(name)
        free = [known for known in free if known not in mine]
        found.append((name, one, mine))
    return found
