"""Step: what is known of the visitor, and the hashes that stand for address and agent. Neither is kept."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

import msgspec

from streamgauge.access.salts import salt
from streamgauge.clock import local_day
from streamgauge.events.models import Surroundings
from streamgauge.ids import keyed_number
from streamgauge.ingestion.agents import read_agent
from streamgauge.places.lookup import NOWHERE, place_of

if TYPE_CHECKING:
    from datetime import date

    from streamgauge.access.registry import SiteRecord

_A_DAY: Final = timedelta(days=1)


class Visitor(msgspec.Struct, frozen=True):
    """Who caused an event: `address` None when unknown (a back end that does not say)."""

    address: str | None
    agent: str
    bot: bool
    surroundings: Surroundings


class Hashes(msgspec.Struct, frozen=True):
    """Hashes of address and agent, and of the address alone, under the salt of the event's day and of the day before."""

    hash: int | None = None
    prev_hash: int | None = None
    address_hash: int | None = None
    prev_address_hash: int | None = None


class Derived(msgspec.Struct, frozen=True):
    """What was known of a refused event's visitor, as its dead letter keeps it: enough to send the event on later.

    Not `complete`: a back end's event could not be read, so whom it speaks for is only in its body.
    """

    dialect: str
    argument: str
    scope: str
    all_sites: bool
    bot: bool
    surroundings: Surroundings
    hashes: Hashes
    touches_visit: bool
    complete: bool


@lru_cache(maxsize=8192)
def visitor_of(address: str | None, agent: str) -> Visitor:
    """Return what is known of an address and an agent."""
    known = read_agent(agent)
    place = place_of(address) if address is not None else NOWHERE
    surroundings = Surroundings(place.country, place.region, place.city, known.browser, known.os, known.device)
    return Visitor(address, agent, known.bot, surroundings)


def hashes_of(
    visitor: Visitor, site: SiteRecord, time: int, *, received: int, now: int, historical: bool, of_address: bool
) -> Hashes:
    """Return the visitor's hashes on the event's day. Raises StoreAwayError.

    A day whose salt is gone takes that of the day of receipt; when `now` is past that too (a replay), there is no hash. History takes salts of the site's secret, which stay.
    """
    if visitor.address is None:
        return Hashes()
    day = local_day(time, site.timezone)
    if historical:
        key, prev_key = history_salt(site.secret, day), history_salt(site.secret, day - _A_DAY)
    else:
        spare = salt(site, local_day(received, site.timezone), now)
        own, before = salt(site, day, now) or spare, salt(site, day - _A_DAY, now) or spare
        if own is None or before is None:
            return Hashes()
        key, prev_key = own, before
    name = site.site_id
    return Hashes(
        _hash(key, name, visitor.address, visitor.agent),
        _hash(prev_key, name, visitor.address, visitor.agent),
        _hash(key, name, visitor.address) if of_address else None,
        _hash(prev_key, name, visitor.address) if of_address else None,
    )


@lru_cache(maxsize=1024)
def history_salt(secret: bytes, day: date) -> bytes:
    """Return the salt of a day of history: the same at every import."""
    return blake2b(f"history {day.isoformat()}".encode(), key=secret[:64], digest_size=32).digest()


@lru_cache(maxsize=32_768)
def _hash(key: bytes, *parts: str) -> int:
    return keyed_number(key, *parts)
