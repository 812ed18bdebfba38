"""Where a person can still be found: every table of the database and of DynamoDB, and every object, whatever it is for."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Final

from psycopg import sql
from streamgauge.events.facts import anonymous_key, user_key

from tests.support.aws import BUCKET, TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable

    import psycopg

    from tests.support.aws import Aws

PERSONAL_COLUMNS: Final = frozenset(
    {"user_id", "anonymous_id", "user_key", "visitor", "visitors[]", "viewer", "persons", "users[]"}
)
"""A table with such a column holds persons: a test that erases one has to put that person into it."""

_TABLES: Final = """
    SELECT c.relname, array_agg(a.attname || CASE WHEN t.typcategory = 'A' THEN '[]' ELSE '' END) FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_type t ON t.oid = a.atttypid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition GROUP BY c.relname
"""


def forms(user_id: str, anonymous_ids: Iterable[str] = ()) -> list[str]:
    """Return how a person can stand in the text of a row: ids, their numbers, and these as packed bytes."""
    texts = [user_id, *anonymous_ids]
    numbers = [user_key(user_id), *map(anonymous_key, anonymous_ids)]
    return texts + [str(number) for number in numbers] + [struct.pack("<q", number).hex() for number in numbers]


def tables_with(connection: psycopg.Connection[Any], wanted: Iterable[str]) -> set[str]:
    """Return the tables with a row in whose text any of the wanted stands."""
    patterns = [f"%{text}%" for text in wanted]
    found = set()
    for table, _ in connection.execute(_TABLES).fetchall():
        query = sql.SQL("SELECT EXISTS (SELECT FROM {} AS t WHERE t::text LIKE ANY(%s))").format(sql.Identifier(table))
        if connection.execute(query, [patterns]).fetchall()[0][0]:
            found.add(table)
    return found


def personal_tables(connection: psycopg.Connection[Any]) -> set[str]:
    """Return the tables that hold persons, by their columns."""
    return {table for table, columns in connection.execute(_TABLES).fetchall() if PERSONAL_COLUMNS & set(columns)}


def items_with(aws: Aws, wanted: Iterable[str]) -> set[str]:
    """Return the tables of DynamoDB with an item, and the objects, that hold any of the wanted."""
    needles = [text.encode() for text in wanted]
    found = set()
    for table in TABLES.values():
        for item in aws.dynamodb.scan(TableName=table)["Items"]:
            held = b"".join(_bytes(value) for value in item.values())
            if any(needle in held for needle in needles):
                found.add(table)
    for name in aws.objects():
        body = aws.s3.get_object(Bucket=BUCKET, Key=name)["Body"].read()
        if any(needle in body for needle in needles):
            found.add("dead-letters/" if name.startswith("dead-letters/") else name)
    return found


def _bytes(value: dict[str, Any]) -> bytes:
    content = next(iter(value.values()))
    return content if isinstance(content, bytes) else repr(content).encode()
