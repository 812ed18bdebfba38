"""The interpreters that import what is built: Lambda's, or that of the local stack."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from infra.building import ROOT, run


@dataclass(frozen=True, slots=True)
class Target:
    """The interpreter that will import a layer. `interpreter` is set for the local stack only: it is the host's own."""

    python_version: str
    architecture: str
    interpreter: str = ""

    @property
    def uv_arguments(self) -> list[str]:
        """Return what tells uv for which machine to choose wheels."""
        if self.interpreter:
            return ["--python", self.interpreter]
        machine = "aarch64" if self.architecture == "arm64" else "x86_64"
        # Not manylinux2014: with that uv silently falls back to older releases. Lambda's python3.13 has glibc 2.34.
        return ["--python-platform", f"{machine}-manylinux_2_28", "--python-version", self.python_version]

    @property
    def label(self) -> str:
        """Return a text that changes with the machine, for the name of the build."""
        if self.interpreter:
            return f"{self.interpreter}-{python_version_of(self.interpreter)}-{platform.platform()}"
        return f"{self.python_version}-{self.architecture}"


def local_target() -> Target:
    """Return the interpreter that the local stack runs functions with: STREAMGAUGE_LOCAL_PYTHON, else this one."""
    interpreter = os.environ.get("STREAMGAUGE_LOCAL_PYTHON") or sys.executable
    return Target(python_version_of(interpreter), platform.machine(), interpreter)


@lru_cache
def find_interpreter(version: str) -> str | None:
    """Return the path of an interpreter of exactly this minor version on this machine, None when there is none."""
    command = [uv(), "python", "find", "--no-python-downloads", "--no-project", version]
    found = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    if found.returncode == 0:
        return found.stdout.strip()
    # uv does not look into pyenv's folder of versions that are installed but not active.
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    return next((str(path) for path in sorted(versions.glob(f"{version}.*/bin/python"))), None)


@lru_cache
def python_version_of(interpreter: str) -> str:
    """Return the minor version of an interpreter, e.g. `3.13`."""
    if interpreter == sys.executable:
        return f"{sys.version_info.major}.{sys.version_info.minor}"
    return run([interpreter, "-c", "import sys; print(f'{sys.version_info.major}.{sys.version_info.minor}')"]).strip()


def uv() -> str:
    """Return the uv of this checkout (`make install`), else the one on the path."""
    own = ROOT / ".tools" / "uv" / "bin" / "uv"
    return str(own) if own.exists() else "uv"
