"""One Lambda function of the catalog, with its own role, its log group and its alarm: the only place of defaults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aws_cdk import ArnFormat, Duration, RemovalPolicy, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra import assets
from infra.catalog import CATALOG, DOCS, Function, Side
from infra.permissions import EVERYTHING, TABLES, WILDCARD_REASONS, Rule, Thing
from infra.reasons import accept, accept_wildcard

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from infra.environments import Stage

_RETENTION: Final = {
    7: logs.RetentionDays.ONE_WEEK,
    30: logs.RetentionDays.ONE_MONTH,
    90: logs.RetentionDays.THREE_MONTHS,
    180: logs.RetentionDays.SIX_MONTHS,
    365: logs.RetentionDays.ONE_YEAR,
}
_NETWORK_ACTIONS: Final = [
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
]
# Lambda's words for the levels of LOG_LEVEL.
_LOG_LEVELS: Final = {
    level: getattr(lambda_.ApplicationLogLevel, level.upper())
    for level in ("trace", "debug", "info", "warn", "error", "fatal")
}


@dataclass(frozen=True, slots=True)
class Places:
    """The city database as functions find it: in a layer, or (local stack) where it lies."""

    path: str
    layer: lambda_.ILayerVersion | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What all functions of a stage share."""

    stage: Stage
    layers: list[lambda_.ILayerVersion]
    things: Mapping[Thing, str]
    environment: Mapping[str, str]
    alarm_topic: sns.ITopic
    # Where functions inside stand; None when the stage has no network.
    network: lambda_.CfnFunction.VpcConfigProperty | None = None
    places: Places | None = None


def _folder(row: Function) -> Path:
    """Return what is uploaded for a function."""
    if row.module != DOCS:
        return assets.function_folder(row.module)
    return assets.docs_folder(row.module, [one.module for one in CATALOG if one.routes])


class ServiceFunction(Construct):
    """A function, its role and its alarm."""

    def __init__(
        self,
        scope: Construct,
        row: Function,
        around: Surroundings,
        *,
        environment: Mapping[str, str],
        statements: list[iam.PolicyStatement],
    ) -> None:
        super().__init__(scope, row.construct)
        stage = around.stage
        self.row = row
        self.physical_name = f"streamgauge-{stage.name}-{row.name.replace('_', '-')}"
        inside = row.side is Side.INSIDE and around.network is not None
        places = around.places if row.finds_places else None
        log_group = logs.LogGroup(
            self,
            "Logs",
            log_group_name=f"/streamgauge/{stage.name}/{row.module}",
            retention=_RETENTION[stage.log_retention_days],
            removal_policy=RemovalPolicy.DESTROY,
        )
        self.role = self._role(
            around, [*self._log_statements(log_group), *self._network_statements(inside=inside), *statements]
        )
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=self.physical_name,
            description=f"Streamgauge {stage.name}: {row.about}",
            runtime=lambda_.Runtime(f"python{stage.python_version}", lambda_.RuntimeFamily.PYTHON),
            architecture=lambda_.Architecture.ARM_64 if stage.architecture == "arm64" else lambda_.Architecture.X86_64,
            handler=row.handler,
            code=lambda_.Code.from_asset(str(_folder(row))),
            layers=[*around.layers, *([places.layer] if places and places.layer else [])],
            memory_size=row.memory,
            timeout=Duration.seconds(row.timeout),
            role=self.role,
            environment={
                **around.environment,
                **({"ANALYTICS_GEOIP_DB_PATH": places.path} if places else {}),
                **environment,
            },
            log_group=log_group,
            logging_format=lambda_.LoggingFormat.JSON,
            system_log_level_v2=lambda_.SystemLogLevel.WARN,
            application_log_level_v2=_LOG_LEVELS[stage.log_level],
        )
        if inside and isinstance(made := self.function.node.default_child, lambda_.CfnFunction):
            made.vpc_config = around.network
        accept(self.function, "L1", "Python 3.13 is the newest runtime for which every locked wheel exists.")
        if row.watched or stage.every_alarm:
            self._alarm(around)

    def _role(self, around: Surroundings, statements: list[iam.PolicyStatement]) -> iam.Role:
        everything = [*statements, *(self._statement(around, rule) for may in self.row.may for rule in may.value)]
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            description=f"What {self.row.module} may do",
            inline_policies={"Function": iam.PolicyDocument(statements=everything, minimize=True)},
        )
        for resource in {resource for statement in everything for resource in statement.resources}:
            for end, reason in WILDCARD_REASONS.items():
                if resource.endswith(end):
                    accept_wildcard(role, resource, reason)
                    break
        return role

    def _statement(self, around: Surroundings, rule: Rule) -> iam.PolicyStatement:
        stack, name = Stack.of(self), around.things[rule.thing]
        if rule.thing is Thing.STREAM:
            resource = stack.format_arn(service="kinesis", resource="stream", resource_name=name)
        elif rule.thing in TABLES:
            resource = stack.format_arn(service="dynamodb", resource="table", resource_name=name)
        else:
            resource = f"arn:{stack.partition}:s3:::{name}" + (f"/{rule.prefix}*" if rule.prefix else "")
        conditions = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": list(rule.keys)}} if rule.keys else None
        return iam.PolicyStatement(actions=list(rule.actions), resources=[resource], conditions=conditions)

    def _log_statements(self, group: logs.LogGroup) -> list[iam.PolicyStatement]:
        return [
            iam.PolicyStatement(
                sid="LogStreams", actions=["logs:CreateLogStream", "logs:PutLogEvents"], resources=[group.log_group_arn]
            )
        ]

    def _network_statements(self, *, inside: bool) -> list[iam.PolicyStatement]:
        if not inside:
            return []
        own = Stack.of(self).format_arn(
            service="lambda",
            resource="function",
            resource_name=self.physical_name,
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        return [
            iam.PolicyStatement(
                sid="NetworkInterfaces",
                actions=_NETWORK_ACTIONS,
                resources=[EVERYTHING],
            ),
            # The same calls from the function's own code carry this key; from the Lambda service they do not.
            iam.PolicyStatement(
                sid="NetworkInterfacesNotFromCode",
                effect=iam.Effect.DENY,
                actions=_NETWORK_ACTIONS,
                resources=[EVERYTHING],
                conditions={"ArnEquals": {"lambda:SourceFunctionArn": own}},
            ),
        ]

    def _alarm(self, around: Surroundings) -> None:
        alarm = self.function.metric_errors(period=Duration.minutes(5)).create_alarm(
            self,
            "Errors",
            alarm_name=f"{self.physical_name}-errors",
            alarm_description=f"{self.row.module} fails: {self.row.about}",
            threshold=1,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(actions.SnsAction(around.alarm_topic))
