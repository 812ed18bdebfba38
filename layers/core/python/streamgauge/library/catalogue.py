"""The catalogue: libraries, items and users as their owner tells them, merged into what stands.

Items are projected to the registry in the same transaction, so that views can be held to the catalogue without Postgres: whoever
fails in between gets an error, and telling it again repairs either side.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, LiteralString

from psycopg import sql

from streamgauge.access import registry
from streamgauge.events.facts import user_key
from streamgauge.library import queries
from streamgauge.settings import settings
from streamgauge.store import dynamo
from streamgauge.store.postgres import rows_parameter

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from streamgauge.access.registry import SiteRecord
    from streamgauge.library.models import Change, Item, Library, User
    from streamgauge.store.postgres import Connection

CATALOGUE_GATE: Final = 0x5343  # "SC": the first half of the advisory lock's two numbers


@dataclass(frozen=True, slots=True)
class _Table:
    """A table of the catalogue: what its rows are called by, and their columns with types and what stands in a new row."""

    name: str
    key: str
    columns: tuple[tuple[str, LiteralString, Any], ...]


_LIBRARIES: Final = _Table("libraries", "library_id", (("name", "text", None), ("type", "text", None)))
_ITEMS: Final = _Table(
    "items",
    "content_id",
    (
        ("title", "text", None),
        ("type", "text", None),
        ("library_id", "text", None),
        ("genres", "text[]", ()),
        ("size_bytes", "bigint", None),
        ("duration", "double precision", None),
    ),
)
_USERS: Final = _Table("media_users", "user_id", (("user_key", "bigint", None), ("name", "text", None)))


def put_library(connection: Connection, site: SiteRecord, library_id: str, library: Library) -> dict[str, Any]:
    """Make or change a library and return its columns."""
    with connection.transaction():
        return _merge(connection, _LIBRARIES, site.site_no, [(library_id, library.change())])[library_id]


def delete_library(connection: Connection, site: SiteRecord, library_id: str) -> None:
    """Delete a library with its items; again: nothing."""
    key = {"site_no": site.site_no, "gate": CATALOGUE_GATE, "library_id": library_id}
    with connection.transaction():
        connection.execute(queries.ONE_AT_A_TIME, key)
        gone = [row[0] for row in connection.execute(queries.ITEMS_OF_LIBRARY, key)]
        _delete(connection, _ITEMS, site.site_no, gone)
        _delete(connection, _LIBRARIES, site.site_no, [library_id])
        _project(site.site_id, (), gone)


def put_items(connection: Connection, site: SiteRecord, items: Sequence[Item]) -> int:
    """Make, change and delete items, in this order; return how many of them are gone."""
    told = [(item.content_id, None if item.deleted else item.change()) for item in items]
    with connection.transaction():
        kept = _merge(connection, _ITEMS, site.site_no, told)
        gone = {key for key, _ in told} - kept.keys()
        _project(site.site_id, kept, gone)
    return len(gone)


def put_users(connection: Connection, site: SiteRecord, users: Sequence[User]) -> int:
    """Make, change and delete users, in this order; return how many of them are gone."""
    told = [
        (user.user_id, None if user.deleted else {**user.change(), "user_key": user_key(user.user_id)})
        for user in users
    ]
    with connection.transaction():
        kept = _merge(connection, _USERS, site.site_no, told)
    return len({key for key, _ in told} - kept.keys())


def project_all(connection: Connection) -> int:
    """Make the registry hold the items of all catalogues and no others, as after a restore of either store; return how many."""
    table = settings().text("REGISTRY_TABLE")
    # Whoever changes a catalogue meanwhile waits: an item deleted in between would come back.
    with connection.transaction():
        connection.execute(queries.HOLD_WRITERS)
        wanted = set(connection.execute(queries.ALL_ITEMS).fetchall())
        missing, start = set(wanted), None
        while True:
            page = dynamo.scan(table, start=start)
            found = [(item["pk"].removeprefix(registry.CATALOGUE), item["sk"]) for item in page.items if _is_item(item)]
            missing.difference_update(found)
            dynamo.batch_write(table, deletes=[registry.catalogue_key(*one) for one in found if one not in wanted])
            start = page.next_start
            if start is None:
                break
        dynamo.batch_write(table, puts=[registry.catalogue_key(*one) for one in sorted(missing)])
    return len(wanted)


def merged(
    standing: Mapping[str, Mapping[str, Any]], told: Iterable[tuple[str, Change | None]], new: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """Return what stands after changes in their order (None: deleted); `new` is a row of which nothing was told."""
    found = {key: dict(row) for key, row in standing.items()}
    for key, change in told:
        if change is None:
            found.pop(key, None)
        else:
            found[key] = {**new, **found.get(key, {}), **change}
    return found


def _merge(
    connection: Connection, table: _Table, site_no: int, told: Sequence[tuple[str, Change | None]]
) -> dict[str, dict[str, Any]]:
    """Merge changes into the rows that stand and return those that are kept, by key. Within the caller's transaction."""
    connection.execute(queries.ONE_AT_A_TIME, {"gate": CATALOGUE_GATE, "site_no": site_no})
    names = [name for name, _, _ in table.columns]
    parts = {
        "table": sql.Identifier(table.name),
        "key": sql.Identifier(table.key),
        "names": sql.SQL(", ").join(map(sql.Identifier, names)),
        "types": sql.SQL(", ").join(
            sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind)) for name, kind, _ in table.columns
        ),
        "values": sql.SQL(", ").join(sql.SQL("excluded.{}").format(sql.Identifier(name)) for name in names),
    }
    keys = list(dict.fromkeys(key for key, _ in told))
    rows = connection.execute(sql.SQL(queries.STANDING).format(**parts), {"site_no": site_no, "keys": keys}).fetchall()
    standing = {row[0]: dict(zip(names, row[1:], strict=True)) for row in rows}
    kept = merged(standing, told, {name: value for name, _, value in table.columns})
    _delete(connection, table, site_no, [key for key in keys if key not in kept])
    values = rows_parameter([{table.key: key, **kept[key]} for key in sorted(kept)])
    connection.execute(sql.SQL(queries.UPSERT).format(**parts), {"site_no": site_no, "rows": values})
    return kept


def _delete(connection: Connection, table: _Table, site_no: int, keys: Sequence[str]) -> None:
    parts = {"table": sql.Identifier(table.name), "key": sql.Identifier(table.key)}
    connection.execute(sql.SQL(queries.DELETE).format(**parts), {"site_no": site_no, "keys": list(keys)})


def _project(site_id: str, kept: Iterable[str], gone: Iterable[str]) -> None:
    dynamo.batch_write(
        settings().text("REGISTRY_TABLE"),
        puts=[registry.catalogue_key(site_id, one) for one in kept],
        deletes=[registry.catalogue_key(site_id, one) for one in gone],
    )


def _is_item(item: Mapping[str, Any]) -> bool:
    return str(item["pk"]).startswith(registry.CATALOGUE)
