"""Every profile synthesized once, offline; the templates are what the tests walk."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from infra.app import build
from infra.environments import Stage, load_stage

Resource = dict[str, Any]


@dataclass
class Template:
    """One stack."""

    body: dict[str, Any]
    path: Path

    def of(self, kind: str) -> dict[str, Resource]:
        """Return the resources of a type by their logical id."""
        return {name: one for name, one in self.body["Resources"].items() if one["Type"] == kind}


@dataclass
class Assembly:
    """What a stage is synthesized to."""

    stage: Stage
    folder: Path

    def __getitem__(self, stack: str) -> Template:
        path = self.folder / f"Streamgauge-{self.stage.name}-{stack}.template.json"
        return Template(json.loads(path.read_text("utf-8")), path)

    @cached_property
    def stacks(self) -> dict[str, Template]:
        names = [path.name.split(".")[0].rpartition("-")[2] for path in self.folder.glob("*.template.json")]
        return {name: self[name] for name in names}

    def every(self, kind: str) -> dict[str, Resource]:
        """Return the resources of a type in all stacks."""
        return {f"{stack}/{name}": one for stack in self.stacks for name, one in self.stacks[stack].of(kind).items()}

    def asset(self, stack: str, logical_id: str) -> Path:
        """Return the folder that is uploaded for a function or layer."""
        properties = self[stack].body["Resources"][logical_id]["Properties"]
        code = properties.get("Code") or properties.get("Content")
        return self.folder / f"asset.{code['S3Key'].removesuffix('.zip')}"


def size_of(folder: Path) -> int:
    """Return the bytes of all files under a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def lint(assembly: Assembly) -> str:
    """Return what cfn-lint finds in all templates."""
    command = Path(sys.executable).with_name("cfn-lint")
    templates = [str(template.path) for template in assembly.stacks.values()]
    done = subprocess.run(
        [str(command), "--regions", "us-east-1", "--", *templates], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or done.stderr.strip()


def synthesize(profile: str, environ: dict[str, str], cities: str = "none") -> Assembly:
    """Synthesize a profile without the city database and with a page, so that all is the same whatever the set-up could fetch."""
    folder = tempfile.mkdtemp(prefix=f"streamgauge-{profile}-")
    given = {"ANALYTICS_GEOIP_DB_PATH": cities} | ({"profile": profile} if profile != "local" else {})
    stage = load_stage(profile, {profile: given}, environ)
    page = Path(folder, "page")
    (page / "assets").mkdir(parents=True)
    (page / "index.html").write_text("<!doctype html>")
    (page / "assets" / "page.js").write_text("export {};")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("infra.constructs.dashboard.BUILT", page)
        # Nothing here may find credentials, or need them.
        for name in [name for name in os.environ if name.startswith(("AWS_", "CDK_"))]:
            patch.delenv(name)
        build(stage, folder).synth()  # raises when cdk-nag finds anything that has no reason
    return Assembly(stage, Path(folder))


@pytest.fixture(scope="session")
def small() -> Assembly:
    return synthesize("small", {})


@pytest.fixture(scope="session")
def standard() -> Assembly:
    return synthesize("standard", {})


@pytest.fixture(scope="session")
def local() -> Assembly:
    return synthesize("local", {"DATABASE_URL": "postgresql://somewhere/streamgauge", "ORIGIN_SECRET": "s"})


@pytest.fixture(params=["small", "standard"])
def deployed(request: pytest.FixtureRequest) -> Assembly:
    return request.getfixturevalue(request.param)


@pytest.fixture(params=["small", "standard", "local"])
def assembly(request: pytest.FixtureRequest) -> Assembly:
    return request.getfixturevalue(request.param)
