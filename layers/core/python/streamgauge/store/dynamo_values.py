"""Values as DynamoDB writes them and as Python holds them."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

Item = dict[str, Any]


def to_wire(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return an item as DynamoDB writes it."""
    return {name: _typed(value) for name, value in item.items()}


def from_wire(item: Mapping[str, Any]) -> Item:
    """Return an item as Python holds it."""
    return {name: _plain(value) for name, value in item.items()}


def _typed(value: Any) -> dict[str, Any]:  # noqa: ANN401, PLR0911 - one line per type
    match value:
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": str(value)}
        case int():
            return {"N": str(int(value))}
        case bytes():
            return {"B": b64encode(value).decode()}
        case None:
            return {"NULL": True}
        case list() | tuple():
            return {"L": [_typed(one) for one in value]}
        case dict():
            return {"M": to_wire(value)}
        case set() | frozenset():
            return {"SS": sorted(value)}
    raise TypeError(f"no DynamoDB type for {type(value).__name__}")


def _plain(value: Mapping[str, Any]) -> Any:  # noqa: ANN401, PLR0911 - one line per type
    ((kind, content),) = value.items()
    match kind:
        case "S" | "BOOL":
            return content
        case "N":
            return int(content) if content.lstrip("-").isdigit() else float(content)
        case "B":
            return b64decode(content)
        case "NULL":
            return None
        case "L":
            return [_plain(one) for one in content]
        case "M":
            return from_wire(content)
        case "SS":
            return set(content)
    raise TypeError(f"no Python type for DynamoDB's {kind}")
