"""A small cache of what the registry said, in one container."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Value = TypeVar("Value")


class Cache(Generic[Value]):
    """Holds found values for `seconds` and absent ones for `absent_seconds`, at most `limit` of both.

    It reads the wall clock: while a container is frozen, a monotonic one may stand still, and a revoked key would live on.
    """

    def __init__(
        self, seconds: float, absent_seconds: float, limit: int = 10_000, clock: Callable[[], float] = time.time
    ) -> None:
        self._seconds = seconds
        self._absent_seconds = absent_seconds
        self._limit = limit
        self._clock = clock
        self._entries: dict[str, tuple[float, Value | None]] = {}

    def get(self, name: str, find: Callable[[str], Value | None]) -> Value | None:
        """Return the value of a name, asking `find` when it is not held or too old."""
        now = self._clock()
        entry = self._entries.get(name)
        if entry is not None:
            age = now - entry[0]
            if 0 <= age < (self._absent_seconds if entry[1] is None else self._seconds):
                return entry[1]
        value = find(name)
        self._entries.pop(name, None)
        if len(self._entries) >= self._limit:
            # The oldest leaves first: dicts keep the order of insertion.
            del self._entries[next(iter(self._entries))]
        # The age counts from before the question, so that an answer is never held longer than promised.
        self._entries[name] = (now, value)
        return value

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
