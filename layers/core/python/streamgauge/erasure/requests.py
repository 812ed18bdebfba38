"""Who asked for an erasure, and how far it is: items of STATUS_TABLE, so that asking wakes no database.

`erasures#{site}` / id: the record, without the user's id, kept for good. `pending#erasure` / `{site}#{id}`: what is to be done, with
the user's id; it goes when that is done.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Final, NamedTuple

# pydantic, which publishes these shapes, cannot read typing's own before Python 3.12.
from typing_extensions import TypedDict

from streamgauge.clock import instant
from streamgauge.erasure.pseudonyms import digest_of
from streamgauge.settings import settings
from streamgauge.store import dynamo

if TYPE_CHECKING:
    from streamgauge.access.registry import SiteRecord

_PENDING: Final = "pending#erasure"


class Erasure(TypedDict):
    """An erasure: `pending` or `done`; `replaced` says how many rows, items and letters of each store were changed."""

    erasure_id: str
    status: str
    requested_at: str
    requested_by: str
    finished_at: str | None
    replaced: dict[str, int]


class Request(NamedTuple):
    """An erasure that is to be done. `mark` is new with every asking; `requested_at` in microseconds."""

    site_id: str
    erasure_id: str
    user_id: str
    requested_at: int
    mark: str


def ask(site: SiteRecord, user_id: str, now: int, by: str) -> Erasure:
    """Ask for the erasure of a user; asked again while it waits it is the same one. `now` in microseconds. Raises StoreAwayError."""
    erasure_id = digest_of(site.secret, "erasure", user_id)
    record = {"pk": _of_site(site.site_id), "sk": erasure_id, "requested_at": now, "requested_by": by}
    dynamo.put_item(_table(), record)
    mark = {"user_id": user_id, "requested_at": now, "mark": secrets.token_hex(8)}
    dynamo.put_item(_table(), {"pk": _PENDING, "sk": f"{site.site_id}#{erasure_id}", **mark})
    return _shown(record)


def erasures(site_id: str) -> list[Erasure]:
    """Return the erasures of a site, the latest first. Raises StoreAwayError."""
    items = dynamo.query_all(_table(), "pk = :pk", values={":pk": _of_site(site_id)}, consistent=True)
    return [_shown(item) for item in sorted(items, key=lambda item: (-item["requested_at"], item["sk"]))]


def waiting() -> list[Request]:
    """Return the erasures that are to be done, in the order in which they were asked for. Raises StoreAwayError."""
    items = dynamo.query_all(_table(), "pk = :pk", values={":pk": _PENDING}, consistent=True)
    found = []
    for item in items:
        # Ids of sites hold no `#`.
        site_id, _, erasure_id = item["sk"].partition("#")
        found.append(Request(site_id, erasure_id, item["user_id"], item["requested_at"], item["mark"]))
    return sorted(found, key=lambda request: (request.requested_at, request.erasure_id))


def finish(request: Request, replaced: dict[str, int], now: int) -> None:
    """Record an erasure as done, unless it was asked for again in between: then it is done again. Raises StoreAwayError."""
    dynamo.update_item(
        _table(),
        {"pk": _of_site(request.site_id), "sk": request.erasure_id},
        "SET finished_at = :now, replaced = :replaced",
        values={":now": now, ":replaced": replaced, ":asked": request.requested_at},
        condition="requested_at = :asked",
    )
    key = {"pk": _PENDING, "sk": f"{request.site_id}#{request.erasure_id}"}
    dynamo.delete_item(_table(), key, condition="#m = :mark", values={":mark": request.mark}, names={"#m": "mark"})


def _shown(item: dict[str, Any]) -> Erasure:
    finished = item.get("finished_at")
    return {
        "erasure_id": item["sk"],
        "status": "pending" if finished is None else "done",
        "requested_at": instant(item["requested_at"]).isoformat(),
        "requested_by": item["requested_by"],
        "finished_at": None if finished is None else instant(finished).isoformat(),
        "replaced": item.get("replaced", {}),
    }


def _of_site(site_id: str) -> str:
    return f"erasures#{site_id}"


def _table() -> str:
    return settings().text("STATUS_TABLE")
