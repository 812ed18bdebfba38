"""The state folder: everything that the local stack keeps, and how its commands run and tell what they do."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ROOT: Final = Path(__file__).resolve().parents[2]
_KEPT_VARIABLES: Final = (
    "HOME", "LANG", "LC_ALL", "PATH", "TMPDIR", "USER", "SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS",
)  # fmt: skip


class StackError(RuntimeError):
    """Raised when a step fails; the message says in one sentence what to do."""


@dataclass(frozen=True)
class Home:
    """One state folder. Its files are JSON, written whole, readable by their owner only."""

    folder: Path

    def make(self) -> None:
        """Make the folder and those in it. Raises StackError where that cannot be."""
        try:
            for name in ("logs/functions", "run", "tmp", "layers", "checkpoints"):
                (self.folder / name).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StackError(
                f"The state folder cannot be made ({error}): set STREAMGAUGE_HOME to a folder of yours."
            ) from error

    def read(self, name: str) -> dict[str, Any]:
        """Return what a file holds; nothing when it is not there."""
        file = self.folder / name
        found: dict[str, Any] = json.loads(file.read_text("utf-8")) if file.exists() else {}
        return found

    def write(self, name: str, value: Mapping[str, Any]) -> None:
        """Replace a file."""
        fresh = self.folder / f".{name}.new"
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(value, file, indent=2)
            file.write("\n")
        fresh.replace(self.folder / name)

    def empty(self, name: str) -> None:
        """Remove what is in a folder of the folder."""
        shutil.rmtree(self.folder / name, ignore_errors=True)
        (self.folder / name).mkdir()

    def secret(self, name: str) -> str:
        """Return a secret of this stack, made at its first use."""
        held: dict[str, str] = self.read("secrets.json")
        if name not in held:
            held[name] = secrets.token_urlsafe(24)
            self.write("secrets.json", held)
        return held[name]

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Let one command work on the folder at a time."""
        with (self.folder / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                say("another make works on this stack; waiting for it …")
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def run(self, command: Sequence[str | Path], environment: Mapping[str, str], log: str, sentence: str) -> None:
        """Run a command with its output in a log. Raises StackError with the end of it when it fails."""
        file = self.folder / "logs" / f"{log}.log"
        with file.open("a", encoding="utf-8") as output:
            done = subprocess.run(  # noqa: S603 - our own commands
                [str(part) for part in command],
                cwd=ROOT,
                env={**basic_environment(), **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if done.returncode:
            words = "\n".join(file.read_text("utf-8", "replace").splitlines()[-15:])
            raise StackError(f"{words}\n{sentence}: the whole output is in {file}.")


def basic_environment() -> dict[str, str]:
    """Return what every process of ours gets: nothing of the user's AWS account, nothing of another project."""
    found = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    found["PATH"] = os.pathsep.join([str(ROOT / ".tools" / "uv" / "bin"), found.get("PATH", os.defpath)])
    return found


def say(line: str) -> None:
    """Tell the person at the terminal what happens."""
    sys.stdout.write(f"  {line}\n")
    sys.stdout.flush()
