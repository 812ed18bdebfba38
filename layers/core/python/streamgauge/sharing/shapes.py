"""What the calls about sharing take and give, besides the alert itself."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from streamgauge.sharing.alerts import SharingAlert  # noqa: TC001 - pydantic reads it
from streamgauge.sharing.models import Thresholds
from streamgauge.sharing.trust import normal_network

# No control characters: Postgres takes no NUL.
_NO_CONTROL: Final = r"^[^\x00-\x1f\x7f]+$"


def _network(text: str) -> str:
    try:
        return normal_network(text)
    except ValueError as error:
        raise ValueError("Give an address or a network such as 203.0.113.0/24 or 2001:db8::/48.") from error


def _sorted(values: list[str]) -> list[str]:
    return sorted(set(values))


Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=_NO_CONTROL)]
Names = Annotated[list[Name], Field(max_length=1000), AfterValidator(_sorted)]
Network = Annotated[str, Field(max_length=64), AfterValidator(_network)]


class Alerts(BaseModel):
    """A page of alerts, the latest first. `attribution` goes wherever the places are shown."""

    results: list[SharingAlert]
    next_cursor: str | None
    attribution: str | None = None


class Dismissal(BaseModel):
    """Why an alert is dismissed."""

    model_config = ConfigDict(extra="forbid")

    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000, pattern=r"^[^\x00]*$")] | None = None


class TrustedLists(BaseModel):
    """What a site leaves out of detection: devices by id or name, networks as CIDR, users by id."""

    model_config = ConfigDict(extra="forbid")

    devices: Names = []
    networks: Annotated[list[Network], Field(max_length=200), AfterValidator(_sorted)] = []
    users: Names = []


class AskedThresholds(BaseModel):
    """Thresholds to be tried; those that are left out are the site's."""

    model_config = ConfigDict(extra="forbid")

    concurrent_streams_threshold: Annotated[int, Field(ge=1, le=1000)] | None = None
    geo_distance_threshold_km: Annotated[float, Field(ge=0, le=20_100)] | None = None
    geo_speed_threshold_kmh: Annotated[float, Field(ge=1, le=100_000)] | None = None
    device_spike_threshold: Annotated[int, Field(ge=1, le=1000)] | None = None

    def over(self, own: Thresholds) -> Thresholds:
        """Return the thresholds to be tried on a site whose own are `own`."""
        return Thresholds(
            own.concurrent_streams if self.concurrent_streams_threshold is None else self.concurrent_streams_threshold,
            own.geo_distance_km if self.geo_distance_threshold_km is None else self.geo_distance_threshold_km,
            own.geo_speed_kmh if self.geo_speed_threshold_kmh is None else self.geo_speed_threshold_kmh,
            own.device_spike if self.device_spike_threshold is None else self.device_spike_threshold,
        )


class DryRun(BaseModel):
    """A past period of local days, both included, and the thresholds to be tried on it."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    start_date: Annotated[
        str | None, Field(alias="startDate", max_length=40, description="First day, YYYY-MM-DD; 30 days when left out.")
    ] = None
    end_date: Annotated[str | None, Field(alias="endDate", max_length=40, description="Last day, included.")] = None
    thresholds: AskedThresholds = AskedThresholds()
    limit: Annotated[int, Field(ge=1, le=1000, description="How many alerts, of the latest.")] = 100


class DryRunUser(BaseModel):
    """A user who would have had alerts."""

    user_id: str
    alerts: int


class DryRunAnswer(BaseModel):
    """What would have been raised, and for whom: the first `limit` alerts, and the counts of all."""

    range: dict[str, str]
    thresholds: dict[str, float]
    total: int
    by_type: dict[str, int]
    users: list[DryRunUser]
    results: list[SharingAlert]
    next_cursor: None = None
    attribution: str | None = None
