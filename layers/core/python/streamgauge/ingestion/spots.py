"""Where an address is, as sessions and sharing detection need it: a position with its radius, and a number for the household."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamgauge.events.models import Spot
from streamgauge.places.data_centres import is_data_centre
from streamgauge.places.households import household, network_of
from streamgauge.places.lookup import normal, place_of, position_of

if TYPE_CHECKING:
    from streamgauge.access.registry import SiteRecord


def spot_of(address: str | None, site: SiteRecord, *, keep_address: bool = True) -> Spot | None:
    """Return where an address is; None without one. `keep_address`: for sessions of media servers alone."""
    known = None if address is None else normal(address)
    if known is None:
        return None
    place, position = place_of(known), position_of(known)
    return Spot(
        ip_address=known if keep_address else None,
        network=household(site.secret, network_of(known)),
        country=place.country,
        city=place.city,
        latitude=None if position is None else position.latitude,
        longitude=None if position is None else position.longitude,
        radius_km=None if position is None else position.radius_km,
        hosting=is_data_centre(known),
    )
