"""The projection of sites and keys to DynamoDB, as ingest and the authorizer read it.

Items: `key#{sha256 of the key}`/`key`, `site#{site_id}`/`site`, `domain#{domain}`/`site`. What is read is held for less than a
minute, so what a revoked key may still do ends within 60 s.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, cast

from streamgauge.access.cache import Cache
from streamgauge.access.scopes import Grant, Scope
from streamgauge.settings import settings
from streamgauge.store import dynamo

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

HOLD_SECONDS: Final = 55
ABSENT_SECONDS: Final = 5
"""Short, so that a new key or site is known soon; long enough that a flood of wrong keys costs little."""

SITE_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""What a site may be called: it stands in addresses, and within the keys of items."""

MAX_DOMAIN: Final = 253

CATALOGUE: Final = "catalog#"
"""How the partitions begin that hold the items of catalogues (`library.catalogue` writes them)."""

_PROJECTED: Final = ("key#", "site#", "domain#")


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """A live key: what it opens. `site_id` is `*` for all sites."""

    key_id: str
    site_id: str
    scope: Scope

    @property
    def grant(self) -> Grant:
        """What the key opens."""
        return Grant(self.site_id, self.scope)


@dataclass(frozen=True, slots=True)
class SiteRecord:
    """A site as every function needs it; `site_no` is its number in Postgres, `settings` only what the site sets itself."""

    site_id: str
    site_no: int
    name: str
    timezone: str
    domains: tuple[str, ...]
    settings: Mapping[str, Any]
    secret: bytes


_keys: Final[Cache[KeyRecord]] = Cache(HOLD_SECONDS, ABSENT_SECONDS)
_sites: Final[Cache[SiteRecord]] = Cache(HOLD_SECONDS, ABSENT_SECONDS)
_domains: Final[Cache[str]] = Cache(HOLD_SECONDS, ABSENT_SECONDS)


def key_hash(raw_key: str) -> str:
    """Return what is kept of a key: with 192 random bits in it, a plain SHA-256 is enough."""
    return sha256(raw_key.encode("utf-8", "surrogatepass")).hexdigest()


def find_key(raw_key: str) -> KeyRecord | None:
    """Return what a key opens; None when it is unknown or revoked. Raises StoreAwayError."""
    return _keys.get(key_hash(raw_key), _read_key)


def is_known(hashed: str) -> bool:
    """Return whether a key of this hash is known and not revoked. Raises StoreAwayError."""
    return _keys.get(hashed, _read_key) is not None


def find_site(site_id: str) -> SiteRecord | None:
    """Return a site; None when there is none. Raises StoreAwayError."""
    return _sites.get(site_id, read_site) if SITE_ID.fullmatch(site_id) else None


def read_site(site_id: str) -> SiteRecord | None:
    """Return a site as it stands at this moment, whatever this container holds of it. Raises StoreAwayError."""
    item = dynamo.get_item(_table(), {"pk": f"site#{site_id}", "sk": "site"})
    if not item:
        return None
    return SiteRecord(
        site_id=site_id,
        site_no=int(item["site_no"]),
        name=item["name"],
        timezone=item["timezone"],
        domains=tuple(item["domains"]),
        settings=json.loads(item["settings"]),
        secret=item["secret"],
    )


def find_domain(domain: str) -> str | None:
    """Return the id of the oldest site that names a domain (lower case, no port); None when none does. Raises StoreAwayError."""
    return _domains.get(domain, _read_domain) if len(domain) <= MAX_DOMAIN else None


def forget() -> None:
    """Empty what this container holds."""
    _keys.clear()
    _sites.clear()
    _domains.clear()


def project_key(hashed: str, key: KeyRecord) -> None:
    """Make a key known at the door."""
    dynamo.put_item(_table(), key_item(hashed, key))


def withdraw_key(hashed: str) -> None:
    """Make a key unknown at the door."""
    dynamo.delete_item(_table(), {"pk": f"key#{hashed}", "sk": "key"})


def project_site(site: SiteRecord) -> None:
    """Make a site known at the door."""
    dynamo.put_item(_table(), site_item(site))


def project_domain(domain: str, site_id: str | None) -> None:
    """Let a site answer to a domain; None: no site does any more."""
    if site_id is None:
        dynamo.delete_item(_table(), {"pk": f"domain#{domain}", "sk": "site"})
    else:
        dynamo.put_item(_table(), domain_item(domain, site_id))


def project_only(items: Sequence[Mapping[str, Any]]) -> None:
    """Make these keys, sites and domains known at the door, and no others. Salts are left alone."""
    wanted = {item["pk"] for item in items}
    page = dynamo.scan(_table())
    while True:
        known = [{"pk": item["pk"], "sk": item["sk"]} for item in page.items]
        gone = [key for key in known if key["pk"].startswith(_PROJECTED) and key["pk"] not in wanted]
        dynamo.batch_write(_table(), deletes=gone)
        if page.next_start is None:
            break
        page = dynamo.scan(_table(), start=page.next_start)
    dynamo.batch_write(_table(), puts=items)


def key_item(hashed: str, key: KeyRecord) -> dict[str, Any]:
    """Return a key as the registry holds it."""
    return {"pk": f"key#{hashed}", "sk": "key", "key_id": key.key_id, "site_id": key.site_id, "scope": key.scope}


def site_item(site: SiteRecord) -> dict[str, Any]:
    """Return a site as the registry holds it."""
    return {
        "pk": f"site#{site.site_id}",
        "sk": "site",
        "site_no": site.site_no,
        "name": site.name,
        "timezone": site.timezone,
        "domains": list(site.domains),
        # As text: DynamoDB has no floats, and nothing is ever asked of a single setting there.
        "settings": json.dumps(dict(site.settings)),
        "secret": site.secret,
    }


def domain_item(domain: str, site_id: str) -> dict[str, Any]:
    """Return a domain as the registry holds it."""
    return {"pk": f"domain#{domain}", "sk": "site", "site_id": site_id}


def catalogue_key(site_id: str, content_id: str) -> dict[str, str]:
    """Return the key under which the registry says that a site's catalogue holds an item."""
    return {"pk": f"{CATALOGUE}{site_id}", "sk": content_id}


def _table() -> str:
    return settings().text("REGISTRY_TABLE")


def _read_key(hashed: str) -> KeyRecord | None:
    item = dynamo.get_item(_table(), {"pk": f"key#{hashed}", "sk": "key"})
    return KeyRecord(item["key_id"], item["site_id"], cast("Scope", item["scope"])) if item else None


def _read_domain(domain: str) -> str | None:
    item = dynamo.get_item(_table(), {"pk": f"domain#{domain}", "sk": "site"})
    return cast("str", item["site_id"]) if item else None
