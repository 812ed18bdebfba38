"""Pages of lists that are ranked anew for each page."""

from __future__ import annotations

from typing import NamedTuple, TypeVar

_Row = TypeVar("_Row")


class Page(NamedTuple):
    """Which part of a list is asked for: so many rows, behind those that are skipped."""

    limit: int
    skip: int = 0

    @property
    def take(self) -> int:
        """How many rows of the list are to be found: one beyond the page tells that there is more."""
        return self.skip + self.limit + 1

    def of_all(self, rows: list[_Row]) -> tuple[list[_Row], int | None]:
        """Return the page's rows of the first `take` (or more), and how many the next page skips; None: there is none."""
        return self.of_rest(rows[self.skip :])

    def of_rest(self, rows: list[_Row]) -> tuple[list[_Row], int | None]:
        """Return the same of rows behind those that are skipped: `limit` of them and one more, where there is one."""
        return rows[: self.limit], self.skip + self.limit if len(rows) > self.limit else None
