"""Answers to cdk-nag: a finding of AwsSolutions that is right as it is gets its reason, next to the construct it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_cdk import Acknowledgment, Stack, Validations

if TYPE_CHECKING:
    from constructs import IConstruct


def accept(construct: IConstruct, rule: str, reason: str) -> None:
    """Record why a finding (`IAM5[Resource::*]`, `SMG4`, …) stands, for a construct and all below it."""
    Validations.of(construct).acknowledge(Acknowledgment(id=f"AwsSolutions-{rule}", reason=reason))


def accept_wildcard(construct: IConstruct, resource: str, reason: str) -> None:
    """Record why a role may name a resource with a wildcard; each such resource is a finding of its own."""
    accept(construct, f"IAM5[Resource::{_as_written(Stack.of(construct).resolve(resource))}]", reason)


def _as_written(value: Any) -> str:  # noqa: ANN401 - a part of a template
    """Return a resolved value as cdk-nag writes it: what is known at deploy only stands in angle brackets."""
    match value:
        case {"Fn::Join": [str(separator), list(parts)]}:
            return separator.join(_as_written(part) for part in parts)
        case {"Ref": name}:
            return f"<{name}>"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"<{name}.{attribute}>"
        case _:
            return str(value)
