"""What would have been raised in a past period under other thresholds. Writes nothing."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from streamgauge.errors import OutOfBoundsError
from streamgauge.events.facts import user_key
from streamgauge.sharing import queries
from streamgauge.sharing.alerts import SharingAlert, would_be
from streamgauge.sharing.detection import considered
from streamgauge.sharing.episodes import alert_id, judged
from streamgauge.sharing.geography import reach
from streamgauge.sharing.models import DAY
from streamgauge.sharing.reading import LONGEST_SESSION, evidence_of, old_enough, watched

if TYPE_CHECKING:
    from streamgauge.sharing.detection import Policy
    from streamgauge.sharing.models import Watched
    from streamgauge.store.postgres import Read

MOST_SESSIONS: Final = 100_000
"""In the period, of the whole site: so that the answer comes within a request's time."""


def dry_run(read: Read, policy: Policy, since: int, until: int, now: int) -> list[SharingAlert]:
    """Return the alerts with evidence in [since, until) (microseconds), the latest first, none of them dismissed.

    Raises OutOfBoundsError for a period with too many sessions.
    """
    far = max(DAY, reach(policy.thresholds.geo_speed_kmh))
    site = policy.site
    asked = {"site_no": site.site_no, "since": since - far, "until": until, "longest": LONGEST_SESSION}
    for (count,) in read(queries.SESSIONS_OF_RANGE, asked):
        if count > MOST_SESSIONS:
            message = f"The period has {count} sessions; at most {MOST_SESSIONS} are replayed at once."
            raise OutOfBoundsError(message, [(["body", "startDate"], message)])
    users: defaultdict[str, list[Watched]] = defaultdict(list)
    for row in read(queries.OF_RANGE, asked):
        session = watched(row)
        users[session.user_id].append(session)
    found: list[SharingAlert] = []
    for user_id, sessions in users.items():
        looked_at = old_enough(considered(sessions, policy, user_id), now)
        evidence = evidence_of(read, site.site_no, (user_key(user_id), user_id), looked_at, policy.thresholds)
        within = [one for one in evidence if one.last >= since and one.first < until]
        for one in judged(within, policy.thresholds):
            name = alert_id(site.site_id, user_id, one.episode.rule, one.episode.first)
            found.append(would_be(name, user_id, one))
    return sorted(found, key=lambda alert: (alert["created_at"], alert["id"]), reverse=True)
