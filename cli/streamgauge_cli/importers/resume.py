"""How far an import of a file has come, kept beside the state of the stack so that it can go on where it stopped."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from itertools import islice
from typing import TYPE_CHECKING

from streamgauge_cli.reading import lines

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from streamgauge_cli.reading import Line, Source


def new_mark() -> blake2b:
    """Return the digest of no lines."""
    return blake2b(digest_size=16)


def add_line(mark: blake2b, line: Line) -> None:
    """Take a further line into the digest of all lines so far."""
    mark.update(line.text)
    mark.update(b"\n")


@dataclass
class Progress:
    """All lines up to `line` are done; `mark` is their digest, `counts` what the service said about them."""

    line: int = 0
    mark: str = ""
    counts: dict[str, int] = field(default_factory=dict)


def folder(home: Path | None, cwd: Path) -> Path:
    """Return where imports keep their files: `imports/` in the state folder, else the working directory."""
    if home is None:
        return cwd
    made = home / "imports"
    made.mkdir(parents=True, exist_ok=True)
    return made


def name(source: Source, parts: Iterable[str]) -> str:
    """Return a file name for what belongs to this import: the same for the same beginning, service and site."""
    first = b"".join(line.text for line in islice(lines(source), 1))
    key = blake2b(first + "\x1f".join(("", *parts)).encode(), digest_size=4)
    return f"{source.name}-{key.hexdigest()}"


def load(state: Path, source: Source) -> Progress:
    """Return the progress kept in `state` if the file still begins with the same lines, else none."""
    try:
        read = json.loads(state.read_text(encoding="utf-8"))
        kept = Progress(int(read["line"]), str(read["mark"]), {str(k): int(v) for k, v in read["counts"].items()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Progress()
    mark = new_mark()
    for line in islice(lines(source), kept.line):
        add_line(mark, line)
    return kept if mark.hexdigest() == kept.mark else Progress()


def save(state: Path, progress: Progress) -> None:
    """Keep the progress; a crash leaves the old or the new one, never half of it."""
    fresh = state.with_name(state.name + ".new")
    fresh.write_text(json.dumps(asdict(progress)), encoding="utf-8")
    fresh.replace(state)
