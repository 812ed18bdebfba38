"""What is uploaded: every handler can be imported from its own folder and the layers, and nothing else."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from infra import assets
from infra.building import BuildError
from infra.catalog import CATALOG
from infra.interpreters import Target, find_interpreter
from tests.infra.conftest import Assembly, size_of

LIMIT = 60_000_000

# One child of one interpreter a handler: -S keeps the packages of this environment away.
IMPORTER = """
import importlib, json, os, sys
failed = {}
for module, paths in json.load(sys.stdin).items():
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        sys.path[:0] = paths
        try:
            assert callable(importlib.import_module(module).handler)
            answer = b""
        except BaseException as error:
            answer = repr(error).encode()
        os.write(writing, answer)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    if said:
        failed[module] = said.decode()
print(json.dumps(failed))
"""


def folders(assembly: Assembly) -> tuple[dict[str, Path], list[Path]]:
    """Return each function's folder by its module, and the layers' folders."""
    template = assembly["Compute"]
    functions = {
        one["Properties"]["Handler"].removesuffix(".handler"): assembly.asset("Compute", name)
        for name, one in template.of("AWS::Lambda::Function").items()
        if one["Properties"]["Handler"].startswith("functions.")
    }
    return functions, [assembly.asset("Compute", name) for name in template.of("AWS::Lambda::LayerVersion")]


def test_every_handler_is_importable_from_its_own_folder_and_the_layers(local: Assembly) -> None:
    functions, layers = folders(local)
    paths = {name: [str(folder), *(str(layer / "python") for layer in layers)] for name, folder in functions.items()}
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-W", "ignore", "-c", IMPORTER],
        input=json.dumps(paths),
        env={"PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {}
    assert len(paths) == len([row for row in CATALOG if not row.aurora_only])


def test_a_functions_folder_holds_its_own_module_and_nothing_else(small: Assembly) -> None:
    functions, _ = folders(small)
    for module, folder in functions.items():
        own = Path(*module.split(".")).with_suffix(".py")
        held = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
        described = (
            {own.with_name("openapi.json"), own.with_name("docs.html")} if module == "functions.api.docs" else set()
        )
        assert held == {own, Path("functions/__init__.py"), own.with_name("__init__.py")} | described


def test_the_published_description_names_the_routes_of_the_template(small: Assembly) -> None:
    functions, _ = folders(small)
    paths = json.loads((functions["functions.api.docs"] / "functions/api/openapi.json").read_text("utf-8"))["paths"]
    described = {(method.upper(), re.sub(r"{\w+}", "{}", path)) for path, calls in paths.items() for method in calls}
    routes = {(route.method, re.sub(r"{\w+\+?}", "{}", route.path)) for row in CATALOG for route in row.routes}
    assert described == routes


def test_layers_are_small_and_made_for_lambda(deployed: Assembly) -> None:
    _, layers = folders(deployed)
    (core,) = (one for one in layers if (one / "python" / "streamgauge").is_dir())
    (vendor,) = (one for one in layers if one != core)
    assert size_of(core) < LIMIT
    assert size_of(vendor) < LIMIT
    assert not [name for name in ("boto3", "botocore") if (vendor / "python" / name).exists()], "Lambda gives them"
    binaries = [path.name for path in (vendor / "python").rglob("*.so")]
    assert binaries
    assert not [name for name in binaries if "x86_64" in name]
    assert not list(vendor.rglob("*.pyi"))
    assert (core / "python/streamgauge/schema/0001_sites_and_keys.sql").is_file()
    assert (core / "python/streamgauge/store/roles.sql").is_file()


def test_layers_carry_byte_code_that_is_not_checked_against_its_source(deployed: Assembly) -> None:
    if find_interpreter("3.13") is None:
        pytest.skip("no Python 3.13 on this machine")
    _, layers = folders(deployed)
    for layer in layers:
        compiled = list(layer.rglob("*.cpython-313.pyc"))
        assert compiled
        # PEP 552: flags 0b01 = a hash instead of a time, never checked.
        assert {path.read_bytes()[4:8] for path in compiled} == {b"\x01\x00\x00\x00"}


def test_a_second_build_builds_nothing() -> None:
    target = Target("3.13", "arm64")
    first = assets.core_layer(target)
    written = first.stat().st_mtime_ns
    assert assets.core_layer(target) == first
    assert first.stat().st_mtime_ns == written


def test_a_missing_module_is_named() -> None:
    with pytest.raises(BuildError, match="api/nobody"):
        assets.function_folder("api/nobody")


def test_the_schema_hash_changes_with_the_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "0001_a.sql").write_text("SELECT 1;")
    monkeypatch.setattr(assets, "SCHEMA", tmp_path)
    before = assets.schema_hash()
    (tmp_path / "0002_b.sql").write_text("SELECT 2;")
    assert assets.schema_hash() != before
