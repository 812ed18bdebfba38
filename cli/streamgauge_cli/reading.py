"""Reading big text files line by line: plain or gzip, with bounded memory."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Final, cast

from streamgauge_cli.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LONGEST_LINE: Final = 64 * 1024
_GZIP_MAGIC: Final = b"\x1f\x8b"
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Line:
    """One line: `text` without its end (for a line over the limit its beginning), `position` in the file as stored.

    `ended` is False for a last line without a line end, which its writer may not have finished.
    """

    number: int
    text: bytes
    position: int
    too_long: bool
    ended: bool


def size(path: Path) -> int:
    """Return the size of a file. Raises CommandError when it is missing or no file."""
    if not path.exists():
        raise CommandError(f"there is no file {path}.")
    if not path.is_file():
        raise CommandError(f"{path} is no file.")
    return path.stat().st_size


def lines(path: Path) -> Iterator[Line]:
    """Yield the lines of a plain or gzip file. Raises CommandError when it cannot be read (a gzip file: to its end)."""
    number = 0
    try:
        with path.open("rb") as raw:
            zipped = raw.read(2) == _GZIP_MAGIC
            raw.seek(0)
            stream = cast("IO[bytes]", gzip.GzipFile(fileobj=raw) if zipped else raw)
            while chunk := stream.readline(LONGEST_LINE + 2):
                number += 1
                text, ended = _without_end(chunk)
                too_long = len(text) > LONGEST_LINE
                while not ended and (more := stream.readline(LONGEST_LINE)):
                    ended = more.endswith(b"\n")
                    too_long = True
                if number == 1:
                    text = text.removeprefix(_BYTE_ORDER_MARK)
                yield Line(number, text[:LONGEST_LINE], raw.tell(), too_long, ended)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise CommandError(
            f"{path} is a damaged or unfinished gzip file: it can be read up to line {number} only ({error})."
        ) from error
    except OSError as error:
        raise CommandError(f"cannot read {path}: {error.strerror or error}.") from error


def _without_end(chunk: bytes) -> tuple[bytes, bool]:
    if not chunk.endswith(b"\n"):
        return chunk.removesuffix(b"\r"), False
    return chunk[:-1].removesuffix(b"\r"), True
