"""Alerts on their way out: items of OUTBOX_TABLE, whose stream starts `functions/streams/alert_sender`.

pk = site, sk = `{alert}#{severity}`: an alert leaves when it is raised, and again when it has become worse. Items go after a
week (`expires`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from streamgauge.clock import MICROSECONDS
from streamgauge.ids import digest
from streamgauge.settings import settings
from streamgauge.sharing import queries
from streamgauge.sharing.alerts import SharingAlert, shown
from streamgauge.sharing.models import DAY
from streamgauge.store import dynamo

if TYPE_CHECKING:
    from streamgauge.access.registry import SiteRecord
    from streamgauge.store.postgres import Connection

KIND: Final = "sharing_alert"
NEWS: Final = DAY
"""An alert whose last evidence is older is no news to anybody (history that was brought in): it is listed, and not sent."""

_KEPT_SECONDS: Final = 7 * 86_400
_ORDER: Final = ["low", "medium", "high"]


def tell(connection: Connection, site: SiteRecord, now: int) -> int:
    """Put what is new or worse into the outbox and return how much that was. Safe to repeat. Raises StoreAwayError."""
    asked = {"site_no": site.site_no, "since": now - NEWS, "order": _ORDER}
    rows = connection.execute(queries.UNTOLD, asked).fetchall()
    for row in rows:
        alert = shown(row)
        dynamo.put_item(
            settings().text("OUTBOX_TABLE"), item(site.site_id, alert, now), condition="attribute_not_exists(pk)"
        )
        told = {"site_no": site.site_no, "alert_id": alert["id"], "severity": alert["severity"]}
        connection.execute(queries.SET_TOLD, told)
    return len(rows)


def item(site_id: str, alert: SharingAlert, now: int) -> dict[str, Any]:
    """Return an alert as an item; its message has an id of its own, by which whoever gets it twice knows it."""
    name = f"{alert['id']}#{alert['severity']}"
    message = {"id": digest(site_id, name), "type": KIND, "site_id": site_id, "payload": alert}
    return {
        "pk": site_id,
        "sk": name,
        "kind": KIND,
        "message": msgspec.json.encode(message).decode(),
        "expires": now // MICROSECONDS + _KEPT_SECONDS,
    }
