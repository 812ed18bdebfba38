"""Alerts as they stand: listed, dismissed, and in the shape of the API and of messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

# pydantic, which publishes these shapes, cannot read typing's own before Python 3.12.
from typing_extensions import TypedDict

from streamgauge.clock import instant
from streamgauge.errors import NotFoundError
from streamgauge.events.facts import user_key
from streamgauge.ids import is_uuid
from streamgauge.sharing import queries
from streamgauge.sharing.models import Rule, Severity  # noqa: TC001 - pydantic reads them

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    from streamgauge.sharing.models import Judged
    from streamgauge.store.postgres import Connection, Read

    Status = Literal["open", "dismissed"]


class SharingAlert(TypedDict):
    """An alert. `user_name` is the catalogue's; `created_at` is the time of its first evidence, `updated_at` of its last; `dismissed_at` null while it is open."""

    id: str
    user_id: str
    user_name: str | None
    alert_type: Rule
    severity: Severity
    evidence: dict[str, Any]
    status: str
    created_at: str
    updated_at: str
    dismissed_at: str | None
    note: str | None


def shown(row: Sequence[Any]) -> SharingAlert:
    """Return the alert that a row of `queries` holds."""
    name, user_id, rule, severity, first, last, evidence, dismissed_at, note, _changed, user_name = row
    return {
        "id": name,
        "user_id": user_id,
        "user_name": user_name,
        "alert_type": rule,
        "severity": severity,
        "evidence": evidence,
        "status": "open" if dismissed_at is None else "dismissed",
        "created_at": instant(first).isoformat(),
        "updated_at": instant(last).isoformat(),
        "dismissed_at": None if dismissed_at is None else instant(dismissed_at).isoformat(),
        "note": note,
    }


def would_be(name: str, user_id: str, one: Judged) -> SharingAlert:
    """Return an alert that nobody has raised, as it would stand; nobody looks the user's name up for it."""
    episode = one.episode
    told = (episode.rule, one.severity, episode.first, episode.last, one.evidence)
    return shown((name, user_id, *told, None, None, 0, None))


def alerts(
    read: Read, site_no: int, user_id: str | None, status: Status | None, skip: int, take: int
) -> list[SharingAlert]:
    """Return alerts of a site, the latest first: of one user, of one status, or all."""
    asked = {
        "site_no": site_no,
        "user_key": None if user_id is None else user_key(user_id),
        "user_id": user_id,
        "dismissed": None if status is None else status == "dismissed",
        "skip": skip,
        "take": take,
    }
    return [shown(row) for row in read(queries.ALERTS, asked)]


def dismiss(connection: Connection, site_no: int, name: str, note: str | None, now: int) -> SharingAlert:
    """Dismiss an alert and return it; again: the same, with the newest note. Raises NotFoundError."""
    asked = {"site_no": site_no, "alert_id": name.lower(), "note": note, "now": now}
    if not is_uuid(name.lower()):
        raise NotFoundError("There is no such alert.")
    connection.execute(queries.DISMISS, asked)
    row = connection.execute(queries.ALERT, asked).fetchone()
    if row is None:
        raise NotFoundError("There is no such alert.")
    return shown(row)
