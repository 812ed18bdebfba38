"""Which visit keys belong to one person: a daily hash and that of the day before, and whatever shares a visit."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streamgauge.events.facts import Fact


class Persons:
    """The sorted events of a batch by person: keys that may share a visit belong together."""

    def __init__(self, facts: list[Fact]) -> None:
        self._facts = facts
        self._root: dict[int, int] = {}
        self._groups: dict[int, tuple[set[int], list[Fact]]] | None = None
        for fact in facts:
            # Nearly every event has one key, which has been seen already or stands for itself.
            if fact.visit_key is not None and fact.prev_key is None:
                self._root.setdefault(fact.visit_key, fact.visit_key)
            else:
                self.tie(key for key in (fact.visit_key, fact.prev_key) if key is not None)

    def tie(self, keys: Iterable[int]) -> bool:
        """Put keys together; True when they were not yet."""
        roots = {self.find(key) for key in keys}
        if len(roots) == 1:
            return False
        first = min(roots)
        for root in roots:
            self._root[root] = first
        self._groups = None
        return True

    def find(self, key: int) -> int:
        """Return the person of a key."""
        root = self._root.setdefault(key, key)
        if root == key:
            return key
        while self._root[root] != root:
            root = self._root[root]
        self._root[key] = root
        return root

    def groups(self) -> dict[int, tuple[set[int], list[Fact]]]:
        """Return person -> (keys, sorted events)."""
        if self._groups is not None:
            return self._groups
        groups: dict[int, tuple[set[int], list[Fact]]] = {}
        for key in list(self._root):
            groups.setdefault(self.find(key), (set(), []))[0].add(key)
        for fact in self._facts:
            # Every key has just been found, and points to its person.
            if fact.visit_key is not None:
                groups[self._root[fact.visit_key]][1].append(fact)
        self._groups = {person: group for person, group in groups.items() if group[1]}
        return self._groups
