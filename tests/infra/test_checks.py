"""The outside checks: cfn-lint over every template, and where the locks get their packages from."""

import json
import re

from infra.building import ROOT
from tests.infra.conftest import Assembly, lint


def test_cfn_lint_finds_nothing(standard: Assembly) -> None:
    assert lint(standard) == ""


def test_a_deployment_is_checked_by_cdk_nag_unless_it_is_local(
    small: Assembly, standard: Assembly, local: Assembly
) -> None:
    assert small.stage.nag
    assert standard.stage.nag
    assert not local.stage.nag


def test_packages_come_from_the_public_registries_alone() -> None:
    hosts = set(re.findall(r"https?://([^/\"]+)", (ROOT / "uv.lock").read_text("utf-8")))
    assert hosts == {"pypi.org", "files.pythonhosted.org"}
    for folder in ("infra", "infra/local/requirements/geoip", "web/dashboard", "web/tracker"):
        packages = json.loads((ROOT / folder / "package-lock.json").read_text("utf-8"))["packages"]
        resolved = {one["resolved"].split("/")[2] for one in packages.values() if "resolved" in one}
        assert resolved <= {"registry.npmjs.org"}
        assert all("integrity" in one for name, one in packages.items() if name)
