"""DynamoDB with plain values in and out: str, int, bytes, bool, None, lists, dicts and sets of str.

Throttling and failures are tried again with growing pauses, then raise StoreAwayError. Expressions are DynamoDB's own; values
are bound by name (`:v`), reserved words by `names` (`#n`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from streamgauge.store import wire
from streamgauge.store.dynamo_values import Item, from_wire, to_wire
from streamgauge.store.errors import StoreAwayError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

CONDITION_FAILED: Final = "ConditionalCheckFailedException"
_VERSION: Final = "DynamoDB_20120810"
MAX_WRITES: Final = 25
MAX_READS: Final = 100


class Page(NamedTuple):
    """A page of a query or scan: its items, how many match, and where to go on (None: it was the last)."""

    items: list[Item]
    matched: int
    next_start: Item | None


def get_item(table: str, key: Mapping[str, Any], *, consistent: bool = False) -> Item | None:
    """Return an item, or None."""
    request: dict[str, Any] = {"TableName": table, "Key": to_wire(key)}
    if consistent:
        request["ConsistentRead"] = True
    found = _call("GetItem", request).get("Item")
    return None if found is None else from_wire(found)


def put_item(
    table: str,
    item: Mapping[str, Any],
    *,
    condition: str | None = None,
    values: Mapping[str, Any] | None = None,
    names: Mapping[str, str] | None = None,
) -> bool:
    """Write an item whole; False when the condition did not hold."""
    request = {"TableName": table, "Item": to_wire(item), **_expressions(values, names, ConditionExpression=condition)}
    return _call("PutItem", request, expected=CONDITION_FAILED) is not None


def update_item(
    table: str,
    key: Mapping[str, Any],
    update: str,
    *,
    values: Mapping[str, Any] | None = None,
    names: Mapping[str, str] | None = None,
    condition: str | None = None,
    returning: str = "NONE",
) -> Item | None:
    """Change an item; return the attributes that `returning` asks for, or None when the condition did not hold."""
    expressions = _expressions(values, names, UpdateExpression=update, ConditionExpression=condition)
    request = {"TableName": table, "Key": to_wire(key), "ReturnValues": returning, **expressions}
    answer = _call("UpdateItem", request, expected=CONDITION_FAILED)
    return None if answer is None else from_wire(answer.get("Attributes", {}))


class Update(NamedTuple):
    """A conditional change of one item, for `update_each`."""

    key: Mapping[str, Any]
    update: str
    condition: str
    values: Mapping[str, Any]


def update_each(table: str, updates: Sequence[Update]) -> list[bool]:
    """Change items, each on its own, and say of each whether its condition held. The changes must be safe to repeat."""
    requests = [
        {
            "TableName": table,
            "Key": to_wire(one.key),
            **_expressions(one.values, None, UpdateExpression=one.update, ConditionExpression=one.condition),
        }
        for one in updates
    ]
    answers = wire.call_each("dynamodb", f"{_VERSION}.UpdateItem", "1.0", requests, expected=CONDITION_FAILED)
    return [answer is not None for answer in answers]


def delete_item(
    table: str,
    key: Mapping[str, Any],
    *,
    condition: str | None = None,
    values: Mapping[str, Any] | None = None,
    names: Mapping[str, str] | None = None,
) -> bool:
    """Remove an item if it is there; False when the condition did not hold."""
    request = {"TableName": table, "Key": to_wire(key), **_expressions(values, names, ConditionExpression=condition)}
    return _call("DeleteItem", request, expected=CONDITION_FAILED) is not None


def query(
    table: str,
    key_condition: str,
    *,
    values: Mapping[str, Any],
    names: Mapping[str, str] | None = None,
    filter_by: str | None = None,
    projection: str | None = None,
    limit: int | None = None,
    forward: bool = True,
    start: Mapping[str, Any] | None = None,
    index: str | None = None,
    count_only: bool = False,
    consistent: bool = False,
) -> Page:
    """Return one page of a partition in the order of its sort key."""
    expressions = _expressions(
        values, names, KeyConditionExpression=key_condition, FilterExpression=filter_by, ProjectionExpression=projection
    )
    request: dict[str, Any] = {"TableName": table, "ScanIndexForward": forward, **expressions}
    optional = {
        "Limit": limit,
        "IndexName": index,
        "ExclusiveStartKey": None if start is None else to_wire(start),
        "Select": "COUNT" if count_only else None,
        "ConsistentRead": consistent or None,
    }
    return _page(_call("Query", request | {name: value for name, value in optional.items() if value is not None}))


def query_all(table: str, key_condition: str, **rest: Any) -> Iterator[Item]:  # noqa: ANN401 - the arguments of `query`
    """Yield every item of a partition, page after page; takes what `query` takes."""
    page = query(table, key_condition, **rest)
    yield from page.items
    while page.next_start is not None:
        page = query(table, key_condition, **{**rest, "start": page.next_start})
        yield from page.items


def scan(table: str, *, start: Mapping[str, Any] | None = None, limit: int | None = None) -> Page:
    """Return one page of a whole table."""
    request: dict[str, Any] = {"TableName": table}
    if limit is not None:
        request["Limit"] = limit
    if start is not None:
        request["ExclusiveStartKey"] = to_wire(start)
    return _page(_call("Scan", request))


def batch_get(table: str, keys: Iterable[Mapping[str, Any]], *, consistent: bool = False) -> list[Item]:
    """Return the items that exist among the keys, in no order."""
    waiting = [to_wire(key) for key in keys]
    found: list[Item] = []
    attempt = 0
    while waiting:
        asked, rest = waiting[:MAX_READS], waiting[MAX_READS:]
        request = {"RequestItems": {table: {"Keys": asked, "ConsistentRead": consistent}}}
        answer = _call("BatchGetItem", request)
        found += [from_wire(item) for item in answer["Responses"].get(table, [])]
        unread = answer.get("UnprocessedKeys", {}).get(table, {}).get("Keys", [])
        waiting = unread + rest
        attempt = _paused(attempt, progress=len(unread) < len(asked))
    return found


def batch_write(table: str, puts: Sequence[Mapping[str, Any]] = (), deletes: Sequence[Mapping[str, Any]] = ()) -> None:
    """Write and remove items without conditions, 25 a request; the keys must differ."""
    waiting: list[Any] = [{"PutRequest": {"Item": to_wire(item)}} for item in puts]
    waiting += [{"DeleteRequest": {"Key": to_wire(key)}} for key in deletes]
    attempt = 0
    while waiting:
        sent, rest = waiting[:MAX_WRITES], waiting[MAX_WRITES:]
        unwritten = _call("BatchWriteItem", {"RequestItems": {table: sent}}).get("UnprocessedItems", {}).get(table, [])
        waiting = unwritten + rest
        attempt = _paused(attempt, progress=len(unwritten) < len(sent))


def _paused(attempt: int, *, progress: bool) -> int:
    if progress:
        return 0
    if attempt >= wire.ATTEMPTS * 2:
        raise StoreAwayError("A store is away at the moment; please try again.")
    wire.pause(attempt)
    return attempt + 1


def _call(operation: str, request: dict[str, Any], expected: str | None = None) -> Any:  # noqa: ANN401 - JSON
    return wire.call("dynamodb", f"{_VERSION}.{operation}", "1.0", request, expected=expected)


def _page(answer: dict[str, Any]) -> Page:
    last = answer.get("LastEvaluatedKey")
    items = [from_wire(item) for item in answer.get("Items", [])]
    return Page(items, answer["Count"], None if last is None else from_wire(last))


def _expressions(
    values: Mapping[str, Any] | None, names: Mapping[str, str] | None, **expressions: str | None
) -> dict[str, Any]:
    request: dict[str, Any] = {name: text for name, text in expressions.items() if text is not None}
    if values:
        request["ExpressionAttributeValues"] = to_wire(values)
    if names:
        request["ExpressionAttributeNames"] = dict(names)
    return request
