"""The way of a webhook: read, understood, followed; what cannot be is kept as a dead letter, from which it may come again."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from streamgauge import telemetry
from streamgauge.access.scopes import ALL_SITES
from streamgauge.errors import OutOfBoundsError
from streamgauge.events.models import Surroundings
from streamgauge.events.reasons import Reason, Stage
from streamgauge.ingestion.refusal import RefusedError
from streamgauge.ingestion.session_calls import SessionCalls
from streamgauge.ingestion.visitors import Derived, Hashes
from streamgauge.ingestion.webhooks import emby, jellyfin, plex
from streamgauge.ingestion.webhooks.following import follow
from streamgauge.ingestion.webhooks.forms import read_body
from streamgauge.ingestion.webhooks.played import SignedIn
from streamgauge.sessions import addresses

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from streamgauge.access.registry import KeyRecord, SiteRecord
    from streamgauge.ingestion.call import Call
    from streamgauge.ingestion.webhooks.played import Played

Status = Literal["accepted", "ignored", "rejected"]

SERVERS: Final[dict[str, Callable[[Mapping[str, Any]], Played | SignedIn | None]]] = {
    "jellyfin": jellyfin.read,
    "plex": plex.read,
    "emby": emby.read,
}

_DIALECT: Final = "webhook:"
_DETAIL: Final = 300


@lru_cache(maxsize=1)
def calls_of_container() -> SessionCalls:
    """Return what this container keeps between calls."""
    return SessionCalls()


def receive(call: Call, server: str, site: SiteRecord, key: KeyRecord) -> Status:
    """Take a webhook: followed, ignored as it tells of no playing, or rejected and kept. Raises StoreAwayError, UnavailableError."""
    try:
        said = SERVERS[server](_body(call))
        if said is None:
            return "ignored"
        _take(said, site, call.received, call.now)
    except RefusedError as refusal:
        _keep(call, server, site, key, refusal)
        return "rejected"
    return "accepted"


def _take(said: Played | SignedIn, site: SiteRecord, received: int, now: int) -> None:
    if isinstance(said, SignedIn):
        addresses.remember(site.site_id, said.user_id, said.device, said.address, received)
    else:
        follow(calls_of_container(), site, said, received, now)


def _body(call: Call) -> dict[str, Any]:
    if call.broken is not None:
        raise RefusedError(Reason.UNREADABLE, call.broken.detail)
    return read_body(call.body)


def server_of(derived: Derived) -> str | None:
    """Return the server whose webhook a dead letter is; None for one of another kind."""
    name = derived.dialect.removeprefix(_DIALECT)
    return name if derived.dialect.startswith(_DIALECT) and name in SERVERS else None


def receive_again(server: str, body: bytes, site: SiteRecord, received: int, now: int) -> bool:
    """Take a webhook from its dead letter, as of its first receipt; False when it is refused again. Raises StoreAwayError."""
    try:
        said = SERVERS[server](read_body(body))
        if said is not None:
            _take(said, site, received, now)
    except (RefusedError, OutOfBoundsError):
        return False
    return True


def _keep(call: Call, server: str, site: SiteRecord, key: KeyRecord, refusal: RefusedError) -> None:
    # The rare way: a webhook that is understood never pays for it.
    from streamgauge.store import dead_letters  # noqa: PLC0415

    if not call.body:
        return
    derived = Derived(
        dialect=f"{_DIALECT}{server}",
        argument="",
        scope=key.scope,
        all_sites=key.site_id == ALL_SITES,
        bot=False,
        surroundings=Surroundings(),
        hashes=Hashes(),
        touches_visit=False,
        complete=True,
    )
    letter = dead_letters.DeadLetter(
        site=site.site_id,
        reason=refusal.reason,
        stage=Stage.INGEST,
        body=call.body,
        received_at=call.received,
        detail=refusal.detail[:_DETAIL],
        derived=msgspec.json.encode(derived),
    )
    dead_letters.record([letter])
    telemetry.measure(telemetry.Metric.EVENTS_REFUSED, 1)
