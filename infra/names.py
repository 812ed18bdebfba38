"""How one stack tells another what it made: by names in the Systems Manager parameter store, which lock nothing.

A CloudFormation export cannot change while another stack imports it; a parameter is read anew at every deploy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_ssm as ssm

if TYPE_CHECKING:
    from constructs import Construct

    from infra.environments import Stage


def path(stage: Stage, key: str) -> str:
    """Return the parameter that holds a name, e.g. `/streamgauge/prod/counters-table`."""
    return f"/streamgauge/{stage.name}/{key}"


def publish(scope: Construct, stage: Stage, names: dict[str, str]) -> None:
    """Write names for other stacks and for people."""
    for key, value in names.items():
        construct = "Name" + "".join(part.capitalize() for part in key.split("-"))
        ssm.StringParameter(scope, construct, parameter_name=path(stage, key), string_value=value)


def read(scope: Construct, stage: Stage, key: str) -> str:
    """Return a name that another stack has published, resolved when the stack is deployed."""
    return ssm.StringParameter.value_for_string_parameter(scope, path(stage, key))
