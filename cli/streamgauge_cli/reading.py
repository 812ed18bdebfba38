"""Reading big text files line by line: plain, gzip, or inside a zip archive, with bounded memory."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, cast

from streamgauge_cli.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LONGEST_LINE: Final = 64 * 1024
_GZIP_MAGIC: Final = b"\x1f\x8b"
_PACKED: Final = {b"BZh": "bzip2", b"\xfd7zXZ\0": "xz", b"\x28\xb5\x2f\xfd": "zstd", b"PK\3\4": "zip"}
"""First bytes of files that are packed in ways that are not read here."""
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class ZipEntry:
    """A file inside a zip archive."""

    path: Path
    entry: str

    @property
    def name(self) -> str:
        """Its own name, without folders."""
        return self.entry.rpartition("/")[2]

    def __str__(self) -> str:
        return f"{self.path}:{self.entry}"


Source = Path | ZipEntry
"""What lines are read from."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line: `text` without its end (for a line over the limit its beginning), `position` in the file as `size` measures it.

    `ended` is False for a last line without a line end, which its writer may not have finished.
    """

    number: int
    text: bytes
    position: int
    too_long: bool
    ended: bool


def size(source: Source) -> int:
    """Return the size of a file, of a zip entry unpacked. Raises CommandError when it is missing or no file."""
    path = source.path if isinstance(source, ZipEntry) else source
    if not path.exists():
        raise CommandError(f"there is no file {path}.")
    if not path.is_file():
        raise CommandError(f"{path} is no file.")
    if isinstance(source, ZipEntry):
        with _archive(source.path) as archive:
            return archive.getinfo(source.entry).file_size
    return path.stat().st_size


def sources(paths: list[Path], ending: str) -> list[Source]:
    """Return the files themselves, and in place of each zip archive its entries with this ending. Raises CommandError.

    Hidden entries are none (`__MACOSX/._name`, which one system adds beside each file that it packs).
    """
    found: list[Source] = []
    for path in paths:
        size(path)
        if not zipfile.is_zipfile(path):
            found.append(path)
            continue
        with _archive(path) as archive:
            entries = [ZipEntry(path, name) for name in archive.namelist() if name.lower().endswith(ending)]
        entries = [entry for entry in entries if not entry.name.startswith(".")]
        if not entries:
            raise CommandError(f"the archive {path} holds no {ending} file.")
        found += entries
    return found


def lines(source: Source) -> Iterator[Line]:
    """Yield the lines of a file. Raises CommandError when it cannot be read (a packed one: to its end)."""
    number = 0
    try:
        with _open(source) as (stream, tell):
            while chunk := stream.readline(LONGEST_LINE + 2):
                number += 1
                text, ended = _without_end(chunk)
                too_long = len(text) > LONGEST_LINE
                while not ended and (more := stream.readline(LONGEST_LINE)):
                    ended = more.endswith(b"\n")
                    too_long = True
                if number == 1:
                    text = text.removeprefix(_BYTE_ORDER_MARK)
                yield Line(number, text[:LONGEST_LINE], tell(), too_long, ended)
    except (EOFError, gzip.BadGzipFile, zipfile.BadZipFile, zlib.error) as error:
        packing = "zip" if isinstance(source, ZipEntry) else "gzip"
        raise CommandError(
            f"{source} is a damaged or unfinished {packing} file: it can be read up to line {number} only ({error})."
        ) from error
    except OSError as error:
        raise CommandError(f"cannot read {source}: {error.strerror or error}.") from error


@contextmanager
def _open(source: Source) -> Iterator[tuple[IO[bytes], Callable[[], int]]]:
    """Open for reading; with it comes what tells the position as `size` measures it."""
    if isinstance(source, ZipEntry):
        with _archive(source.path) as archive, archive.open(source.entry) as unpacked:
            yield unpacked, unpacked.tell
        return
    with source.open("rb") as raw:
        first = raw.read(6)
        packing = next((name for magic, name in _PACKED.items() if first.startswith(magic)), None)
        if packing is not None:
            raise CommandError(f"{source} is packed with {packing}: unpack it first.")
        zipped = first.startswith(_GZIP_MAGIC)
        raw.seek(0)
        yield cast("IO[bytes]", gzip.GzipFile(fileobj=raw) if zipped else raw), raw.tell


def _archive(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise CommandError(f"{path} is a damaged zip archive ({error}).") from error


def _without_end(chunk: bytes) -> tuple[bytes, bool]:
    if not chunk.endswith(b"\n"):
        return chunk.removesuffix(b"\r"), False
    return chunk[:-1].removesuffix(b"\r"), True
