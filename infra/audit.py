"""Asks whether the locked packages that are deployed have known vulnerabilities: `make audit`.

uv asks OSV, npm its registry. Without a network nobody is asked, which is said and is no failure; a finding is one.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Final

from infra.building import ROOT
from infra.interpreters import uv

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PACKAGES_OF_BROWSERS: Final = (ROOT / "web" / "dashboard", ROOT / "web" / "tracker")
_FOUND: Final = 1


def run(command: Sequence[str | Path]) -> tuple[int, str]:
    """Return the exit code and what was printed."""
    done = subprocess.run(  # noqa: S603 - our own commands
        [str(part) for part in command],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def of_python() -> tuple[bool | None, str]:
    """Say whether the layers' packages have vulnerabilities (None: nobody could be asked), and in which words."""
    code, said = run([uv(), "audit", "--frozen", "--no-default-groups", "--preview-features", "audit-command"])
    return (code == _FOUND if code in (0, _FOUND) else None), said


def of_browsers(folder: Path) -> tuple[bool | None, str]:
    """Say the same of what is built into the page or the tracker."""
    code, said = run(["npm", "audit", "--omit=dev", "--json", "--fetch-retries", "0", "--prefix", folder])
    try:
        asked = "vulnerabilities" in json.loads(said[said.index("{") :])
    except ValueError:
        asked = False
    return (code != 0 if asked else None), said


def main() -> None:
    """Tell what was found; exit with 1 when it was anything."""
    answers = {"Python": of_python()} | {folder.name: of_browsers(folder) for folder in PACKAGES_OF_BROWSERS}
    for name, (found, said) in answers.items():
        if found:
            sys.stdout.write(said)
        word = {True: "vulnerabilities are known", False: "none known", None: "nobody could be asked"}[found]
        sys.stdout.write(f"  audit of {name}: {word}\n")
    sys.exit(any(found for found, _ in answers.values()))


if __name__ == "__main__":
    main()
