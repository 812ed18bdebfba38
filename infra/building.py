"""Running of build commands, and folders under `build/` that are kept by the hash of what went in."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

ROOT: Final = Path(__file__).resolve().parents[1]
_BUILD: Final = ROOT / "build"

# A change of the rules in `assets.py` makes new folders.
_RULES: Final = "4"


class BuildError(RuntimeError):
    """Raised when a layer cannot be built; says which command failed and what it printed."""


def built(name: str, key: str, fill: Callable[[Path], None]) -> Path:
    """Return `build/<name>-<key>`, filled once; two builders at the same time do not meet."""
    done = _BUILD / f"{name}-{sha256(f'{_RULES} {key}'.encode()).hexdigest()[:20]}"
    if done.is_dir():
        return done
    _BUILD.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=_BUILD) as scratch:
        folder = Path(scratch) / "contents"
        folder.mkdir()
        fill(folder)
        try:
            folder.rename(done)
        except OSError:
            if not done.is_dir():
                raise
    return done


def digest(files: Iterable[Path], *more: str) -> str:
    """Return the digest of files, with their names and folders, and of further texts."""
    found = sha256()
    for path in files:
        found.update(f"{path.name}\0{path.parent.name}\0".encode())
        found.update(path.read_bytes())
        found.update(b"\0")
    for text in more:
        found.update(text.encode() + b"\0")
    return found.hexdigest()


def run(command: list[str], without: re.Pattern[str] = re.compile(r"^(UV_INDEX|UV_DEFAULT_INDEX|VIRTUAL_ENV$)")) -> str:
    """Run a command at the root of the repository and return what it printed. Raises BuildError."""
    environment = {name: value for name, value in os.environ.items() if not without.match(name)}
    try:
        done = subprocess.run(  # noqa: S603 - our own commands
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
    except FileNotFoundError as error:
        raise BuildError(f"{command[0]} is not installed: run `make install`") from error
    if done.returncode:
        raise BuildError(f"{' '.join(command[:4])} … failed:\n{done.stderr or done.stdout}")
    return done.stdout
