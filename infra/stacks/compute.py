"""What runs code: the layers, every function of the catalog, and what starts them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from aws_cdk import ArnFormat, CfnOutput, CustomResource, RemovalPolicy, SecretValue, Stack, custom_resources
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs

from infra import assets
from infra.catalog import CATALOG, Function, Role, Socket
from infra.constructs.alerts import alerts_of_sharing, read_outbox
from infra.constructs.http_api import HttpApi
from infra.constructs.service_function import Places, ServiceFunction, Surroundings
from infra.constructs.socket_api import SocketApi
from infra.constructs.triggers import map_outbox, map_stream, schedule
from infra.constructs.watching import Watching, alarm_topic
from infra.environments import DatabaseKind, Stage
from infra.geoip import CityDatabase, city_database
from infra.interpreters import Target, local_target
from infra.names import publish, read
from infra.permissions import EVERYTHING, Thing
from infra.reasons import accept, accept_wildcard

if TYPE_CHECKING:
    from pathlib import Path

    from constructs import Construct

_NAMES: Final = {
    Thing.STREAM: "stream",
    Thing.COUNTERS: "counters-table",
    Thing.LIVE: "live-table",
    Thing.SESSIONS: "sessions-table",
    Thing.OUTBOX: "outbox-table",
    Thing.SOCKETS: "sockets-table",
    Thing.REGISTRY: "registry-table",
    Thing.STATUS: "status-table",
    Thing.DEAD_LETTERS: "dead-letters-table",
    Thing.ARCHIVE: "archive-bucket",
}
_BASIC_EXECUTION: Final = "service-role/AWSLambdaBasicExecutionRole"
_GEOIP_ON_LAMBDA: Final = "/opt/geoip"


class Compute(Stack):
    """The stack that runs code."""

    def __init__(self, scope: Construct, construct_id: str, stage: Stage) -> None:
        super().__init__(scope, construct_id, env={"region": stage.region}, description="Streamgauge: what runs code")
        self._stage = stage
        # The CDK itself writes a function's role under DependsOn although the function names it.
        self.template_options.metadata = {"cfn-lint": {"config": {"ignore_checks": ["W3005"]}}}
        self._things = {thing: read(self, stage, key) for thing, key in _NAMES.items()}
        self._outbox_stream = read(self, stage, "outbox-stream")
        self._topic = alarm_topic(self, stage)
        self._alert_topic = alerts_of_sharing(self, stage)
        self._around = self._surroundings()
        self.sockets = SocketApi(self, "SocketApi", stage)
        self.functions = {
            row.module: self._function(row)
            for row in CATALOG
            if stage.database is DatabaseKind.AURORA or not row.aurora_only
        }
        self._deploy_steps()
        for function in self.functions.values():
            self._start(function)
        self.api = HttpApi(self, "HttpApi", stage, self.functions)
        self.sockets.connect(self.functions)
        Watching(
            self,
            "Watching",
            stage,
            self.functions,
            api_id=self.api.api_id,
            stream_name=self._things[Thing.STREAM],
            topic=self._topic,
        )
        self._tell()

    def _surroundings(self) -> Surroundings:
        stage = self._stage
        environment = {
            **stage.variables(),
            "STREAMGAUGE_STAGE": stage.name,
            **{thing.value: name for thing, name in self._things.items()},
        }
        if stage.aws_endpoint_url:
            environment["AWS_ENDPOINT_URL"] = stage.aws_endpoint_url
        database = city_database(stage.analytics_geoip_db_path)
        if database and database.attribution:
            environment["PLACES_ATTRIBUTION"] = database.attribution
        return Surroundings(
            stage=stage,
            layers=self._layers(),
            places=self._places(database) if database else None,
            things=self._things,
            environment=environment,
            alarm_topic=self._topic,
            network=self._network(),
        )

    def _layers(self) -> list[lambda_.ILayerVersion]:
        stage = self._stage
        target = local_target() if stage.local else Target(stage.python_version, stage.architecture)
        return [
            self._layer("Core", assets.core_layer(target), "Streamgauge's shared code"),
            self._layer("Vendor", assets.vendor_layer(target), "Locked third-party packages"),
        ]

    def _places(self, database: CityDatabase) -> Places:
        if self._stage.local:
            # 134 MB less to pack, upload and unpack; MiniStack's functions share this machine's files.
            return Places(database.path)
        return Places(_GEOIP_ON_LAMBDA, self._layer("Geoip", assets.geoip_layer(database.files), "The city database"))

    def _layer(self, construct_id: str, folder: Path, about: str) -> lambda_.LayerVersion:
        return lambda_.LayerVersion(
            self,
            f"{construct_id}Layer",
            code=lambda_.Code.from_asset(str(folder)),
            description=about,
            compatible_runtimes=[lambda_.Runtime(f"python{self._stage.python_version}", lambda_.RuntimeFamily.PYTHON)],
            # An older version of a function may still be starting while a deploy runs.
            removal_policy=RemovalPolicy.RETAIN if self._stage.keep_data else RemovalPolicy.DESTROY,
        )

    def _network(self) -> lambda_.CfnFunction.VpcConfigProperty | None:
        stage = self._stage
        if stage.makes_network:
            return lambda_.CfnFunction.VpcConfigProperty(
                subnet_ids=[read(self, stage, f"subnet-{n}") for n in range(2)],
                security_group_ids=[read(self, stage, "function-group")],
            )
        if stage.has_network:
            return lambda_.CfnFunction.VpcConfigProperty(
                subnet_ids=list(stage.vpc_subnet_ids), security_group_ids=list(stage.security_group_ids)
            )
        return None

    def _function(self, row: Function) -> ServiceFunction:
        environment: dict[str, str] = {}
        statements: list[iam.PolicyStatement] = []
        if row.trigger == "api" or row.socket is Socket.CONNECT:
            environment["ORIGIN_SECRET"] = self._origin_secret()
        if row.postgres is not None:
            more, statement = self._postgres(row.postgres.value)
            environment |= more
            statements += statement
        if row.pushes:
            environment["SOCKETS_ENDPOINT"] = self.sockets.endpoint
            statements.append(self.sockets.may_push())
        if row.looks_at_database:
            more, statement = self._view_of_database()
            environment |= more
            statements += statement
        if row.aurora_only:
            more, statement = self._data_api()
            environment |= more
            statements += statement
        if row.sends_alerts:
            statements += read_outbox(self, self._things[Thing.OUTBOX], self._outbox_stream)
            if self._alert_topic is not None:
                environment["ALERT_TOPIC_ARN"] = self._alert_topic.topic_arn
                statements.append(iam.PolicyStatement(actions=["sns:Publish"], resources=[self._alert_topic.topic_arn]))
        return ServiceFunction(self, row, self._around, environment=environment, statements=statements)

    def _origin_secret(self) -> str:
        """Return what CloudFormation replaces by the secret: functions inside have no way to ask for it themselves."""
        if self._stage.local:
            return self._stage.origin_secret
        return SecretValue.secrets_manager(read(self, self._stage, "origin-secret")).unsafe_unwrap()

    def _postgres(self, user: str) -> tuple[dict[str, str], list[iam.PolicyStatement]]:
        stage = self._stage
        if stage.database is DatabaseKind.URL:
            return {"DATABASE_URL": stage.database_url}, []
        if stage.database is DatabaseKind.SECRET:
            # Resolved at deploy, as the origin secret; a changed password needs a deploy.
            return {"DATABASE_URL": SecretValue.secrets_manager(stage.database_secret_arn).unsafe_unwrap()}, []
        environment = {
            "DATABASE_HOST": read(self, stage, "database-host"),
            "DATABASE_PORT": "5432",
            "DATABASE_NAME": stage.database_name,
            "DATABASE_USER": user,
        }
        as_user = self.format_arn(
            service="rds-db",
            resource="dbuser",
            resource_name=f"{read(self, stage, 'database-resource-id')}/{user}",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        return environment, [iam.PolicyStatement(actions=["rds-db:connect"], resources=[as_user])]

    def _view_of_database(self) -> tuple[dict[str, str], list[iam.PolicyStatement]]:
        """Return what tells how Postgres is: a connection where that wakes nobody, else Aurora's capacity as CloudWatch knows it."""
        if self._stage.database is not DatabaseKind.AURORA:
            # In a network of the team's own it is out of reach from here, and only what was stored last tells.
            return ({}, []) if self._stage.has_network else self._postgres(Role.READER.value)
        read_metric = iam.PolicyStatement(actions=["cloudwatch:GetMetricStatistics"], resources=[EVERYTHING])
        return {"DATABASE_CLUSTER": read(self, self._stage, "database-cluster")}, [read_metric]

    def _data_api(self) -> tuple[dict[str, str], list[iam.PolicyStatement]]:
        cluster, secret = read(self, self._stage, "database-arn"), read(self, self._stage, "database-secret")
        environment = {
            "DATABASE_ARN": cluster,
            "DATABASE_ADMIN_SECRET_ARN": secret,
            "DATABASE_NAME": self._stage.database_name,
        }
        return environment, [
            iam.PolicyStatement(actions=["rds-data:ExecuteStatement"], resources=[cluster]),
            iam.PolicyStatement(actions=["secretsmanager:GetSecretValue"], resources=[secret]),
        ]

    def _deploy_steps(self) -> None:
        """Make the roles, then the schema, then let the functions that need it change."""
        migrations = self.functions["deploy/migrations"]
        step = self._custom_resource(migrations, {"SchemaHash": assets.schema_hash()})
        if "deploy/database_roles" in self.functions:
            row = self.functions["deploy/database_roles"]
            most = str(self._stage.max_db_connections)
            roles = self._custom_resource(row, {"RolesHash": assets.roles_hash(), "MaxDbConnections": most})
            step.node.add_dependency(roles)
        for function in self.functions.values():
            # New code needs the new schema; old code runs on it, as every migration promises.
            if function.row.postgres is not None and function is not migrations:
                function.function.node.add_dependency(step)

    def _custom_resource(self, function: ServiceFunction, properties: dict[str, str]) -> CustomResource:
        group = logs.LogGroup(
            function,
            "StepLogs",
            log_group_name=f"/streamgauge/{self._stage.name}/{function.row.module}-step",
            retention=logs.RetentionDays.ONE_MONTH,
            removal_policy=RemovalPolicy.DESTROY,
        )
        provider = custom_resources.Provider(function, "Step", on_event_handler=function.function, log_group=group)
        reason = "CDK's own provider function: it invokes our handler in any version, and writes its log with AWS's managed policy."
        accept(provider, f"IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/{_BASIC_EXECUTION}]", reason)
        accept_wildcard(provider, f"{function.function.function_arn}:*", reason)
        accept(provider, "L1", reason)
        return CustomResource(
            function,
            "Run",
            service_token=provider.service_token,
            resource_type=f"Custom::Streamgauge{function.row.construct}",
            properties=properties,
        )

    def _start(self, function: ServiceFunction) -> None:
        if function.row.schedule:
            schedule(self, function, self._stage)
        if function.row.sends_alerts:
            map_outbox(function, stream_arn=self._outbox_stream)
        if function.row.stream is not None and self._stage.event_source_mappings:
            map_stream(
                function,
                self._stage,
                stream_arn=self.format_arn(
                    service="kinesis", resource="stream", resource_name=self._things[Thing.STREAM]
                ),
                bucket_arn=f"arn:{self.partition}:s3:::{self._things[Thing.ARCHIVE]}",
            )

    def _tell(self) -> None:
        url = f"https://{self.api.api_id}.execute-api.{self.region}.{self.url_suffix}"
        names = {function.row.name: function.physical_name for function in self.functions.values()}
        publish(
            self,
            self._stage,
            {"api-id": self.api.api_id, "socket-api-id": self.sockets.api_id, "functions": json.dumps(names)},
        )
        CfnOutput(self, "ApiId", value=self.api.api_id)
        CfnOutput(self, "ApiUrl", value=url)
        CfnOutput(self, "WebSocketApiId", value=self.sockets.api_id)
        CfnOutput(
            self, "Functions", value=json.dumps(names, sort_keys=True), description="Module name to physical name"
        )
