"""Sites and keys as the API takes and gives them."""

import re
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any, Final, Literal, Self
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, StringConstraints, model_validator

from streamgauge.access.keys import KeyRow
from streamgauge.access.registry import MAX_DOMAIN, SITE_ID
from streamgauge.access.scopes import Scope
from streamgauge.access.site_settings import KNOWN, canonical, checked, shown
from streamgauge.access.sites import SiteChange, SiteRow
from streamgauge.errors import OutOfBoundsError

_HOST: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*")
_NOT_PLACES: Final = frozenset({"localtime", "Factory", "posixrules"})


@lru_cache(maxsize=1)
def zones() -> frozenset[str]:
    """Return the IANA time zones that a site can have."""
    return frozenset(available_timezones() - _NOT_PLACES)


def normal_zone(text: str) -> str:
    """Return a time zone's name. Raises ValueError when IANA knows none of it."""
    if text not in zones():
        raise ValueError("Give a time zone of the IANA database, such as Europe/Berlin.")
    return text


def normal_domain(text: str) -> str:
    """Return the bare host of a domain or address, in lower case and in ASCII. Raises ValueError."""
    host = text.strip().lower().partition("://")[2] or text.strip().lower()
    host = re.split(r"[/?#]", host, maxsplit=1)[0].rpartition("@")[2].partition(":")[0].rstrip(".")
    try:
        host = host.encode("idna").decode("ascii")
    except UnicodeError:
        host = ""
    if len(host) > MAX_DOMAIN or not _HOST.fullmatch(host):
        raise ValueError("Give a domain such as example.com.")
    return host


def _distinct(domains: list[str]) -> list[str]:
    return list(dict.fromkeys(domains))


Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Zone = Annotated[str, AfterValidator(normal_zone), Field(max_length=64)]
Domain = Annotated[str, AfterValidator(normal_domain), Field(max_length=2000)]
Domains = Annotated[list[Domain], AfterValidator(_distinct), Field(max_length=100)]
SiteId = Annotated[str, StringConstraints(pattern=f"^{SITE_ID.pattern}$")]


class _SiteInput(BaseModel):
    """What both making and changing a site take; settings may stand beside the other fields too."""

    model_config = ConfigDict(extra="forbid")

    timezone: Annotated[Zone | None, Field(description="IANA name; fixed once the site has events.")] = None
    domains: Annotated[Domains | None, Field(description="Referrers from these are internal.")] = None
    settings: Annotated[
        dict[str, JsonValue] | None,
        Field(max_length=50, description=f"{', '.join(KNOWN)}; null goes back to the stage's."),
    ] = None

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, data: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
        if not isinstance(data, dict):
            return data
        beside = {name: value for name, value in data.items() if canonical(str(name)) in KNOWN}
        given = data.get("settings")
        if not beside or not isinstance(given, dict | None):
            return data
        rest = {name: value for name, value in data.items() if name not in beside}
        return {**rest, "settings": {**(given or {}), **beside}}


class NewSite(_SiteInput):
    """A site to be made."""

    name: Name
    site_id: Annotated[SiteId | None, Field(description="Made up when not given.")] = None


class SitePatch(_SiteInput):
    """What is to change; the rest stays."""

    name: Name | None = None


def change_of(asked: NewSite | SitePatch) -> SiteChange:
    """Return what a caller sets. Raises OutOfBoundsError for settings."""
    if asked.settings is not None and not isinstance(asked.settings, dict):
        raise OutOfBoundsError("`settings` is an object.")
    settings = None if asked.settings is None else checked(asked.settings)
    return SiteChange(asked.name, asked.timezone, asked.domains, settings)


class SiteKeys(BaseModel):
    """A new site's keys, shown this once."""

    write: str
    server: str
    read: str
    admin: str


class Site(BaseModel):
    """A site; `settings` are those that it sets itself."""

    site_id: str
    name: str
    timezone: str
    domains: list[str]
    settings: dict[str, JsonValue]
    created_at: datetime
    first_event_at: datetime | None

    @classmethod
    def of(cls, row: SiteRow) -> Self:
        """Return a site as the API gives it."""
        return cls(**_fields(row))


class CreatedSite(Site):
    """A site just made, with its keys."""

    keys: SiteKeys


def created_site(row: SiteRow, keys: dict[Scope, str]) -> CreatedSite:
    """Return a new site as the API gives it."""
    return CreatedSite(**_fields(row), keys=SiteKeys(**keys))


class ListedSite(Site):
    """A site, and what the caller may do there: `admin` may also read."""

    scope: Literal["read", "admin"]


class SiteList(BaseModel):
    """A page of sites, in the order of their ids."""

    results: list[ListedSite]
    next_cursor: str | None


class NewKey(BaseModel):
    """A key to be made."""

    model_config = ConfigDict(extra="forbid")

    scope: Scope
    name: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""


class Key(BaseModel):
    """A key, all but its text; `hint` is its end."""

    key_id: str
    scope: Scope
    name: str
    hint: str
    created_at: datetime

    @classmethod
    def of(cls, row: KeyRow) -> Self:
        """Return a key as the API gives it."""
        return cls(key_id=row.key_id, scope=row.scope, name=row.name, hint=row.hint, created_at=row.created_at)


class CreatedKey(Key):
    """A key just made, with its text, shown this once."""

    key: str


class KeyList(BaseModel):
    """The live keys of a site."""

    results: list[Key]


def _fields(row: SiteRow) -> dict[str, Any]:
    site = row.record
    return {
        "site_id": site.site_id,
        "name": site.name,
        "timezone": site.timezone,
        "domains": list(site.domains),
        "settings": shown(site.settings),
        "created_at": row.created_at,
        "first_event_at": row.first_event_at,
    }
