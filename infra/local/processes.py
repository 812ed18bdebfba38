"""Background processes of the stack: started detached, known by a file each, stopped by id and never by name."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Process:
    """A process under one name: `run/<name>.json` says which it is, `logs/<name>.log` what it said."""

    name: str
    home: Path

    @property
    def log(self) -> Path:
        """Where its output goes."""
        return self.home / "logs" / f"{self.name}.log"

    @property
    def _file(self) -> Path:
        return self.home / "run" / f"{self.name}.json"

    def start(self, command: Sequence[str | Path], environment: Mapping[str, str], folder: Path) -> None:
        """Start it in a session of its own, so that it outlives the terminal."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - our own programs
                [str(part) for part in command],
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        process.returncode = 0  # it is not ours to wait for any more: Popen need not complain
        self._file.write_text(json.dumps({"pid": process.pid, "born": born(process.pid)}))

    def pid(self) -> int | None:
        """Return its process id while it runs; a number that another process has taken over does not count."""
        try:
            known = json.loads(self._file.read_text())
        except (OSError, ValueError):
            return None
        with contextlib.suppress(ChildProcessError):
            os.waitpid(known["pid"], os.WNOHANG)  # when it was our own child and is over
        now = born(known["pid"])
        return int(known["pid"]) if now and now == known["born"] else None

    def stop(self, seconds: float = 30.0) -> bool:
        """Ask it to stop and wait; True when it stopped by itself, False when it had to be killed or did not run."""
        pid = self.pid()
        if pid is None:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + seconds
        while self.pid() is not None:
            if time.monotonic() > deadline:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                return False
            time.sleep(0.02)
        self._file.unlink(missing_ok=True)
        return True

    def last_words(self, lines: int = 15) -> str:
        """Return the end of its log."""
        try:
            return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-lines:])
        except OSError:
            return ""


def born(pid: int) -> str:
    """Return when a process began, in whatever form the system tells it; empty when there is no such process."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123 - a file of the kernel
            fields = file.read().rpartition(b")")[2].split()
    except FileNotFoundError:
        if os.path.exists("/proc/self"):  # noqa: PTH110
            return ""
    else:
        return "" if fields[0] == b"Z" else fields[19].decode()
    told = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S603, S607
    state, _, moment = told.stdout.strip().partition(" ")
    return "" if state.startswith("Z") else moment.strip()
