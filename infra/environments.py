"""The settings of a stage: one frozen model, its profiles, and how a team overrides them in `cdk.json`.

Names in capitals are the settings of the documentation and reach every function as environment variables; names in
small letters shape the infrastructure only. A team writes both into `cdk.json`:

    "stages": {"prod": {"profile": "standard", "region": "eu-central-1", "ANALYTICS_RETENTION_DAYS": 180}}
"""

from __future__ import annotations

import platform
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Literal, Self

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, field_validator, model_validator

if TYPE_CHECKING:
    from collections.abc import Mapping


class Profile(StrEnum):
    """What a stage starts from; every value of it can be overridden."""

    SMALL = "small"
    STANDARD = "standard"
    LOCAL = "local"


class DatabaseKind(StrEnum):
    """Where Postgres comes from."""

    AURORA = "aurora"  # ours, with IAM authentication
    SECRET = "secret"  # noqa: S105  # a team's own; its URL stands in a secret
    URL = "url"  # the local stack's; its URL is a plain environment variable


def _setting(name: str, *aliases: str, default: Any, **bounds: Any) -> Any:  # noqa: ANN401  # as pydantic's own Field
    return Field(default, validation_alias=AliasChoices(name, *aliases), serialization_alias=name, **bounds)


# As functions read them (`streamgauge.settings`).
_DURATION: Final = r"^\d+[smhd]?$"
_TIME_OF_DAY: Final = r"^([01]\d|2[0-3]):[0-5]\d$"


