"""Records of CSV files (RFC 4180): a quoted field may go over several lines; what is broken is told, and the next line is tried."""

from __future__ import annotations

import csv
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from streamgauge_cli.reading import Line

MOST_LINES: Final = 100
"""So many lines may a record have; a quote that is open for longer is a stray one."""

_NULL: Final = "\\N"


@dataclass(frozen=True, slots=True)
class Record:
    """One record: its `fields`, or None and the `reason` why it cannot be read; `lines` are those it consists of."""

    lines: tuple[Line, ...]
    fields: tuple[str, ...] | None
    reason: str = ""

    @property
    def number(self) -> int:
        """The line at which it begins."""
        return self.lines[0].number

    @property
    def text(self) -> bytes:
        """The record as it stands in the file."""
        return b"\n".join(line.text for line in self.lines)


def records(lines: Iterable[Line]) -> Iterator[Record]:
    r"""Yield the records of a file's lines; `\N`, as databases write what is unknown, becomes empty."""
    ahead = iter(lines)
    put_back: deque[Line] = deque()

    def following() -> Line | None:
        return put_back.popleft() if put_back else next(ahead, None)

    while (line := following()) is not None:
        taken = [line]
        while _is_open(taken) and len(taken) < MOST_LINES and not taken[-1].too_long:
            more = following()
            if more is None:
                break
            taken.append(more)
        if not _is_open(taken):
            yield _record(taken)
            continue
        # The quote is a stray one: this line alone is broken, those that it swallowed are read on their own.
        put_back.extendleft(reversed(taken[1:]))
        yield Record((line,), None, "too long" if line.too_long else "a quote is open")


def _is_open(taken: list[Line]) -> bool:
    return sum(line.text.count(b'"') for line in taken) % 2 == 1 or taken[-1].too_long


def _record(taken: list[Line]) -> Record:
    try:
        text = b"\n".join(line.text for line in taken).decode()
        fields = next(csv.reader(text.splitlines(keepends=True), strict=True), [])
    except UnicodeDecodeError:
        return Record(tuple(taken), None, "not encoded as UTF-8")
    except csv.Error as error:
        return Record(tuple(taken), None, str(error))
    return Record(tuple(taken), tuple("" if field == _NULL else field for field in fields))
