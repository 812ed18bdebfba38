"""By what a site is looked at: its thresholds, and what it trusts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from streamgauge.access.site_settings import flag
from streamgauge.settings import settings
from streamgauge.sharing import queries
from streamgauge.sharing.detection import Policy
from streamgauge.sharing.models import Thresholds
from streamgauge.sharing.trust import Trusted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from streamgauge.access.registry import SiteRecord
    from streamgauge.store.postgres import Connection

_NAMES: Final = {
    "concurrent_streams": "concurrent_streams_threshold",
    "geo_distance_km": "geo_distance_threshold_km",
    "geo_speed_kmh": "geo_speed_threshold_kmh",
    "device_spike": "device_spike_threshold",
}


def is_enabled(site: SiteRecord) -> bool:
    """Return whether a site is looked at (`ANALYTICS_SHARING_DETECTION_ENABLED`, of the site or the stage)."""
    return flag(site.settings, "sharing_detection_enabled")


def thresholds_of(site_settings: Mapping[str, Any]) -> Thresholds:
    """Return a site's thresholds: its own, else the stage's, else the defaults."""
    found: dict[str, Any] = {}
    for name, setting in _NAMES.items():
        default = getattr(Thresholds(), name)
        own = site_settings.get(setting)
        text = settings().text(setting, str(default), setting.upper())
        found[name] = type(default)(float(text)) if own is None else own
    return Thresholds(**found)


def trusted_of(connection: Connection, site_no: int) -> Trusted:
    """Return what a site trusts."""
    row = connection.execute(queries.TRUSTED, {"site_no": site_no}).fetchone()
    if row is None:
        return Trusted()
    return Trusted(frozenset(row[0]), tuple(row[1]), frozenset(row[2]))


def policy_of(connection: Connection, site: SiteRecord) -> Policy:
    """Return by what a site is looked at now."""
    return Policy(site, thresholds_of(site.settings), trusted_of(connection, site.site_no))


def trust(
    connection: Connection, site_no: int, devices: Sequence[str], networks: Sequence[str], users: Sequence[str]
) -> Trusted:
    """Set what a site trusts, and return it."""
    given = {"devices": list(devices), "networks": list(networks), "users": list(users)}
    connection.execute(queries.SET_TRUSTED, {"site_no": site_no, **given})
    return trusted_of(connection, site_no)
