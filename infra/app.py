"""Synthesizes one stage: `python -m infra.app`, or `cdk synth --context stage=prod`. Needs neither credentials nor Docker."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from aws_cdk import App, Tags, Validations

from infra.building import ROOT, BuildError
from infra.environments import Stage, load_stage
from infra.stacks.compute import Compute
from infra.stacks.edge import Edge
from infra.stacks.storage import Storage
from infra.stacks.web_acl import WebAclStack

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_STAGE: Final = "small"


def build(stage: Stage, outdir: str | None = None, context: Mapping[str, Any] | None = None) -> App:
    """Return the app of one stage, not yet synthesized."""
    app = App(outdir=outdir, context=dict(context or {}))
    prefix = f"Streamgauge-{stage.name}"
    storage = Storage(app, f"{prefix}-Storage", stage)
    compute = Compute(app, f"{prefix}-Compute", stage)
    compute.add_stack_dependency(storage, "it reads the names that storage publishes")
    if stage.edge:
        web_acl = WebAclStack(app, f"{prefix}-WebAcl", stage) if stage.waf else None
        Edge(app, f"{prefix}-Edge", stage, web_acl).add_stack_dependency(compute, "it reads the API's name")
    Tags.of(app).add("application", "streamgauge")
    Tags.of(app).add("stage", stage.name)
    if stage.nag:
        from cdk_nag import AwsSolutionsChecks  # noqa: PLC0415 - it takes seconds, and the local stage does without

        Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    return app


def main() -> None:
    """Synthesize the stage that the context or STREAMGAUGE_STAGE names into `cdk.out`, or where the CDK command says."""
    # The command hands its context over in one variable; without the command it is what cdk.json says.
    context = json.loads(os.environ.get("CDK_CONTEXT_JSON") or "{}") or _cdk_json()
    name = os.environ.get("STREAMGAUGE_STAGE") or context.get("stage") or DEFAULT_STAGE
    try:
        stage = load_stage(name, context.get("stages", {}), os.environ)
        build(stage, os.environ.get("CDK_OUTDIR", "cdk.out"), context).synth()
    except (ValueError, BuildError) as error:
        sys.exit(str(error))


def _cdk_json() -> dict[str, Any]:
    context: dict[str, Any] = json.loads(Path(ROOT / "cdk.json").read_text("utf-8"))["context"]
    return context


if __name__ == "__main__":
    main()
