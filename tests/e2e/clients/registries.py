"""Clients of others, installed from their registries into the checkout's tools; nothing of theirs is committed."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.e2e.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE = Path(__file__).parent
UMAMI = "umami@2.10.0"
"""Umami's whole source, from which its tracker is taken: its dependencies are of no use here."""


class UnreachableError(Exception):
    """Raised when a registry does not give what is asked; says what it said."""


def installed() -> Path:
    """Return the folder that holds `python` and `node_modules`, filled on first use. Raises UnreachableError."""
    wanted = [HERE / "package.json", HERE / "requirements.txt"]
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in wanted) + UMAMI.encode()).hexdigest()[:16]
    folder = ROOT / ".tools" / "clients" / digest
    if (folder / "done").exists():
        return folder
    shutil.rmtree(folder.parent, ignore_errors=True)
    folder.mkdir(parents=True)
    uv = str(ROOT / ".tools" / "uv" / "bin" / "uv")
    python = str(folder / "python" / "bin" / "python")
    run(folder, uv, "venv", "-q", "python")
    run(folder, uv, "pip", "install", "-q", "--python", python, "-r", str(wanted[1]))
    shutil.copy(wanted[0], folder)
    npm = ("--loglevel=error", "--fetch-retries=1", "--fetch-retry-mintimeout=500", "--fetch-timeout=30000")
    run(folder, "npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", *npm)
    run(folder, "npm", "pack", *npm, UMAMI)
    write_umami_tracker(folder)
    (folder / "done").touch()
    return folder


def run(folder: Path, *command: str) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=240)
    if done.returncode != 0:
        raise UnreachableError(f"{' '.join(command[:3])}: {done.stderr[-400:] or done.stdout[-400:]}")


def write_umami_tracker(folder: Path) -> None:
    with tarfile.open(folder / (UMAMI.replace("@", "-") + ".tgz")) as archive:
        tracker = archive.extractfile("package/src/tracker/index.js")
        assert tracker is not None
        (folder / "umami-tracker.js").write_bytes(tracker.read())


def bundled(folder: Path, script: Path) -> bytes:
    """Return a script for the browser, with the clients that it imports."""
    command: Sequence[str] = [
        str(folder / "node_modules" / ".bin" / "esbuild"),
        str(script),
        "--bundle",
        "--format=iife",
    ]
    modules = {**os.environ, "NODE_PATH": str(folder / "node_modules")}
    return subprocess.run(command, env=modules, capture_output=True, check=True, timeout=60).stdout