class Settings(BaseModel):
    """The settings that functions read, under the names of the documentation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    environment: str = _setting("ENVIRONMENT", default="")
    log_level: Literal["trace", "debug", "info", "warn", "error", "fatal"] = _setting("LOG_LEVEL", default="info")
    port: int = _setting("PORT", default=8787)

    analytics_enabled: bool = _setting("ANALYTICS_ENABLED", default=True)
    analytics_retention_days: int = _setting("ANALYTICS_RETENTION_DAYS", "RETENTION_DAYS", default=90, ge=0)
    analytics_rollup_retention_days: int = _setting(
        "ANALYTICS_ROLLUP_RETENTION_DAYS", "ROLLUP_RETENTION_DAYS", default=365, ge=0
    )
    analytics_aggregation_interval: str = _setting(
        "ANALYTICS_AGGREGATION_INTERVAL", "AGGREGATION_INTERVAL", default="1h", pattern=_DURATION
    )
    analytics_aggregation_time: str = _setting(
        "ANALYTICS_AGGREGATION_TIME", "AGGREGATION_TIME", default="00:00", pattern=_TIME_OF_DAY
    )
    analytics_max_event_age_days: int = _setting("ANALYTICS_MAX_EVENT_AGE_DAYS", default=30, ge=0)
    analytics_cache_ttl: str = _setting("ANALYTICS_CACHE_TTL", default="5m", pattern=_DURATION)
    # Paths on the machine that synthesizes, "none", or unset for the free database of the set-up: see `geoip.py`.
    analytics_geoip_db_path: str | None = _setting("ANALYTICS_GEOIP_DB_PATH", default=None)

    analytics_sharing_detection_enabled: bool = _setting("ANALYTICS_SHARING_DETECTION_ENABLED", default=True)
    concurrent_streams_threshold: int = _setting("concurrent_streams_threshold", default=3)
    geo_distance_threshold_km: int = _setting("geo_distance_threshold_km", default=500)
    geo_speed_threshold_kmh: int = _setting("geo_speed_threshold_kmh", default=900)
    device_spike_threshold: int = _setting("device_spike_threshold", default=5)

    batch_size: int = Field(
        1000, ge=1, le=10_000, validation_alias=AliasChoices("BATCH_SIZE"), serialization_alias="BATCH_SIZE"
    )
    # At most 300 s, says Lambda.
    batch_timeout: str = _setting("BATCH_TIMEOUT", default="5s")
    worker_count: int = Field(
        2, ge=1, le=10, validation_alias=AliasChoices("WORKER_COUNT"), serialization_alias="WORKER_COUNT"
    )
    max_db_connections: int = _setting("MAX_DB_CONNECTIONS", default=100, ge=1)

    jwt_issuer: str = _setting("JWT_ISSUER", default="")
    jwt_audience: str = _setting("JWT_AUDIENCE", default="")
    jwt_claim: str = _setting("JWT_CLAIM", default="")
    # With these people sign in to the dashboard at the issuer: see `page.py`.
    jwt_client_id: str = _setting("JWT_CLIENT_ID", default="")
    jwt_scopes: str = _setting("JWT_SCOPES", default="")
    # Other origins of the issuer that the page asks (a token endpoint of another name); blanks between.
    jwt_origins: str = _setting("JWT_ORIGINS", default="")

    analytics_play_min_seconds: int = _setting("ANALYTICS_PLAY_MIN_SECONDS", default=120, ge=0)
    analytics_view_window: str = _setting("ANALYTICS_VIEW_WINDOW", default="24h", pattern=_DURATION)
    analytics_catalog_strict: bool = _setting("ANALYTICS_CATALOG_STRICT", default=False)
    analytics_rate_limit_per_ip: int = _setting("ANALYTICS_RATE_LIMIT_PER_IP", default=300, ge=0)
    analytics_rate_limit_per_key: int = _setting("ANALYTICS_RATE_LIMIT_PER_KEY", default=6000, ge=0)
    # Origins (`https://dashboards.example`) whose pages may open live connections, besides the sites' own and the stage's; blanks between.
    analytics_live_origins: str = _setting("ANALYTICS_LIVE_ORIGINS", default="")
    public_view_stats: bool = _setting("PUBLIC_VIEW_STATS", default=False)


class Stage(Settings):
    """Everything that makes one stage differ from another."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{0,19}$")
    profile: Profile
    region: str = "us-east-1"

    # Postgres
    database: DatabaseKind = DatabaseKind.AURORA
    database_secret_arn: str = ""
    vpc_subnet_ids: tuple[str, ...] = ()
    security_group_ids: tuple[str, ...] = ()
    aurora_min_acu: float = 0
    aurora_max_acu: float = 4
    aurora_pause_after_seconds: int = 300
    aurora_backup_days: int = 7
    database_name: str = "streamgauge"
    database_url: str = ""
    deletion_protection: bool = True

    # Kinesis and its consumers
    stream_mode: Literal["provisioned", "on_demand"] = "provisioned"
    shard_count: int = 1
    stream_retention_hours: int = Field(24, ge=24, le=8760)
    max_record_age_seconds: int = Field(23 * 3600, ge=60, le=604_800)
    retry_attempts: int = Field(100, ge=0, le=10_000)
    # The local stack keeps them too: its own runner reads them, and drives the consumers with the documented semantics.
    event_source_mappings: bool = True

    # The edge
    edge: bool = True
    waf: bool = False
    # From one address. None: what one key may send, since a back end sends all of its events from one address.
    waf_requests_per_five_minutes: int | None = Field(None, ge=10, le=2_000_000_000)
    domain_name: str = ""
    certificate_arn: str = ""
    origin_domain_name: str = ""
    origin_certificate_arn: str = ""
    origin_secret: str = ""
    throttle_requests_per_second: int = 2000
    throttle_burst: int = 4000
    access_logs: bool = False

    # Watching
    every_alarm: bool = False
    alarm_email: str = ""
    # Sharing alerts by mail, through a topic of their own; empty: no topic is made.
    sharing_alert_email: str = ""
    log_retention_days: Literal[7, 30, 90, 180, 365] = 30

    # What the layers are built for
    python_version: str = "3.13"
    architecture: Literal["arm64", "x86_64"] = "arm64"
    aws_endpoint_url: str = ""
    keep_data: bool = True
    nag: bool = True

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if self.database is DatabaseKind.SECRET and not self.database_secret_arn:
            raise ValueError("database 'secret' needs database_secret_arn: the secret that holds DATABASE_URL")
        if bool(self.vpc_subnet_ids) != bool(self.security_group_ids):
            raise ValueError("vpc_subnet_ids and security_group_ids are given together or not at all")
        if self.vpc_subnet_ids and self.database is not DatabaseKind.SECRET:
            raise ValueError("subnets can only be given with a database of your own; for Aurora a network is made")
        if self.max_record_age_seconds > self.stream_retention_hours * 3600:
            raise ValueError("max_record_age_seconds is longer than the stream keeps its records")
        if bool(self.domain_name) != bool(self.certificate_arn):
            raise ValueError("domain_name and certificate_arn (in us-east-1) are given together or not at all")
        if bool(self.origin_domain_name) != bool(self.origin_certificate_arn):
            raise ValueError("origin_domain_name and origin_certificate_arn are given together or not at all")
        if seconds(self.batch_timeout) > _LONGEST_WINDOW_SECONDS:
            raise ValueError(f"BATCH_TIMEOUT is longer than {_LONGEST_WINDOW_SECONDS} s, the most that Lambda waits")
        return self

    @property
    def local(self) -> bool:
        """True for the stage that runs on a laptop."""
        return self.profile is Profile.LOCAL

    @property
    def makes_network(self) -> bool:
        """True when the stage has a VPC of its own, which only Aurora needs."""
        return self.database is DatabaseKind.AURORA

    @property
    def has_network(self) -> bool:
        """True when the functions that talk to Postgres stand in a VPC: ours, or the subnets a team gave."""
        return self.makes_network or bool(self.vpc_subnet_ids)

    @property
    def batch_window_seconds(self) -> int:
        """Return BATCH_TIMEOUT in seconds."""
        return seconds(self.batch_timeout)

    @property
    def firewall_limit(self) -> int:
        """Return how many requests in five minutes the firewall lets through from one address."""
        asked = self.waf_requests_per_five_minutes
        # 0 is a key without a limit.
        return asked or 5 * self.analytics_rate_limit_per_key or _MOST_OF_A_FIREWALL

    @field_validator("log_level", mode="before")
    @classmethod
    def _in_small_letters(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    def variables(self) -> dict[str, str]:
        """Return the settings as environment variables of a function; empty ones are left out."""
        # Where the city database lies is told to the functions that look into it, and to no other.
        told = set(Settings.model_fields) - {"analytics_geoip_db_path"}
        values = self.model_dump(mode="json", by_alias=True, include=told)
        texts = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in values.items()}
        return {name: text for name, text in texts.items() if text}


