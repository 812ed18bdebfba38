"""Account sharing: alerts, their dismissal, what a site trusts, and what other thresholds would have raised."""

import time
from collections import Counter
from datetime import timedelta
from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler.openapi.params import Query
from streamgauge.access import registry
from streamgauge.clock import MICROSECONDS, day_start, local_day
from streamgauge.edge.cursors import next_cursor, page_of
from streamgauge.edge.http import ADMIN, READ, application, site_for
from streamgauge.edge.parameters import RangeParameters, Website, report_range
from streamgauge.places.attribution import attribution
from streamgauge.sharing import alerts as stored
from streamgauge.sharing import policy
from streamgauge.sharing.alerts import SharingAlert
from streamgauge.sharing.detection import Policy
from streamgauge.sharing.dry_run import dry_run
from streamgauge.sharing.shapes import Alerts, Dismissal, DryRun, DryRunAnswer, DryRunUser, TrustedLists
from streamgauge.sharing.trust import Trusted
from streamgauge.store import postgres

app = application()


@app.get("/api/v1/analytics/sharing/alerts", security=READ, tags=["sharing"])
def list_alerts(
    website_id: Website = None,
    user_id: Annotated[str | None, Query(max_length=200)] = None,
    status: Annotated[Literal["open", "dismissed"] | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
    cursor: Annotated[str | None, Query(max_length=1000)] = None,
) -> Alerts:
    """List the alerts of a site, the latest first."""
    site, page = site_for(app, "read", website_id), page_of(limit, cursor)
    found = stored.alerts(postgres.read, site.site_no, user_id, status, page.skip, page.limit + 1)
    results, next_skip = page.of_rest(found)
    return Alerts(results=results, next_cursor=next_cursor(next_skip), attribution=attribution())


@app.post("/api/v1/analytics/sharing/alerts/<alert_id>/dismiss", security=ADMIN, tags=["sharing"])
def dismiss(alert_id: str, dismissal: Dismissal | None = None, website_id: Website = None) -> SharingAlert:
    """Dismiss an alert, with a note or without. Nothing new is raised for the same episode."""
    site = site_for(app, "admin", website_id)
    note = None if dismissal is None else dismissal.note
    return stored.dismiss(_database(), site.site_no, alert_id, note, time.time_ns() // 1000)


@app.get("/api/v1/analytics/sharing/trusted", security=ADMIN, tags=["sharing"])
def read_trusted(website_id: Website = None) -> TrustedLists:
    """Show the devices, networks and users that a site trusts."""
    return _lists(policy.trusted_of(_database(), site_for(app, "admin", website_id).site_no))


@app.put("/api/v1/analytics/sharing/trusted", security=ADMIN, tags=["sharing"])
def set_trusted(trusted: TrustedLists, website_id: Website = None) -> TrustedLists:
    """Set all three lists. What is in them is left out of detection from now on.

    Open alerts that rest on it alone are withdrawn when their user is looked at the next time.
    """
    site = site_for(app, "admin", website_id)
    return _lists(policy.trust(_database(), site.site_no, trusted.devices, trusted.networks, trusted.users))


@app.post("/api/v1/analytics/sharing/dry-run", security=ADMIN, tags=["sharing"])
def try_out(asked: DryRun, website_id: Website = None) -> DryRunAnswer:
    """Replay thresholds over past days: what would have been raised, and for whom. Nothing is raised, and nobody is told."""
    site = site_for(app, "admin", website_id)
    now = time.time_ns() // 1000
    wanted = RangeParameters(start_date=asked.start_date, end_date=asked.end_date)
    days = report_range(wanted, local_day(now, site.timezone), site.timezone)
    own = policy.policy_of(_database(), registry.read_site(site.site_id) or site)
    tried = Policy(site, asked.thresholds.over(own.thresholds), own.trusted)
    since = day_start(days.start, site.timezone) * MICROSECONDS
    until = day_start(days.end + timedelta(days=1), site.timezone) * MICROSECONDS
    found = dry_run(postgres.read, tried, since, until, now)
    users = Counter(alert["user_id"] for alert in found)
    return DryRunAnswer(
        range=days.echo(),
        thresholds=tried.thresholds.shown(),
        total=len(found),
        by_type=dict(sorted(Counter(alert["alert_type"] for alert in found).items())),
        users=[DryRunUser(user_id=user, alerts=count) for user, count in sorted(users.items())][:1000],
        results=found[: asked.limit],
        attribution=attribution(),
    )


def _lists(trusted: Trusted) -> TrustedLists:
    return TrustedLists(devices=sorted(trusted.devices), networks=sorted(trusted.networks), users=sorted(trusted.users))


def _database() -> postgres.Connection:
    """Return a connection that answers: one that idled away is replaced before anything is written."""
    postgres.read("SELECT 1", {})
    return postgres.connection()


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer a request."""
    return app.resolve(event, context)
