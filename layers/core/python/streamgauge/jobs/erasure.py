"""Erases the persons whose erasure was asked for. Every step may be repeated: whoever was stopped half way begins where it was.

First Postgres, in one transaction with the site's gate closed: ids are replaced, their digests kept, and what is still to be
looked for elsewhere is noted. Then the other stores, then the note goes, then the request.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from psycopg.types.json import Jsonb

from streamgauge.access import registry
from streamgauge.clock import MICROSECONDS
from streamgauge.erasure import letters, live_state, queries, requests, tombstones
from streamgauge.erasure.replacing import replace_person
from streamgauge.jobs import runs
from streamgauge.warehouse import gate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamgauge.access.registry import SiteRecord
    from streamgauge.erasure.requests import Request
    from streamgauge.jobs.slots import Slot
    from streamgauge.store.postgres import Connection

JOB: Final = "erasure"
SLOT_SECONDS: Final = 60


def erase(slot: Slot) -> dict[str, int]:
    """Do every erasure that waits."""
    return runs.run(JOB, slot, requests.waiting(), _erase_all)


def _erase_all(connection: Connection, waiting: Sequence[Request]) -> dict[str, int]:
    result = {"persons": 0}

    def step(request: Request) -> None:
        site = registry.find_site(request.site_id)
        replaced = {} if site is None else erase_person(connection, site, request.erasure_id, request.user_id, _now())
        requests.finish(request, replaced, _now())
        result["persons"] += 1

    runs.each(waiting, step, connection)
    return result


def erase_person(connection: Connection, site: SiteRecord, erasure_id: str, user_id: str, now: int) -> dict[str, int]:
    """Erase a user of a site in every store, as of `now` (microseconds), and return what was changed in each.

    One that was stopped after its transaction is brought to its end first.
    """
    changed: dict[str, int] = {}
    key = {"site_no": site.site_no, "erasure_id": erasure_id}
    for (found,) in connection.execute(queries.BEGUN, key).fetchall():
        _clean_other_stores(site.site_id, user_id, found, changed)
    connection.execute(queries.DONE, key)
    with connection.transaction():
        gate.close(connection, site.site_no)
        replaced = replace_person(connection, site.site_no, user_id)
        tombstones.keep(connection, site.site_no, site.secret, replaced.person, now)
        found = {
            "ids": replaced.person.old_ids(),
            "sessions": list(replaced.person.names["session"]),
            "alerts": replaced.alerts,
        }
        connection.execute(queries.BEGIN, {**key, "erased_at": now, "found": Jsonb(found)})
    changed.update(replaced.rows)
    _clean_other_stores(site.site_id, user_id, found, changed)
    connection.execute(queries.DONE, key)
    return changed


def _clean_other_stores(site_id: str, user_id: str, found: dict[str, Any], changed: dict[str, int]) -> None:
    counts = {
        "live_sessions": live_state.remove_sessions(site_id, user_id, found["sessions"]),
        "outbox": live_state.remove_alerts(site_id, found["alerts"]),
        "dead_letters": letters.blank(site_id, found["ids"]),
    }
    for store, count in counts.items():
        if count:
            changed[store] = changed.get(store, 0) + count


def _now() -> int:
    return time.time_ns() // (1_000_000_000 // MICROSECONDS)
