"""Sites: made, changed and read in Postgres, and projected in the same transaction (see `keys` for why)."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from streamgauge.access import queries, registry
from streamgauge.access.keys import new_key, store_key
from streamgauge.access.registry import SiteRecord
from streamgauge.access.scopes import ALL_SITES, SCOPES
from streamgauge.access.site_settings import merged
from streamgauge.errors import ConflictError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from streamgauge.access.scopes import Scope
    from streamgauge.store.postgres import Connection

_SECRET_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class SiteRow:
    """A site as it stands in Postgres."""

    record: SiteRecord
    first_event_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class SiteChange:
    """What a caller sets; None leaves a thing as it is. Values are normalised and within bounds."""

    name: str | None = None
    timezone: str | None = None
    domains: Sequence[str] | None = None
    settings: Mapping[str, Any] | None = None


def create_site(connection: Connection, site_id: str | None, asked: SiteChange) -> tuple[SiteRow, dict[Scope, str]]:
    """Make a site with a key of each scope, which are shown this once. Raises ConflictError for a taken id."""
    given = {
        "site_id": site_id or secrets.token_hex(8),
        "name": asked.name,
        "timezone": asked.timezone or "UTC",
        "domains": list(asked.domains or ()),
        "settings": json.dumps(merged({}, asked.settings or {})),
        "secret": secrets.token_bytes(_SECRET_BYTES),
    }
    with connection.transaction():
        row = connection.execute(queries.INSERT_SITE, given).fetchone()
        if row is None:
            raise ConflictError("There is a site with this id already.")
        site = _site(row)
        registry.project_site(site.record)
        _project_domains(connection, site.record.domains)
        owner = (site.record.site_no, site.record.site_id)
        raw_keys = {scope: new_key(scope) for scope in SCOPES}
        for scope, raw_key in raw_keys.items():
            store_key(connection, raw_key, owner, scope, "first")
    return site, raw_keys


def change_site(connection: Connection, site_id: str, asked: SiteChange) -> SiteRow:
    """Change what is given of a site. Raises NotFoundError, or ConflictError for a new zone once the site has events."""
    with connection.transaction():
        row = connection.execute(queries.LOCK_SITE, {"site_id": site_id}).fetchone()
        if row is None:
            raise NotFoundError("There is no such site.")
        before = _site(row)
        zone = asked.timezone or before.record.timezone
        if zone != before.record.timezone and before.first_event_at is not None:
            raise ConflictError("The time zone of a site is fixed once it has events.")
        after = replace(
            before.record,
            name=asked.name or before.record.name,
            timezone=zone,
            domains=before.record.domains if asked.domains is None else tuple(asked.domains),
            settings=merged(before.record.settings, asked.settings or {}),
        )
        values = {"name": after.name, "timezone": zone, "domains": list(after.domains), "site_no": after.site_no}
        connection.execute(queries.UPDATE_SITE, {**values, "settings": json.dumps(after.settings)})
        registry.project_site(after)
        _project_domains(connection, {*before.record.domains, *after.domains})
    return replace(before, record=after)


def read_site(connection: Connection, site_id: str) -> SiteRow:
    """Return a site. Raises NotFoundError."""
    row = connection.execute(queries.READ_SITE, {"site_id": site_id}).fetchone()
    if row is None:
        raise NotFoundError("There is no such site.")
    return _site(row)


def list_sites(connection: Connection, after: str, limit: int) -> list[SiteRow]:
    """Return up to `limit` sites whose id sorts after `after` (empty: from the first)."""
    return [_site(row) for row in connection.execute(queries.LIST_SITES, {"after": after, "limit": limit})]


def project_all(connection: Connection) -> int:
    """Make the registry say what Postgres says, and nothing else, as after a restore of either; return how many items it has."""
    with connection.transaction():
        connection.execute(queries.HOLD_WRITERS)
        sites = [_site(row).record for row in connection.execute(queries.ALL_SITES)]
        items = [registry.site_item(site) for site in sites]
        domains = sorted({domain for site in sites for domain in site.domains})
        owners = connection.execute(queries.DOMAIN_OWNERS, {"domains": domains})
        items += [registry.domain_item(domain, site_id) for domain, site_id in owners]
        for hashed, key_id, site_id, scope in connection.execute(queries.LIVE_KEYS):
            items.append(registry.key_item(hashed, registry.KeyRecord(key_id, site_id or ALL_SITES, scope)))
        registry.project_only(items)
    return len(items)


def _project_domains(connection: Connection, domains: Iterable[str]) -> None:
    asked = sorted(domains)
    if not asked:
        return
    connection.execute(queries.LOCK_DOMAINS)
    owners: dict[str, str] = dict(connection.execute(queries.DOMAIN_OWNERS, {"domains": asked}).fetchall())
    for domain in asked:
        registry.project_domain(domain, owners.get(domain))


def _site(row: Sequence[Any]) -> SiteRow:
    site_no, site_id, name, timezone, domains, settings, secret, first_event_at, created_at = row
    record = SiteRecord(site_id, site_no, name, timezone, tuple(domains), settings, bytes(secret))
    return SiteRow(record, first_event_at, created_at)