_UNITS: Final = {"s": 1, "m": 60, "h": 3600}
_LONGEST_WINDOW_SECONDS: Final = 300
_MOST_OF_A_FIREWALL: Final = 2_000_000_000

_PROFILES: Final[Mapping[Profile, Mapping[str, Any]]] = {
    Profile.SMALL: {
        "aurora_min_acu": 0,
        "stream_mode": "provisioned",
        "shard_count": 1,
        "stream_retention_hours": 24,
        "max_record_age_seconds": 23 * 3600,
    },
    Profile.STANDARD: {
        "aurora_min_acu": 0.5,
        "aurora_max_acu": 16,
        "aurora_backup_days": 14,
        # One shard takes 1000 events a second, and what it refuses is spilled, not lost; an alarm asks for more. "on_demand" grows by
        # itself, and costs $20 a month more at 100 M events; from three shards on it is the cheaper one.
        "stream_mode": "provisioned",
        "shard_count": 1,
        "stream_retention_hours": 168,
        "max_record_age_seconds": 24 * 3600,
        "waf": True,
        "access_logs": True,
        "every_alarm": True,
        "log_retention_days": 90,
    },
    Profile.LOCAL: {
        "database": DatabaseKind.URL,
        "deletion_protection": False,
        "shard_count": 2,
        "BATCH_TIMEOUT": "1s",
        "origin_secret": "local",
        "edge": False,
        "keep_data": False,
        "nag": False,
        "architecture": "arm64" if platform.machine() in {"arm64", "aarch64"} else "x86_64",
    },
}

# What the environment of `cdk deploy` says to the local stage, next to every setting under its own name.
_LOCAL_VARIABLES: Final = {
    "DATABASE_URL": "database_url",
    "ORIGIN_SECRET": "origin_secret",
    "AWS_ENDPOINT_URL": "aws_endpoint_url",
}


def seconds(text: str) -> int:
    """Return a duration written as `90`, `90s`, `5m` or `1h` in seconds. Raises ValueError."""
    unit = _UNITS.get(text[-1:])
    return int(text) if unit is None else int(text[:-1]) * unit


def load_stage(name: str, stages: Mapping[str, Any], environ: Mapping[str, str]) -> Stage:
    """Return the stage `name`: its profile, then what `cdk.json` says, then (stage `local` only) the environment.

    Raises ValueError for an unknown stage, setting or value; the message names it.
    """
    if name == Profile.LOCAL:
        given: Mapping[str, Any] = {"profile": Profile.LOCAL, **stages.get(name, {}), **_from_environment(environ)}
    elif name in stages:
        given = stages[name]
    else:
        raise ValueError(f"cdk.json knows no stage {name!r}; it has {sorted(stages)}")
    profile = Profile(given.get("profile", Profile.SMALL))
    if (profile is Profile.LOCAL) != (name == Profile.LOCAL):
        raise ValueError("the profile 'local' belongs to the stage 'local' and to no other")
    values = {"ENVIRONMENT": name, **_PROFILES[profile], **given, "name": name, "profile": profile}
    if "database_secret_arn" in given:
        values["database"] = DatabaseKind.SECRET
    return Stage.model_validate(values)


def _from_environment(environ: Mapping[str, str]) -> dict[str, str]:
    found = {field: environ[name] for name, field in _LOCAL_VARIABLES.items() if environ.get(name)}
    for field in Settings.model_fields.values():
        if not isinstance(field.validation_alias, AliasChoices):
            continue
        names = [str(name) for name in field.validation_alias.choices if str(name).isupper()]
        given = [environ[name] for name in names if environ.get(name)]
        if given:
            found[names[0]] = given[0]
    if environ.get("ANALYTICS_GEOIP_DB_PATH") == "":
        found["ANALYTICS_GEOIP_DB_PATH"] = ""  # said to be none, which is not the same as not said
    return found
