"""A DynamoDB in memory with the few calls that sites, keys and salts need."""

# ruff: noqa: ARG002 - the signatures are those of the store

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamgauge.store import dynamo
from streamgauge.store.errors import StoreAwayError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pytest

KEY_LIMIT = 2048


class FakeDynamo:
    """Items of all tables by (pk, sk). `away` makes every call fail; `reads` counts them."""

    def __init__(self) -> None:
        self.items: dict[tuple[str, str], dict[str, Any]] = {}
        self.away = False
        self.reads = 0

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Stand in for the store."""
        for name in ("get_item", "put_item", "delete_item", "batch_write"):
            monkeypatch.setattr(dynamo, name, getattr(self, name))

    def get_item(self, table: str, key: Mapping[str, Any], *, consistent: bool = False) -> dict[str, Any] | None:
        self.reads += 1
        return self.items.get(self._key(key))

    def put_item(self, table: str, item: Mapping[str, Any], *, condition: str | None = None) -> bool:
        assert condition in (None, "attribute_not_exists(pk)")
        key = self._key(item)
        if condition and key in self.items:
            return False
        self.items[key] = dict(item)
        return True

    def delete_item(self, table: str, key: Mapping[str, Any]) -> bool:
        self.items.pop(self._key(key), None)
        return True

    def batch_write(
        self, table: str, puts: Sequence[Mapping[str, Any]] = (), deletes: Sequence[Mapping[str, Any]] = ()
    ) -> None:
        for item in puts:
            self.put_item(table, item)
        for key in deletes:
            self.delete_item(table, key)

    def _key(self, key: Mapping[str, Any]) -> tuple[str, str]:
        if self.away:
            raise StoreAwayError("A store is away at the moment; please try again.")
        assert len(key["pk"].encode()) <= KEY_LIMIT
        return key["pk"], key["sk"]
